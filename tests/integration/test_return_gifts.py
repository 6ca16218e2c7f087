"""Return gifts: from the same store, one per claim, order and gift together."""

from typing import Any

import pytest

from testkit.handlers.stack import DAY, Answer, Stack


def _give_return_gift(
    stack: Stack, user: str, gift: dict[str, Any], product: str = "price_at_cap", token: str = "tok_ok", **more: Any
) -> Answer:
    body = {
        "product_id": stack.products[product],
        "payment": {"method": "card", "token": token},
        "wrapping": {"cover_id": "red-thanks", "message": "Thank you!"},
    }
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/return-gifts", body, **more)


@pytest.fixture
def gift(stack: Stack) -> dict[str, Any]:
    given = stack.give(stack.buy())
    assert stack.claim("bob", given).status == 201
    return given


def test_a_claimer_gives_one_unit_to_the_giver_in_return(stack: Stack, gift: dict[str, Any]) -> None:
    answer = _give_return_gift(stack, "bob", gift)
    assert answer.status == 201
    order, returned = answer.body["order"], answer.body["gift"]
    assert order["units"] == {"available": 0, "in_gift": 1, "gifted": 0, "used": 0, "refunded": 0}
    assert (returned["recipient_id"], returned["in_return_for"]) == ("alice", gift["gift_id"])
    assert returned["secret"] is None
    assert stack.claim("carol", returned).body["code"] == "not-the-recipient"
    assert stack.claim("alice", returned).status == 201
    assert stack.units(order) == {"gifted": 1}


def test_each_claim_allows_one_return_gift(stack: Stack, gift: dict[str, Any]) -> None:
    first = _give_return_gift(stack, "bob", gift, key="return-key-1")
    again = _give_return_gift(stack, "bob", gift, key="return-key-1")
    assert (again.status, again.body) == (201, first.body)
    other = _give_return_gift(stack, "bob", gift, key="return-key-2")
    assert (other.status, other.body["code"]) == (409, "already-returned")


@pytest.mark.parametrize(
    ("user", "product", "status", "code"),
    [
        ("carol", "voucher", 403, "not-claimed"),
        ("alice", "voucher", 403, "not-claimed"),
        ("bob", "other_store", 422, "other-store"),
        ("bob", "jewelry", 422, "not-giftable"),
    ],
)
def test_an_invalid_return_gift_is_rejected(
    stack: Stack, gift: dict[str, Any], user: str, product: str, status: int, code: str
) -> None:
    answer = _give_return_gift(stack, user, gift, product)
    assert (answer.status, answer.body["code"]) == (status, code)


def test_a_declined_payment_allows_another_try(stack: Stack, gift: dict[str, Any]) -> None:
    for _ in range(2):
        declined = _give_return_gift(stack, "bob", gift, token="tok_declined", key="return-key-1")
        assert (declined.status, declined.body["code"]) == (402, "payment-declined")
    assert _give_return_gift(stack, "bob", gift, key="return-key-2").status == 201


def test_a_lost_answer_of_the_provider_still_results_in_one_order_with_one_gift(
    stack: Stack, gift: dict[str, Any]
) -> None:
    assert _give_return_gift(stack, "bob", gift, token="tok_timeout").status == 503
    assert _give_return_gift(stack, "bob", gift).body["code"] == "already-returned"
    stack.now += 30_000
    assert stack.sweep()["paid"] == 1
    (received,) = stack.call("alice", "GET", "/gifts?role=received").body["items"]
    assert received["state"] == "open"
    (order,) = stack.call("bob", "GET", "/orders").body["items"]
    assert order["units"]["in_gift"] == 1


def test_an_expired_return_gift_is_available_in_its_order(stack: Stack, gift: dict[str, Any]) -> None:
    given = _give_return_gift(stack, "bob", gift).body
    stack.now += DAY
    assert stack.sweep()["returned"] == 1
    assert stack.units(given["order"]) == {"available": 1}


def test_a_return_gift_is_not_wrapped_out_of_season(stack: Stack, gift: dict[str, Any]) -> None:
    body = {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": "tok_ok"},
        "wrapping": {"cover_id": "red-winter", "message": "Thank you!"},
    }
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body)
    assert (answer.status, answer.body["code"]) == (422, "unknown-wrapping")
