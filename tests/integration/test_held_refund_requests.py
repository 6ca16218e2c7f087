"""Operator commands for refund requests that are held: list them, and end one."""

import json
from argparse import Namespace
from typing import Any

import pytest

from handsel.runtime import wiring
from handsel.store import keys
from ops.__main__ import _decide_refund, _parser, _refund_requests
from ops.scan import WholeTable
from ops.settle import find_overdue
from ops.stack import CannotRunError
from ops.stack import Stack as OperatedStack
from testkit.handlers.stack import DAY, TABLE, Stack
from tests.integration.test_refund_decisions import Goods, expect, expect_problem


def table() -> WholeTable:
    return WholeTable(wiring.table().client, TABLE)


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert _refund_requests(table(), OperatedStack(TABLE), Namespace(json=True, rate=None)) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def decide(goods: Goods, decision: str, *, apply: bool = True) -> int:
    options = _parser().parse_args(
        [
            "decide-refund",
            "--table",
            TABLE,
            goods.request["refund_request_id"],
            f"--{decision}",
            *["--apply"][: int(apply)],
        ]
    )
    return _decide_refund(table(), OperatedStack(TABLE), options)


@pytest.fixture
def held(stack: Stack) -> Goods:
    goods = Goods(stack)
    goods.decide()
    goods.send_back()
    expect(goods.hold(), "returning")
    return goods


def test_held_requests_are_listed_without_names_and_notes(
    stack: Stack, held: Goods, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Goods(stack)  # not held
    stack.now += DAY
    (found,) = listed(capsys)
    assert found["refund_request_id"] == held.request["refund_request_id"]
    assert (found["state"], found["return_tracking_number"]) == ("returning", "SF-1")
    assert _refund_requests(table(), OperatedStack(TABLE), Namespace(json=False, rate=None)) == 0
    text = capsys.readouterr().out
    assert "sent back with SF Express, tracking number SF-1" in text
    assert text.endswith("1 held.\n")
    assert not any(word in text for word in ("alice", "bob", "A cup is broken.", other.request["refund_request_id"]))


def test_an_operator_refunds_a_held_request(stack: Stack, held: Goods, capsys: pytest.CaptureFixture[str]) -> None:
    stack.now += 30 * DAY
    assert decide(held, "approve", apply=False) == 0
    assert "Nothing was written; run it with --apply to write." in capsys.readouterr().out
    assert (held.state, held.repaid) == ("returning", [])
    assert decide(held, "approve") == 0
    assert (held.state, held.units, held.repaid) == ("refunded", {"refunded": 1}, [39_900])
    assert decide(held, "approve") == 0
    assert held.repaid == [39_900]
    with pytest.raises(CannotRunError, match="the other decision"):
        decide(held, "reject")
    assert listed(capsys) == []
    expect(held.receive(), "refunded")


def test_an_operator_rejects_a_held_request(stack: Stack, held: Goods, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide(held, "reject") == 0
    assert (held.state, held.units, held.repaid) == ("rejected", {"gifted": 1}, [])
    expect(held.decide(), "rejected")  # the decision of the merchant was another one
    expect(held.hold(), "rejected")
    expect_problem(held.receive(), 409, "no-return-expected")
    stack.now += 30 * DAY
    assert (stack.sweep()["request_settled"], held.state, listed(capsys)) == (0, "rejected", [])


def test_only_held_requests_are_ended_by_an_operator(stack: Stack) -> None:
    goods = Goods(stack)
    for call in (lambda: None, goods.decide, goods.send_back):
        call()
        for decision in ("approve", "reject"):
            with pytest.raises(CannotRunError, match="not held"):
                decide(goods, decision)
    goods.request = {"refund_request_id": "unknown"}
    with pytest.raises(CannotRunError, match="no refund request"):
        decide(goods, "approve", apply=False)


@pytest.mark.corrupts
def test_a_request_that_the_due_index_lacks_is_found_by_a_scan(stack: Stack) -> None:
    goods = Goods(stack)
    key = keys.refund_request(goods.request["refund_request_id"]).attributes()
    stack.client.update_item(TableName=TABLE, Key=key, UpdateExpression="REMOVE due_pk, due_sk")
    stack.now += 3 * DAY

    def find(*, scan: bool) -> list[str]:
        found = find_overdue(table(), clock=lambda: stack.now, scan=scan, log=lambda _: None, rate=None)
        return [item_id for kind, item_id in found if kind == "refund_request"]

    assert find(scan=False) == []
    assert find(scan=True) == [goods.request["refund_request_id"]]
