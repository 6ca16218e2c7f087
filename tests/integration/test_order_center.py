"""The order center: current counts and lists, at the same cost for any number of entries."""

from typing import Any

import pytest

from testkit.handlers.costs import measure as measure_operation
from testkit.handlers.costs import with_history
from testkit.handlers.stack import DAY, Simulation, Stack
from tests.integration.test_projecting import HOUR, counts_of


def get_order_center(stack: Stack, user: str = "alice") -> dict[str, Any]:
    answer = stack.call(user, "GET", "/order-center")
    assert answer.status == 200, answer.raw
    body: dict[str, Any] = answer.body
    return body


# --- counts ---------------------------------------------------------------------------------------------------


def test_every_count_is_right(stack: Stack) -> None:
    stack.start_recording()
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    order = stack.buy(quantity=5)
    stack.give(order)
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 2})
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    stack.use_parcel(stack.buy(product="parcel"))
    back = stack.buy(quantity=2)
    stack.call("alice", "POST", f"/orders/{back['order_id']}/refunds", {"quantity": 2})
    stack.deliver_records()
    assert counts_of(stack, "alice") == {
        "to_pay": 1,
        "to_give": 1,
        "awaiting_claim": 1,
        "to_use": 2,
        "to_receive": 1,
        "refunded": 1,
    }


def test_a_gift_counts_as_returned_at_the_moment_its_window_ends(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy()
    stack.give(order)
    stack.deliver_records()
    stack.now += DAY - 1
    assert counts_of(stack, "alice") == {"awaiting_claim": 1}
    stack.now += 1
    assert counts_of(stack, "alice") == {"returned": 1, "to_give": 1}
    stack.sweep()
    assert counts_of(stack, "alice") == {"returned": 1, "to_give": 1}
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"returned": 1, "to_give": 1, "unread": 1}


def test_an_order_with_available_units_is_counted_once_when_gifts_expire(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=3)
    for _ in range(2):
        stack.give(order)
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"to_give": 1, "awaiting_claim": 2}
    stack.now += DAY
    assert counts_of(stack, "alice") == {"to_give": 1, "returned": 2}


def test_an_order_whose_gifts_all_expire_is_counted_once(stack: Stack) -> None:
    stack.start_recording()
    order = stack.buy(quantity=2)
    for _ in range(2):
        stack.give(order)
    stack.deliver_records()
    assert counts_of(stack, "alice") == {"awaiting_claim": 2}
    stack.now += DAY
    assert counts_of(stack, "alice") == {"to_give": 1, "returned": 2}


def test_a_voucher_does_not_count_as_usable_from_the_moment_its_validity_ends(stack: Stack) -> None:
    stack.start_recording()
    stack.update_product("voucher", validity_days=1)
    order = stack.buy(quantity=3)
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 2})
    stack.now += 3 * HOUR
    later = stack.buy()
    stack.call("alice", "POST", f"/orders/{later['order_id']}/use", {"quantity": 1})
    stack.deliver_records()
    start = stack.now - 3 * HOUR
    for at, to_use in ((DAY - 1, 3), (DAY, 1), (DAY + 3 * HOUR - 1, 1), (DAY + 3 * HOUR, 0), (9 * DAY, 0)):
        stack.now = start + at
        assert counts_of(stack, "alice").get("to_use", 0) == to_use, at
    stack.update_product("voucher", validity_days=None)
    order = stack.buy()
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    stack.deliver_records()
    assert counts_of(stack, "alice")["to_use"] == 1
    # The next change removes the counters of past days.
    assert list(stack.item("USER#alice", "SUMMARY")["counters"]) == ["to_give", "usable.always"]  # type: ignore[index]


def test_a_redeemed_voucher_is_not_counted_when_its_validity_ends(stack: Stack) -> None:
    stack.start_recording()
    stack.update_product("voucher", validity_days=1)
    order = stack.buy(quantity=2)
    used = stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 2}).body["holdings"]
    stack.deliver_records()
    stack.call("mia", "POST", f"/vouchers/{used[0]['code']}/redemptions")
    stack.deliver_records()
    # The message tells the holder of the redemption.
    assert counts_of(stack, "alice") == {"to_use": 1, "unread": 1}
    stack.now += DAY
    assert counts_of(stack, "alice") == {"unread": 1}


def test_a_lost_parcel_does_not_count_until_it_is_found(stack: Stack) -> None:
    stack.start_recording()
    shipment_id = stack.use_parcel(stack.buy(product="parcel"))["shipment_id"]
    seen = []
    for hours, status in enumerate(("in_transit", "lost", "in_transit", "delivered")):
        assert stack.report(shipment_id, status, at=stack.now + hours).status == 200
        stack.deliver_records()
        listed = stack.call("alice", "GET", "/holdings?state=to_receive").body["items"]
        seen.append((counts_of(stack, "alice").get("to_receive", 0), len(listed)))
    assert seen == [(1, 1), (0, 0), (1, 1), (0, 0)]


PRODUCT = {
    "kind": "voucher",
    "title": "Anything",
    "category": "food",
    "price": {"amount": 100, "currency": "CNY"},
}

LISTS = {
    "to_pay": ["/orders?state=pending"],
    "to_give": ["/orders?state=to_give"],
    "awaiting_claim": ["/gifts?role=sent&state=open"],
    "to_use": ["/holdings?state=usable"],
    "to_receive": ["/holdings?state=to_receive"],
    "returned": ["/gifts?role=sent&state=returned"],
    "refunded": ["/orders?state=refunded"],
}


