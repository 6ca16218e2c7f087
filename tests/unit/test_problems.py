"""Every refusal has a status, a problem document and a title; nothing else has."""

import json
from collections.abc import Iterator

import pytest

from handsel.api import problems
from handsel.domain import errors


def _refusals(base: type[errors.ApiProblem] = errors.ApiProblem) -> Iterator[type[errors.ApiProblem]]:
    for refusal in base.__subclasses__():
        yield refusal
        yield from _refusals(refusal)


def test_the_table_of_statuses_names_every_code_and_no_other() -> None:
    codes = [refusal.code for refusal in _refusals()]
    assert sorted(codes) == sorted(problems.STATUS)


def test_the_tree_in_the_docstring_names_every_refusal() -> None:
    assert errors.__doc__ is not None
    for refusal in _refusals():
        assert refusal.__name__ in errors.__doc__


@pytest.mark.parametrize("refusal", list(_refusals()))
def test_a_refusal_is_answered_as_a_problem_document(refusal: type[errors.ApiProblem]) -> None:
    answer = problems.of(errors.AlreadyRedeemed(0) if refusal is errors.AlreadyRedeemed else refusal())
    assert answer.body is not None
    body = json.loads(answer.body)
    assert (body["code"], body["status"]) == (refusal.code, answer.status_code)
    assert body["type"] == f"urn:handsel:problem:{refusal.code}"
    assert body["detail"]
    assert ("Retry-After" in answer.headers) is (refusal.retry_after is not None)
    assert ("errors" in body) is (refusal is errors.InvalidRequest)
    assert ("redeemed_at" in body) is (refusal is errors.AlreadyRedeemed)


def test_what_may_succeed_later_says_when() -> None:
    for refusal in _refusals():
        if problems.STATUS[refusal.code] in (429, 503):
            assert refusal.retry_after is not None
