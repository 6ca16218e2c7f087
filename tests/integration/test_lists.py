"""Filtered lists: by current state, page by page, with a cursor for each list and filter."""

from typing import Any

import pytest

from testkit.handlers.stack import DAY, Stack


def ids_of(stack: Stack, user: str, path: str, field: str) -> list[str]:
    answer = stack.call(user, "GET", path)
    assert answer.status == 200, answer.raw
    return [item[field] for item in answer.body["items"]]


def pages(stack: Stack, user: str, path: str, field: str) -> list[list[str]]:
    """Return the ids of each page, until the last page."""
    found, cursor = [], ""
    while True:
        body = stack.call(user, "GET", f"{path}{cursor}").body
        found.append([item[field] for item in body["items"]])
        if body["next_cursor"] is None:
            return found
        cursor = f"&cursor={body['next_cursor']}"


# --- orders to give -------------------------------------------------------------------------------------------


def test_orders_to_give_are_paid_and_have_available_units(stack: Stack) -> None:
    whole, part, used, refunded = (stack.buy(quantity=2) for _ in range(4))
    stack.give(part)
    for order, action in ((used, "use"), (refunded, "refunds")):
        stack.call("alice", "POST", f"/orders/{order['order_id']}/{action}", {"quantity": 2})
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_declined"))
    found = ids_of(stack, "alice", "/orders?state=to_give", "order_id")
    assert sorted(found) == sorted([whole["order_id"], part["order_id"]])


def test_an_order_is_to_give_again_from_the_moment_its_gifts_window_ends(stack: Stack) -> None:
    order = stack.buy()
    stack.give(order)
    stack.now += DAY - 1
    assert ids_of(stack, "alice", "/orders?state=to_give", "order_id") == []
    before = stack.all_items()
    stack.now += 1
    assert ids_of(stack, "alice", "/orders?state=to_give", "order_id") == [order["order_id"]]
    assert stack.all_items() == before


def test_a_page_of_filtered_orders_continues_after_the_skipped_ones(stack: Stack) -> None:
    orders = []
    for number in range(9):
        stack.now += 1
        orders.append(stack.buy())
        if number % 3:
            stack.give(orders[-1])
    wanted = [order["order_id"] for order in reversed(orders[::3])]
    found = pages(stack, "alice", "/orders?state=to_give&limit=2", "order_id")
    assert [order_id for page in found for order_id in page] == wanted
    assert len(found[0]) == 2


def test_a_page_has_no_more_entries_than_requested_and_omits_none(stack: Stack) -> None:
    orders = []
    for number in range(8):
        stack.now += 1
        orders.append(stack.buy())
        if number == 6:
            stack.give(orders[-1])
    wanted = [order["order_id"] for order in reversed(orders) if order is not orders[6]]
    found = pages(stack, "alice", "/orders?state=to_give&limit=3", "order_id")
    assert found == [wanted[:3], wanted[3:6], wanted[6:]]


def test_a_page_is_short_when_many_consecutive_entries_are_skipped(stack: Stack) -> None:
    kept = stack.buy()
    for _ in range(12):
        stack.now += 1
        stack.give(stack.buy())
    found = pages(stack, "alice", "/orders?state=to_give&limit=1", "order_id")
    assert found[0] == []
    assert [order_id for page in found for order_id in page] == [kept["order_id"]]


# --- gifts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def gifts_by_state(stack: Stack) -> dict[str, str]:
    """Return the id of one gift in every state, all for Bob, by its state a day later."""
    stack.call("bob", "GET", "/me")
    order, gift_ids = stack.buy(quantity=9), {}
    for state in ("cancelled", "declined", "claimed", "returned"):
        stack.now += 1
        gift = stack.give(order, recipient_id="bob")
        gift_ids[state] = gift["gift_id"]
        if state == "claimed":
            assert stack.claim("bob", gift).status == 201
        elif state != "returned":
            who, action = {"cancelled": ("alice", "cancel"), "declined": ("bob", "decline")}[state]
            assert stack.call(who, "POST", f"/gifts/{gift['gift_id']}/{action}").status == 200
    stack.now += DAY
    gift_ids["open"] = stack.give(order, recipient_id="bob")["gift_id"]
    return gift_ids


@pytest.mark.parametrize("state", ["open", "claimed", "returned", "cancelled", "declined"])
@pytest.mark.parametrize(("user", "role"), [("alice", "sent"), ("bob", "received")])
def test_gifts_are_filtered_by_their_current_state(
    stack: Stack, gifts_by_state: dict[str, str], user: str, role: str, state: str
) -> None:
    assert ids_of(stack, user, f"/gifts?role={role}&state={state}", "gift_id") == [gifts_by_state[state]]
    assert len(ids_of(stack, user, f"/gifts?role={role}", "gift_id")) == 5


def test_filtered_gifts_are_paged(stack: Stack) -> None:
    order, gifts = stack.buy(quantity=6), []
    for number in range(6):
        stack.now += 1
        gifts.append(stack.give(order))
        if number % 2:
            stack.claim("bob", gifts[-1])
    wanted = [gift["gift_id"] for gift in reversed(gifts[::2])]
    assert pages(stack, "alice", "/gifts?role=sent&state=open&limit=2", "gift_id") == [wanted[:2], wanted[2:]]