def test_every_count_equals_the_length_of_its_list_at_any_time(stack: Stack) -> None:
    stack.start_recording()
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    order = stack.buy(quantity=4)
    stack.give(order)
    stack.give(order, shares=2)
    stack.give(stack.buy())
    stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    stack.use_parcel(stack.buy(product="parcel"))
    back = stack.buy()
    stack.call("alice", "POST", f"/orders/{back['order_id']}/refunds", {"quantity": 1})
    stack.deliver_records()
    start = stack.now
    for at in (0, DAY - 1, DAY, DAY + HOUR, 90 * DAY - 1, 90 * DAY):
        stack.now = start + at
        if at == 90 * DAY:  # The available units of vouchers leave the counters when the sweep refunds them.
            stack.sweep()
            stack.deliver_records()
        listed = {
            name: sum(len(stack.call("alice", "GET", path).body["items"]) for path in paths)
            for name, paths in LISTS.items()
        }
        listed["unread"] = sum(not each["read"] for each in stack.call("alice", "GET", "/messages").body["items"])
        assert counts_of(stack, "alice") == {name: count for name, count in listed.items() if count}, at


# --- lists ----------------------------------------------------------------------------------------------------


EMPTY_LISTS_OF_BOB = {("bob", "orders"), ("bob", "payments")}


def test_the_first_entries_of_each_list_are_those_of_the_lists(stack: Stack) -> None:
    stack.start_recording()
    stack.call("bob", "GET", "/orders")
    for number in range(7):
        stack.now += 1000
        order = stack.buy(quantity=3)
        gift = stack.give(order, recipient_id="bob") if number % 2 else stack.give(order)
        stack.claim("bob", gift)
        stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    stack.claim("bob", stack.give(stack.buy(product="parcel")))
    for user, product in (("alice", "jewelry"), ("alice", "education"), ("bob", "voucher")):
        stack.now += 1000
        stack.call(user, "GET", f"/products/{stack.products[product]}")
        stack.call(user, "PUT", f"/tagged/{stack.products[product]}")
    stack.call("alice", "DELETE", f"/tagged/{stack.products['jewelry']}")
    stack.deliver_records()
    for user in ("alice", "bob"):
        found = get_order_center(stack, user)
        for name, path in {
            "orders": "/orders",
            "gifts_sent": "/gifts?role=sent",
            "gifts_received": "/gifts?role=received",
            "payments": "/payments",
            "tagged": "/tagged",
            "viewed": "/viewed",
            "recommendations": "/recommendations",
        }.items():
            listed = stack.call(user, "GET", f"{path}{'&' if '?' in path else '?'}limit=5").body["items"]
            assert found[name] == listed, name
            assert listed or (user, name) in {
                ("alice", "gifts_received"),
                ("bob", "gifts_sent"),
                *EMPTY_LISTS_OF_BOB,
            }, name
        # The list of holdings also has what their holder can do with each of them.
        holdings = stack.call(user, "GET", "/holdings?limit=5").body["items"]
        assert holdings
        assert found["holdings"] == [
            {name: value for name, value in holding.items() if name not in ("refund_request", "actions")}
            for holding in holdings
        ]


def test_the_order_center_of_a_new_user_is_empty(stack: Stack) -> None:
    found = get_order_center(stack, "nobody-yet")
    assert set(found["counts"].values()) == {0}
    assert {name for name, entries in found.items() if entries} == {"counts"}  # no product is in a ranking yet


def test_a_user_who_bought_the_first_recommendations_gets_the_remaining_ones(stack: Stack) -> None:
    stack.start_recording()
    body = {**PRODUCT, "title": "One of many"}
    for number in range(14):
        stack.now += 1000
        stack.call("mia", "PUT", f"/stores/store-tea-house/products/many-{number:02d}", body)
    stack.deliver_records()
    for number in range(2, 14):
        answer = stack.call("alice", "POST", "/orders", {**stack.order_request(), "product_id": f"many-{number:02d}"})
        assert answer.status == 201
    stack.deliver_records()
    listed = stack.call("alice", "GET", "/recommendations?limit=5").body["items"]
    assert [product["title"] for product in listed] == ["One of many", "One of many", "Grand tea banquet"]
    assert [product["product_id"] for product in listed[:2]] == ["many-01", "many-00"]
    assert get_order_center(stack)["recommendations"] == listed


# --- conditional requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", 'W/{}, "other"', '"other", {}', "*"])
def test_an_unchanged_order_center_is_not_sent_again(stack: Stack, form: str) -> None:
    stack.start_recording()
    order = stack.buy()
    stack.deliver_records()
    first = stack.call("alice", "GET", "/order-center")
    tag = first.headers["etag"]
    again = stack.call("alice", "GET", "/order-center", headers={"if-none-match": form.format(tag)})
    assert (again.status, again.raw, again.headers["etag"]) == (304, "", tag)
    stack.give(order)
    changed = stack.call("alice", "GET", "/order-center", headers={"if-none-match": tag})
    assert changed.status == 200
    assert changed.headers["etag"] != tag


def test_the_passing_of_time_changes_the_response(stack: Stack) -> None:
    stack.start_recording()
    stack.give(stack.buy())
    stack.deliver_records()
    tag = stack.call("alice", "GET", "/order-center").headers["etag"]
    stack.now += DAY - 1
    assert stack.call("alice", "GET", "/order-center", headers={"if-none-match": tag}).status == 304
    stack.now += 1
    assert stack.call("alice", "GET", "/order-center", headers={"if-none-match": tag}).status == 200


# --- cost -----------------------------------------------------------------------------------------------------


def test_the_cost_does_not_depend_on_the_number_of_entries(simulation: Simulation) -> None:
    costs = [measure_operation(with_history(simulation, things), "order center") for things in (100, 10_000)]
    assert costs[0] == costs[1]
    assert (costs[0].reads, costs[0].writes) == (9, 0)
