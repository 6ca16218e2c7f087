"""Measure cold starts: the import of each function from the built artifact in a fresh interpreter, and its first request.

R0 is the time to import and create botocore's DynamoDB client as pip installs it, with byte code. Each round alternates.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.fresh import BACKGROUND, REQUESTS, Fresh
from benchmarks.rows import Row, paired

ROUNDS = 15
# The effect of byte code does not depend on the function, so one is enough.
TREES = ("ClaimFunction",)
IMPORT, FIRST, BACKGROUND_IMPORT, COMPILED = 1.6, 1.65, 1.2, 1.05


def measure(say: Callable[[str], None]) -> list[Row]:
    with Fresh() as fresh:
        return [*starts(fresh, tuple(REQUESTS), say), *trees(fresh, say), *modules(fresh, tuple(REQUESTS), say)]


def starts(fresh: Fresh, functions: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    """Measure import and first request. Two functions at a time, because the speed of a machine changes during long rounds."""
    rows = []
    for pair in (functions[start : start + 2] for start in range(0, len(functions), 2)):
        say(f"{' and '.join(pair)}, {ROUNDS} rounds")
        references: list[float] = []
        took: dict[str, list[tuple[float, float]]] = {function: [] for function in pair}
        peaks: dict[str, int] = {}
        for _ in range(ROUNDS):
            references.append(fresh.reference())
            for function in pair:
                seconds, _ = fresh.run("first", function, fresh.artifacts.built)
                took[function].append((seconds["import"], seconds["import"] + seconds["first"]))
                peaks[function] = seconds.get("peak_kb", 0)
        for function in pair:
            of_import, with_first = zip(*took[function], strict=True)
            background = function in BACKGROUND
            goals = (BACKGROUND_IMPORT, None) if background else (IMPORT, FIRST)
            for name, series, goal in zip(("import", "first request"), (of_import, with_first), goals, strict=True):
                ours, reference = paired(series, references)
                rows.append(Row("cold", f"{function}, {name}", ours * 1000, "ms", reference * 1000, "R0", goal))
            rows.append(Row("cold", f"{function}, memory", round(peaks[function] / 1024), "MB at most"))
    return rows


def trees(fresh: Fresh, say: Callable[[str], None]) -> list[Row]:
    """Compare the shipped artifact with byte code written by this interpreter, and with none."""
    rows = []
    trees: Mapping[str, Path] = {
        "built": fresh.artifacts.built,
        "compiled": fresh.artifacts.compiled,
        "bare": fresh.artifacts.bare,
    }
    for function in TREES:
        took: dict[str, list[float]] = {tree: [] for tree in trees}
        for number in range(ROUNDS):
            say(f"{function} with and without byte code, round {number + 1} of {ROUNDS}")
            for tree, path in trees.items():
                took[tree].append(float(fresh.run("import", function, path)[0]["import"]))
        ours, reference = paired(took["built"], took["compiled"])
        bare = statistics.median(a / b for a, b in zip(took["bare"], took["compiled"], strict=True))
        note = f"without byte code {bare:.2f} times"
        name = f"{function}, as it ships"
        rows.append(Row("cold", name, ours * 1000, "ms", reference * 1000, "with byte code", COMPILED, note=note))
    return rows


def modules(fresh: Fresh, functions: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    """Count the files that each function compiled (the goal is none), and its modules; list modules that ran no function."""
    rows = []
    opt = str(fresh.artifacts.built)
    for function in functions:
        say(f"modules of {function}")
        traced, _ = fresh.run("trace", function, fresh.artifacts.built)
        ours = {name: file for name, file in traced["modules"].items() if file.startswith(opt)}
        ran = set(traced["ran"])
        idle = [name for name, file in ours.items() if file.endswith(".py") and file not in ran]
        rows.append(Row("cold", f"{function}, files compiled", len(traced["compiled"]), "", goal=0, exactly=True))
        rows.append(Row("cold", f"{function}, modules", len(ours), "", note=f"ran no function of {_summarize(idle)}"))
    return rows


def _summarize(modules: list[str]) -> str:
    """List Handsel's modules by name, and count the others by package."""
    own = sorted(name for name in modules if name.startswith("handsel"))
    others = Counter(name.partition(".")[0] for name in modules if not name.startswith("handsel"))
    return ", ".join([*own, *(f"{package} {number}" for package, number in others.most_common())])
