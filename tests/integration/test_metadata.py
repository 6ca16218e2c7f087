"""Metadata of orders: data of the caller, which is stored, returned to the buyer and published, and not interpreted."""

from typing import Any

import pytest

from testkit.handlers.stack import Answer, Stack
from tests.integration.test_leaving import LEAVER, erase
from tests.integration.test_leaving import leaver as leaver

METADATA = {"cart_id": "c-1", "Campaign": "中秋 🎑\n2026", "empty": ""}


def buy(stack: Stack, metadata: object, *, user: str = "alice", key: str | None = None) -> Answer:
    return stack.call(user, "POST", "/orders", stack.order_request() | {"metadata": metadata}, key=key)


def test_an_order_has_the_metadata_that_it_was_created_with(stack: Stack) -> None:
    bought = buy(stack, METADATA)
    assert (bought.status, bought.body["metadata"]) == (201, METADATA)
    order = stack.call("alice", "GET", f"/orders/{bought.body['order_id']}").body
    assert order["metadata"] == METADATA
    assert stack.call("alice", "GET", "/orders").body["items"][0]["metadata"] == METADATA


def test_an_order_without_metadata_stores_none_and_answers_an_empty_object(stack: Stack) -> None:
    order = stack.buy()
    assert order["metadata"] == {}
    assert "metadata" not in (stack.item(f"ORDER#{order['order_id']}") or {})
    assert buy(stack, {}).body["metadata"] == {}


def test_metadata_is_published_when_the_order_is_paid(stack: Stack) -> None:
    stack.start_recording()
    order = buy(stack, METADATA).body
    stack.deliver_records()
    (paid,) = (event["data"] for event in stack.events if event["type"] == "order.paid")
    assert paid == {
        "order_id": order["order_id"],
        "quantity": 1,
        "store_id": order["product"]["store_id"],
        "product_id": order["product"]["product_id"],
        "total": order["payment"]["total"],
        "external_id": None,
        "metadata": METADATA,
    }


def test_a_friend_does_not_see_the_metadata(stack: Stack) -> None:
    order = buy(stack, {"note": "never-to-be-seen"}).body
    given = stack.give(order)
    claimed = stack.claim("bob", given).body
    for path in (f"/gifts/{given['gift_id']}", f"/holdings/{claimed['holding_id']}"):
        assert "never-to-be-seen" not in stack.call("bob", "GET", path).raw
    assert stack.call("bob", "GET", f"/orders/{order['order_id']}").status == 404


def test_the_same_key_with_other_metadata_is_another_request(stack: Stack) -> None:
    first = buy(stack, METADATA, key="same-key-1")
    assert buy(stack, METADATA, key="same-key-1").body == first.body
    other = buy(stack, {**METADATA, "cart_id": "c-2"}, key="same-key-1")
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")


def test_the_limits_of_metadata_are_inclusive(stack: Stack) -> None:
    most = {f"{number:02}".ljust(40, "é"): "字" * 500 for number in range(20)}
    assert buy(stack, most).body["metadata"] == most


@pytest.mark.parametrize(
    ("metadata", "pointer"),
    [
        ({f"{number}": "" for number in range(21)}, "/metadata"),
        ({"k" * 41: ""}, "/metadata"),
        ({"": "value"}, "/metadata"),
        ({"key": "v" * 501}, "/metadata/key"),
        ({"key": 1}, "/metadata/key"),
        ({"key": None}, "/metadata/key"),
        ({"key": {"nested": "value"}}, "/metadata/key"),
        (["key"], "/metadata"),
        ("key", "/metadata"),
    ],
)
def test_other_metadata_is_refused_and_nothing_is_charged(stack: Stack, metadata: Any, pointer: str) -> None:
    answer = buy(stack, metadata)
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [each["pointer"][: len(pointer)] for each in answer.body["errors"]] == [pointer]
    assert stack.call("alice", "GET", "/orders").body["items"] == []


def test_metadata_is_erased_with_its_buyer(stack: Stack) -> None:
    order = buy(stack, {"customer": "q-zabel"}, user=LEAVER).body
    stack.claim("bob", stack.call(
        LEAVER, "POST", f"/orders/{order['order_id']}/gifts",
        {"shares": 1, "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"}},
    ).body)  # fmt: skip
    assert (stack.item(f"ORDER#{order['order_id']}") or {})["metadata"] == {"customer": "q-zabel"}
    erase(stack)
    assert "metadata" not in (stack.item(f"ORDER#{order['order_id']}") or {})
