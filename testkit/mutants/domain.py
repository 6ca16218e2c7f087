"""Mutate every function of the domain with mutmut; the unit tests have to fail: `python -m testkit.mutants.domain`.

mutmut changes one operator, argument, name, number or text of a function at a time. It does not change properties, nor
module and class attributes: the tables of the domain have tests of their own, and seeded_faults.py.

Equivalent mutants, which no test can detect, are listed in equivalent.toml with their reasons.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
MIN_KILLED_PERCENT = 95.0
# A mutant that never ends counts as killed.
_KILLED = {"killed", "timeout"}


class Change(NamedTuple):
    """One change to a function, as the removed and the added lines."""

    function: str
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.function}\n  - {self.was}\n  + {self.becomes}"


def copy_project(scratch: Path) -> None:
    """Copy the parts of the project that mutmut needs, in the layout of [tool.mutmut] in pyproject.toml."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "layers/core/python", scratch / "src", ignore=ignored)
    for package in ("ops", "testkit", "tests"):
        shutil.copytree(ROOT / package, scratch / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", scratch)


def mutmut(scratch: Path, *command: str) -> str:
    """Run a command of mutmut and return its output.

    Raises:
        subprocess.CalledProcessError: it failed. Surviving mutants are no failure.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "mutmut", *command],
        cwd=scratch,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        print(ended.stdout)
        ended.check_returncode()
    return ended.stdout


def results(scratch: Path) -> Iterator[tuple[str, str]]:
    """Yield each mutant with its status."""
    for line in mutmut(scratch, "results", "--all", "true").splitlines():
        name, _, status = line.strip().partition(": ")
        yield name, status


def change(scratch: Path, mutant: str) -> Change:
    """Return the change that a mutant makes."""
    difference = mutmut(scratch, "show", mutant).partition("@@\n")[2].splitlines()
    was, becomes = (" ".join(line[1:].strip() for line in difference if line.startswith(sign)) for sign in ("-", "+"))
    return Change(re.sub(r"x[_ǁ](.*)__mutmut_\d+$", r"\1", mutant).replace("ǁ", "."), was, becomes)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m testkit.mutants.domain", description=__doc__)
    parser.add_argument("--named", default="*", help="only mutants with this name, such as handsel.domain.invariants.*")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    reasons = {
        Change(each["function"], each["was"], each["becomes"]): each["why"]
        for each in tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    }
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutmut-") as folder:
        scratch = Path(folder)
        copy_project(scratch)
        mutmut(scratch, "run", "--max-children", str(options.jobs), options.named)
        found = {name: status for name, status in results(scratch) if fnmatch(name, options.named)}
        survivors = {name: change(scratch, name) for name, status in found.items() if status not in _KILLED}
    killed = len(found) - len(survivors)
    unexplained = [name for name, each in survivors.items() if each not in reasons]
    for name, each in survivors.items():
        print(f"{found[name]}: {name}\n{each}\n  {reasons.get(each, 'UNEXPLAINED')}\n")
    stale = reasons.keys() - set(survivors.values()) if options.named == "*" else set()
    for each in stale:
        print(f"Listed as equivalent, but killed or gone: {each}")
    for module, count in sorted(Counter(name.split(".")[2] for name in found).items()):
        left = sum(name.split(".")[2] == module for name in survivors)
        print(f"{module:16} {count:5} mutants {count - left:5} killed")
    share = 100 * killed / len(found)
    print(
        f"{len(found)} mutants in {time.monotonic() - began:.0f} s: {killed} killed ({share:.1f} %), "
        f"{len(survivors) - len(unexplained)} equivalent, {len(unexplained)} unexplained"
    )
    sys.exit(share < MIN_KILLED_PERCENT or bool(unexplained or stale))


if __name__ == "__main__":
    main()
