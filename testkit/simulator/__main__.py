"""Run simulations from seeds, and report violations: `python -m testkit.simulator`.

--seeds 2000          seeds 0 to 1999; 100:300 for seeds 100 to 299
--seed 17             one seed; with --only 3,5 only these steps, --without throttled,skew without these faults
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from os import cpu_count

from testkit.simulator.fault_injection import Fault
from testkit.simulator.scenario import Scenario, run, scenario
from testkit.simulator.shrink import shrink

_CHUNK = 25
_MAX_SHOWN = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m testkit.simulator", description=__doc__)
    parser.add_argument("--seeds", default="2000", help="the number of seeds, or FROM:TO")
    parser.add_argument("--seed", type=int, help="only this seed, with the traceback of a violation")
    parser.add_argument("--only", help="numbers of the steps to run")
    parser.add_argument(
        "--without", help="faults to leave out; also: rate, skew, copies, and outages (restore, projector, sweep, ttl)"
    )
    parser.add_argument("--jobs", type=int, default=cpu_count())
    parser.add_argument("--first", action="store_true", help="stop at the first seed that fails, without shrinking it")
    options = parser.parse_args()
    if options.seed is not None:
        sys.exit(_replay(_restrict(scenario(options.seed), options.only, options.without)))
    since, _, until = options.seeds.rpartition(":")
    sys.exit(_run_all(range(int(since or 0), int(until)), options.jobs, stop_at_first=options.first))


def _restrict(planned: Scenario, only: str | None, without: str | None) -> Scenario:
    if only is not None:
        numbers = {int(number) for number in only.split(",") if number}
        planned = replace(planned, steps=tuple(step for step in planned.steps if step.number in numbers))
    plan = planned.plan
    for name in without.split(",") if without else ():
        if name == "rate":
            plan = replace(plan, rate=0.0)
        elif name == "skew":
            plan = replace(plan, skew_ms=0)
        elif name in plan.down:
            plan = replace(plan, down={each: span for each, span in plan.down.items() if each != name})
        elif name == "copies":
            planned = replace(planned, steps=tuple(replace(step, copies=1) for step in planned.steps))
        else:
            plan = replace(plan, faults=plan.faults - {Fault(name)})
    return replace(planned, plan=plan)


def _replay(planned: Scenario) -> int:
    for step in planned.steps:
        print(step)
    print(planned.plan)
    result = run(planned)
    if result.violation is None:
        print("No violation.")
        return 0
    traceback.print_exception(result.violation)
    return 1


def _run_all(seeds: range, jobs: int, *, stop_at_first: bool) -> int:
    began, figures, failed = time.monotonic(), Counter[str](), list[tuple[int, str]]()
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    done = 0
    for chunk, (counted, violations) in zip(chunks, _outcomes(chunks, jobs), strict=True):
        done += len(chunk)
        figures.update(counted)
        failed += violations
        if sys.stderr.isatty():
            print(f"\r{done} of {len(seeds)} seeds, {len(failed)} failed", end="", file=sys.stderr, flush=True)
        if failed and stop_at_first:
            break
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for seed, message in failed[:_MAX_SHOWN]:
        print(f"Seed {seed}: {message}")
        if not stop_at_first:
            print(f"  Replay: {_command(scenario(seed))}")
    _report(figures)
    seconds = time.monotonic() - began
    print(
        f"{done} seeds in {seconds:.0f} s: {done - len(failed)} without violation, {len(failed)} failed"
        f" {[seed for seed, _ in failed][:20]}"
    )
    return 1 if failed else 0


def _outcomes(chunks: Iterable[range], jobs: int) -> Iterator[tuple[Counter[str], list[tuple[int, str]]]]:
    if jobs == 1:
        yield from map(_run_some, chunks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(_run_some, chunks)
        finally:
            pool.shutdown(cancel_futures=True)


def _run_some(seeds: range) -> tuple[Counter[str], list[tuple[int, str]]]:
    figures, failed = Counter[str](), list[tuple[int, str]]()
    for seed in seeds:
        result = run(scenario(seed))
        figures.update(result.figures)
        if result.violation is not None:
            failed.append((seed, f"{type(result.violation).__name__}: {result.violation}"))
    return figures, failed


def _command(planned: Scenario) -> str:
    """Return the command that replays the smallest run that still fails."""
    small = shrink(planned, lambda candidate: run(candidate).violation is not None)
    without = sorted(planned.plan.faults - small.plan.faults) if small.plan.rate else ["rate"]
    without += sorted(set(planned.plan.down) - set(small.plan.down))
    if planned.plan.skew_ms and not small.plan.skew_ms:
        without.append("skew")
    if all(step.copies == 1 for step in small.steps) and any(step.copies > 1 for step in planned.steps):
        without.append("copies")
    only = ",".join(str(step.number) for step in small.steps)
    return f"python -m testkit.simulator --seed {planned.seed} --only {only}" + (
        f" --without {','.join(without)}" if without else ""
    )


def _report(figures: Counter[str]) -> None:
    for title, prefix in (
        ("Faults", "fault "),
        ("Succeeded", "succeeded "),
        ("Problems", "problem "),
        ("Asked to retry", "retry "),
    ):
        counted = {name.removeprefix(prefix): count for name, count in figures.items() if name.startswith(prefix)}
        if counted:
            listed = ", ".join(f"{name} {count}" for name, count in sorted(counted.items(), key=lambda each: -each[1]))
            print(f"{title} ({sum(counted.values())}): {listed}")
    for policy_id in sorted(name.removeprefix("charged ") for name in figures if name.startswith("charged ")):
        charged, forfeited = figures[f"charged {policy_id}"], figures[f"forfeited {policy_id}"]
        print(f"Value forfeited under {policy_id}: {forfeited} of {charged}, in minor units")
    rest = ("operations", "sweeps", "records trimmed", "records given up", "operations without a response")
    print(", ".join(f"{figures[name]} {name}" for name in rest))


if __name__ == "__main__":
    main()