# --- holdings -------------------------------------------------------------------------------------------------


def test_holdings_are_filtered_by_the_state_of_vouchers_and_parcels(stack: Stack) -> None:
    holdings = {}
    for state, product in (
        ("redeemed", "voucher"),
        ("ready_to_ship", "parcel"),
        ("in_transit", "parcel"),
        ("usable", "voucher"),
    ):
        stack.now += 1
        holdings[state] = stack.claim("bob", stack.give(stack.buy(product=product))).body
    assert stack.call("mia", "POST", f"/vouchers/{holdings['redeemed']['code']}/redemptions").status == 201
    assert stack.report(holdings["in_transit"]["shipment_id"], "in_transit").status == 200
    for state, holding in holdings.items():
        assert ids_of(stack, "bob", f"/holdings?state={state}", "holding_id") == [holding["holding_id"]]
    for state in ("expired", "delivered", "returned", "lost"):
        assert ids_of(stack, "bob", f"/holdings?state={state}", "holding_id") == []
    stack.now += 3650 * DAY
    assert ids_of(stack, "bob", "/holdings?state=expired", "holding_id") == [holdings["usable"]["holding_id"]]


def test_filtered_holdings_are_paged(stack: Stack) -> None:
    codes = []
    for _ in range(3):
        stack.now += 1
        stack.claim("bob", stack.give(stack.buy(product="parcel")))
        codes.append(stack.claim("bob", stack.give(stack.buy())).body["holding_id"])
    found = pages(stack, "bob", "/holdings?state=usable&limit=2", "holding_id")
    assert found == [codes[:0:-1], codes[:1]]


# --- payments -------------------------------------------------------------------------------------------------


def test_payments_are_those_of_the_callers_orders_newest_first(stack: Stack) -> None:
    orders = []
    for _ in range(3):
        stack.now += 1
        orders.append(stack.buy(quantity=2))
    stack.buy("bob")
    newest = [order["order_id"] for order in reversed(orders)]
    assert pages(stack, "alice", "/payments?limit=2", "order_id") == [newest[:2], newest[2:]]
    first = stack.call("alice", "GET", "/payments").body["items"][0]
    product, payment = orders[-1]["product"], orders[-1]["payment"]
    assert first == {
        "order_id": newest[0],
        "title": product["title"],
        "image_url": product["image_url"],
        **payment,
        "created_at": orders[-1]["created_at"],
        "refunded": {"amount": 0, "currency": "CNY"},
    }


def test_a_payment_contains_the_refunded_amount(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 2})
    (payment,) = stack.call("alice", "GET", "/payments").body["items"]
    assert (payment["status"], payment["refunded"]["amount"]) == ("paid", 2 * order["product"]["price"]["amount"])
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    (payment,) = stack.call("alice", "GET", "/payments").body["items"]
    assert (payment["status"], payment["refunded"]) == ("refunded", payment["total"])


def test_unpaid_orders_are_listed_as_such_and_tokens_are_not_returned(stack: Stack) -> None:
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_declined"))
    stack.now += 1
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    answer = stack.call("alice", "GET", "/payments")
    assert [item["status"] for item in answer.body["items"]] == ["pending", "declined"]
    assert {(item["reference"], item["paid_at"]) for item in answer.body["items"]} == {(None, None)}
    assert "tok_" not in answer.raw


# --- all lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/orders?", "/gifts?role=sent&", "/holdings?"])
@pytest.mark.parametrize("state", ["", "given", "Open", "paid%20", "None"])
def test_an_unknown_state_is_reported_with_the_name_of_the_parameter(stack: Stack, path: str, state: str) -> None:
    answer = stack.call("alice", "GET", f"{path}state={state}")
    assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == ["?state"]


FILTERED: dict[str, tuple[str, ...]] = {
    "/orders?limit=1": ("", "&state=paid", "&state=to_give"),
    "/gifts?limit=1": ("&role=sent", "&role=sent&state=open", "&role=sent&state=returned", "&role=received&state=open"),
    "/holdings?limit=1": ("", "&state=usable", "&state=ready_to_ship"),
    "/payments?limit=1": ("",),
}


def test_a_cursor_is_valid_for_one_list_with_one_filter(stack: Stack) -> None:
    order: dict[str, Any] = stack.buy(quantity=4)
    for _ in range(2):
        stack.give(order)
        stack.buy()
        stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    lists = [f"{path}{state}" for path, states in FILTERED.items() for state in states]
    cursors = {path: stack.call("alice", "GET", path).body["next_cursor"] for path in lists}
    assert sum(cursor is not None for cursor in cursors.values()) >= 6
    for path, cursor in cursors.items():
        for other in lists if cursor else ():
            status = stack.call("alice", "GET", f"{other}&cursor={cursor}").status
            assert status == (200 if other == path else 422), (path, other)
