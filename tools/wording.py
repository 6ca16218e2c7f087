"""Check that the repository keeps to the words of docs/glossary.md. `python -m tools.wording`; part of `make lint`.

The rules are data: `tools/wording.toml` has each pattern that the glossary rules out, the term to use instead, and the
places where a word is allowed, each with its reason. Docstrings and comments have one rule more: they do not open with a
clause used as a noun ("What the caller sent"), because a reader has to reach its end to learn the subject.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "tools" / "wording.toml"
_MAX_SHOWN = 50
_CLAUSE = re.compile(r"(What|Who|Whom|Whose|Whoever|Whatever|Whether|Those|That)\b(?! is\b.*\?)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A wording that is ruled out.

    Attributes:
        pattern: matches it; not case-sensitive.
        example: a text that it matches.
        use: the term to use instead.
        allowed: reasons by "file pattern" or "file pattern: line pattern".
    """

    pattern: re.Pattern[str]
    example: str
    use: str
    allowed: dict[str, str]

    def allows(self, path: str, line: str) -> bool:
        """Return whether an entry of the allow-list covers a line of a file."""
        for place in self.allowed:
            files, _, part = place.partition(": ")
            if fnmatch(path, files) and (not part or re.search(part, line, re.IGNORECASE)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Rules:
    """`tools/wording.toml`: the rules, and the files that are checked."""

    rules: tuple[Rule, ...]
    files: tuple[str, ...]
    skip: tuple[str, ...]

    @classmethod
    def load(cls, path: Path = RULES) -> "Rules":
        """Read the rules."""
        loaded: dict[str, Any] = tomllib.loads(path.read_text())
        rules = (
            Rule(re.compile(each["pattern"], re.IGNORECASE), each["example"], each["use"], each.get("allowed", {}))
            for each in loaded["rule"]
        )
        return cls(tuple(rules), tuple(loaded["files"]), tuple(loaded["skip"]))

    def checks(self, path: str) -> bool:
        """Return whether a file, by its path in the repository, is checked."""
        return any(fnmatch(path, each) for each in self.files) and not any(fnmatch(path, each) for each in self.skip)


def findings(rules: Rules, path: str, text: str) -> Iterator[str]:
    """Yield what is wrong in one file, as `path:line: problem`."""
    for number, line in enumerate(text.splitlines(), 1):
        for rule in rules.rules:
            found = rule.pattern.search(line)
            if found and not rule.allows(path, line):
                yield f"{path}:{number}: '{found[0]}': use {rule.use}"
    if path.endswith(".py"):
        for number, opening in _openings(text):
            if _CLAUSE.match(opening):
                yield f"{path}:{number}: opens with '{opening.split()[0]}': open with a verb or the subject"


def _openings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each docstring, and of each comment that does not continue another."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring
    previous = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != previous + 1:
                yield token.start[0], token.string.lstrip("# ")
            previous = token.start[0]


def tracked() -> list[str]:
    """Return the paths of the files that git tracks."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split("\0") if path]


def check(paths: Iterable[str]) -> list[str]:
    """Return what is wrong in the files that are checked."""
    rules = Rules.load()
    found: list[str] = []
    for path in paths:
        if rules.checks(path) and (ROOT / path).is_file():
            found += findings(rules, path, (ROOT / path).read_text())
    return found


def main() -> int:
    """Print the findings. Return the exit status: 1 if there are any."""
    found = check(tracked())
    for each in found[:_MAX_SHOWN]:
        print(each)
    if found:
        print(
            f"{len(found)} wordings that docs/glossary.md rules out. Where a word is right after all, allow it with its"
            " reason in tools/wording.toml.",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
