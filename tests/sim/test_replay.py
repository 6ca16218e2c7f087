"""Runs of a seed are reproducible, and failing runs can be reduced."""

from dataclasses import replace

from testkit.simulator.scenario import Scenario, run, scenario
from testkit.simulator.shrink import shrink


def test_a_seed_leads_to_the_same_run_each_time() -> None:
    planned = scenario(4)
    planned = replace(planned, plan=replace(planned.plan, rate=0.1))
    first, second = run(planned), run(planned)
    assert first.violation is None
    assert first.figures == second.figures
    assert first.figures["fault dies-before"]


def test_a_step_does_the_same_if_other_steps_are_left_out() -> None:
    whole = scenario(4)
    bought = replace(whole, steps=whole.steps[:1], plan=replace(whole.plan, rate=0.0))
    assert run(bought).figures["succeeded buy"] == 1


def test_shrinking_keeps_only_what_is_needed_to_fail() -> None:
    whole = scenario(4)
    needed = {whole.steps[2].number, whole.steps[7].number}

    def fails(candidate: Scenario) -> bool:
        return needed <= {step.number for step in candidate.steps} and bool(candidate.plan.skew_ms)

    whole = replace(whole, plan=replace(whole.plan, skew_ms=1_000, rate=0.1))
    small = shrink(whole, fails)
    assert {step.number for step in small.steps} == needed
    assert (small.plan.rate, small.plan.down, small.plan.skew_ms) == (0.0, {}, 1_000)
