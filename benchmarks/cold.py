"""Cold: what a fresh interpreter takes to import each function from the built artifact, and for its first request.

R0 is the same for a DynamoDB client of botocore as pip installs it, with byte code. Each round measures all in turns.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.fresh import BEHIND, REQUESTS, Fresh
from benchmarks.rows import Row, paired

ROUNDS = 15
# How much of it is compiled does not depend on the function.
TREES = ("ClaimFunction",)
IMPORT, FIRST, BEHIND_IMPORT, COMPILED = 1.6, 1.65, 1.2, 1.05


def measure(say: Callable[[str], None]) -> list[Row]:
    with Fresh() as fresh:
        return [*starts(fresh, tuple(REQUESTS), say), *trees(fresh, say), *modules(fresh, tuple(REQUESTS), say)]


def starts(fresh: Fresh, functions: Sequence[str], say: Callable[[str], None]) -> list[Row]:
    """Import and first request of each. Two at a time, so that no round is long: a machine changes its pace."""
    rows = []
    for two in (functions[start : start + 2] for start in range(0, len(functions), 2)):
        say(f"{' and '.join(two)}, {ROUNDS} rounds")
        references: list[float] = []
        took: dict[str, list[tuple[float, float]]] = {function: [] for function in two}
        peaks: dict[str, int] = {}
        for _ in range(ROUNDS):
            references.append(fresh.reference())
            for function in two:
                seconds, _ = fresh.run("first", function, fresh.artifacts.built)
                took[function].append((seconds["import"], seconds["import"] + seconds["first"]))
                peaks[function] = seconds.get("peak_kb", 0)
        for function in two:
            of_import, with_first = zip(*took[function], strict=True)
            behind = function in BEHIND
            goals = (BEHIND_IMPORT, None) if behind else (IMPORT, FIRST)
            for what, series, goal in zip(("import", "first request"), (of_import, with_first), goals, strict=True):
                ours, reference = paired(series, references)
                rows.append(Row("cold", f"{function}, {what}", ours * 1000, "ms", reference * 1000, "R0", goal))
            rows.append(Row("cold", f"{function}, memory", round(peaks[function] / 1024), "MB at most"))
    return rows


def trees(fresh: Fresh, say: Callable[[str], None]) -> list[Row]:
    """What ships, against the same with byte code that this interpreter wrote, and against none."""
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
    """What each function compiled, which nothing should have to, and what it imported and ran nothing of."""
    rows = []
    opt = str(fresh.artifacts.built)
    for function in functions:
        say(f"modules of {function}")
        looked, _ = fresh.run("look", function, fresh.artifacts.built)
        ours = {name: file for name, file in looked["modules"].items() if file.startswith(opt)}
        ran = set(looked["ran"])
        idle = [name for name, file in ours.items() if file.endswith(".py") and file not in ran]
        rows.append(Row("cold", f"{function}, files compiled", len(looked["compiled"]), "", goal=0, exactly=True))
        rows.append(Row("cold", f"{function}, modules", len(ours), "", note=f"ran no function of {_listed(idle)}"))
    return rows


def _listed(modules: list[str]) -> str:
    """Ours by name, the others counted by package."""
    own = sorted(name for name in modules if name.startswith("handsel"))
    others = Counter(name.partition(".")[0] for name in modules if not name.startswith("handsel"))
    return ", ".join([*own, *(f"{package} {number}" for package, number in others.most_common())])
