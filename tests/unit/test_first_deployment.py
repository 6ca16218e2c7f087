"""docs/first-deployment.md: every row has a statement, places that exist, and a command."""

import re

from local.settings import ROOT

PAGE = ROOT / "docs" / "first-deployment.md"
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| statement")
]


def test_every_row_names_a_statement_a_place_that_exists_and_a_command() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        assert len(row) == 4, row
        statement, place, command, _ = row
        assert statement, row
        targets = re.findall(r"\]\(([^)#]+)", place)
        assert targets, row
        assert all((PAGE.parent / target).exists() for target in targets), row
        assert "`" in command or "the steps of the page" in command, row


def test_no_statement_is_listed_twice() -> None:
    statements = [row[0] for row in ROWS]
    assert len(set(statements)) == len(statements)
