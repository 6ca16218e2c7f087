"""References in docs/reliability.md exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text()
ROWS = {
    row[0].strip(): row
    for row in (line.strip("|").split("|") for line in TEXT.splitlines() if re.match(r"\| H\d", line))
}


def test_every_hazard_has_a_row_with_a_test() -> None:
    assert list(ROWS) == [f"H{number}" for number in range(1, 28)]
    assert all("::test_" in row[3] for row in ROWS.values())


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert named
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), name


def test_every_command_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z0-9-]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
