"""Every problem has a status and a title, and is answered as a problem document."""

import json
from collections.abc import Iterator

import pytest

from handsel.api import problems
from handsel.domain import errors


def _problem_types(base: type[errors.ApiProblem] = errors.ApiProblem) -> Iterator[type[errors.ApiProblem]]:
    for problem in base.__subclasses__():
        yield problem
        yield from _problem_types(problem)


def test_the_table_of_statuses_has_exactly_the_codes_of_all_problems() -> None:
    codes = [problem.code for problem in _problem_types()]
    assert sorted(codes) == sorted(problems.STATUS)


def test_the_docstring_of_errors_names_every_problem() -> None:
    assert errors.__doc__ is not None
    for problem in _problem_types():
        assert problem.__name__ in errors.__doc__


@pytest.mark.parametrize("problem", list(_problem_types()))
def test_a_problem_becomes_a_problem_document(problem: type[errors.ApiProblem]) -> None:
    arguments: dict[type[errors.ApiProblem], tuple[object, ...]] = {
        errors.AlreadyRedeemed: (0,),
        errors.PriceChanged: (9_900, "CNY"),
        errors.NotAllowed: ("decline",),
        errors.NotRefundable: ("too-late",),
        errors.NotGiftable: ("This store does not offer gifts.", "giftable"),
        errors.MessageRefused: ("/wrapping/message",),
    }
    answer = problems.of(problem(*arguments.get(problem, ())))  # type: ignore[arg-type]
    assert answer.body is not None
    body = json.loads(answer.body)
    assert (body["code"], body["status"]) == (problem.code, answer.status_code)
    assert body["type"] == f"/problems/{problem.code}"
    assert len(body["detail"]) > 10
    assert body["title"].rstrip(".") not in body["detail"]
    assert ("Retry-After" in answer.headers) is (problem.retry_after is not None)
    assert ("errors" in body) is (problem in (errors.InvalidRequest, errors.MessageRefused))
    assert ("redeemed_at" in body) is (problem is errors.AlreadyRedeemed)
    assert ("total" in body) is (problem is errors.PriceChanged)
    assert ("reason" in body) is (problem is errors.NotRefundable)
    assert ("rule" in body) is (problem in (errors.NotAllowed, errors.NotGiftable))


def test_an_internal_error_has_more_in_its_detail_than_its_title() -> None:
    body = json.loads(problems.internal("request-1").body or "")
    assert body["detail"] not in ("", body["title"])


def test_a_temporary_problem_has_a_retry_after_value() -> None:
    for problem in _problem_types():
        if problems.STATUS[problem.code] in (429, 503):
            # The recipient of a gift can never be changed again.
            assert (problem.retry_after is None) is (problem is errors.TooManyChanges)
