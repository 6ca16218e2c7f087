"""Reduce a failing run to the smallest part that still fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from testkit.simulator.scenario import Scenario


def shrink(failing: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """Remove steps and faults from a scenario as long as it still fails."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(failing):
            if fails(candidate):
                failing, smaller = candidate, True
                break
    return failing


def _smaller(planned: Scenario) -> Iterator[Scenario]:
    """Yield smaller scenarios, the smallest first. Each step has its own random numbers, so others do not change."""
    steps = planned.steps
    size = len(steps) // 2
    while size:
        for start in range(0, len(steps), size):
            yield replace(planned, steps=steps[:start] + steps[start + size :])
        size //= 2
    plan = planned.plan
    if plan.rate:
        yield replace(planned, plan=replace(plan, rate=0.0))
    for fault in sorted(plan.faults) if plan.rate else ():
        yield replace(planned, plan=replace(plan, faults=plan.faults - {fault}))
    for name in plan.down:
        fewer = {each: span for each, span in plan.down.items() if each != name}
        yield replace(planned, plan=replace(plan, down=fewer))
    if plan.skew_ms:
        yield replace(planned, plan=replace(plan, skew_ms=0))
    for number, step in enumerate(steps):
        if step.copies > 1:
            once = replace(step, copies=1)
            yield replace(planned, steps=(*steps[:number], once, *steps[number + 1 :]))
