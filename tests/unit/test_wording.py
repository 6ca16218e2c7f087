"""The check of wording in `make lint`, and the check of commit messages."""

import re
from fnmatch import fnmatch

import pytest

from tools import commit_message, wording

RULES = wording.Rules.load()


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.example)
def test_every_rule_finds_its_example(rule: wording.Rule) -> None:
    (found,) = wording.findings(RULES, "docs/x.md", rule.example)
    assert rule.use in found


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('"""Return the gift."""\n', 0),
        ('"""What the caller sent."""\n', 1),
        ("# Whoever asks twice gets the same.\n", 2),
        ("# Reads the gift first.\n# That it may be stale does not matter.\n", 0),
        ("x = 1  # mended\n", 1),
        ("x = 'taste'\n", 1),
    ],
)
def test_a_ruled_out_word_and_an_opening_clause_are_found(text: str, problems: int) -> None:
    assert len(list(wording.findings(RULES, "functions/x/app.py", text))) == problems


def test_an_allowed_place_is_not_reported_and_other_places_are() -> None:
    rule = wording.Rule(re.compile("law"), "law", "invariant", {"docs/*.md: by law": "the legal term"})
    assert rule.allows("docs/policies.md", "Required by law in the EU")
    assert not rule.allows("docs/policies.md", "the law of units")
    assert not rule.allows("README.md", "Required by law")


def test_generated_files_and_the_rules_themselves_are_not_checked() -> None:
    assert RULES.checks("functions/gift/app.py")
    assert not RULES.checks("tools/wording.toml")
    assert not RULES.checks("requirements/dev.txt")


def test_every_allowed_place_exists_and_has_a_reason() -> None:
    tracked = wording.tracked()
    for rule in RULES.rules:
        for place, reason in rule.allowed.items():
            files, _, part = place.partition(": ")
            matching = [path for path in tracked if fnmatch(path, files)]
            assert matching, f"no file matches {place}"
            assert len(reason) > 10, f"{place} has no reason"
            lines = [line for path in matching for line in (wording.ROOT / path).read_text().splitlines()]
            assert any(rule.pattern.search(line) and re.search(part, line, re.IGNORECASE) for line in lines), place


@pytest.mark.parametrize(
    ("message", "problems"),
    [
        ("Add the glossary\n", 0),
        ("Add the glossary\n\nTerms of the field, and words that are ruled out.\n", 0),
        ("Merge branch 'main'\n", 0),
        ("Embed the wrapping in the gift\n", 0),
        ("Added the glossary\n", 1),
        ("Adds the glossary\n", 1),
        ("Adding the glossary\n", 1),
        ("add the glossary\n", 1),
        ("Add the glossary.\n", 1),
        ("Add " + "x" * 69 + "\n", 1),
        ("Add the glossary\nTerms of the field\n", 1),
        ("\n", 1),
    ],
)
def test_a_commit_message_is_an_imperative_sentence_of_72_characters(message: str, problems: int) -> None:
    assert len(list(commit_message.problems(message))) == problems
