"""Check a commit message: `python tools/commit_message.py FILE`; a commit-msg hook of .pre-commit-config.yaml.

The subject is an imperative sentence of at most 72 characters without a full stop; a body starts after an empty line.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_LENGTH = 72
# Written by git itself.
_GENERATED = re.compile(r"(Merge|Revert|fixup!|squash!|amend!) ")
# Verbs end like these: "Adds", "Added", "Adding". Some imperatives do too.
_NOT_IMPERATIVE = re.compile(r"\w+(ed|ing|[^s]s)\Z")
_IMPERATIVE = frozenset(
    {"Bring", "Embed", "Exceed", "Feed", "Need", "Proceed", "Ring", "Seed", "Shed", "Speed", "Spring", "String"}
)


def problems(message: str) -> Iterator[str]:
    """Yield what is wrong with a commit message."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if _GENERATED.match(subject):
        return
    if not subject.strip():
        yield "The subject is empty."
        return
    if len(subject) > MAX_LENGTH:
        yield f"The subject has {len(subject)} characters; at most {MAX_LENGTH}."
    if subject.endswith("."):
        yield "The subject ends with a full stop."
    verb = subject.split()[0]
    if not re.fullmatch(r"[A-Z][a-z-]+", verb):
        yield f"The subject starts with '{verb}', not with a capitalised verb."
    elif _NOT_IMPERATIVE.fullmatch(verb) and verb not in _IMPERATIVE:
        yield f"The subject starts with '{verb}', not with an imperative ('Add', 'Fix', 'Rename')."
    if len(lines) > 1 and lines[1].strip():
        yield "The line after the subject is not empty."


def main(path: str) -> int:
    """Print the problems of the message in a file. Return the exit status: 1 if there are any."""
    found = list(problems(Path(path).read_text()))
    for each in found:
        print(each, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
