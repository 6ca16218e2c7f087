"""Responses in rare cases: replays, ids and callers of unusual shapes, keys per caller."""

import json
from typing import Any

import pytest

from testkit.dynamodb.client import Call
from testkit.handlers.calls import CALLS, return_request
from testkit.handlers.stack import DAY, Answer, Stack, gift_request, observe_calls


def test_a_replay_contains_claims_made_since(stack: Stack) -> None:
    order = stack.buy()
    path = f"/orders/{order['order_id']}/gifts"
    gift = stack.call("alice", "POST", path, gift_request(), key="replay-key").body
    stack.claim("bob", gift)
    again = stack.call("alice", "POST", path, gift_request(), key="replay-key")
    assert [claim["display_name"] for claim in again.body["claims"]] == ["Bob"]


def test_a_replay_of_a_return_gift_contains_its_claim(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    stack.claim("alice", call().body["gift"])
    assert [claim["display_name"] for claim in call().body["gift"]["claims"]] == ["Alice"]


@pytest.mark.parametrize("recipient", ["a#b", "é", "nobody"])
def test_another_users_order_is_not_found_regardless_of_the_recipient(stack: Stack, recipient: str) -> None:
    order = stack.buy()
    body = gift_request(recipient_id=recipient)
    path = f"/orders/{order['order_id']}/gifts"
    assert stack.call("carol", "POST", path, body).status == 404
    answer = stack.call("alice", "POST", path, body)
    assert (answer.status, answer.body["code"]) == (422, "recipient-unknown")


def test_a_store_without_products_is_as_unknown_as_an_id_of_any_shape(stack: Stack) -> None:
    answers = [stack.call("alice", "GET", f"/stores/{store}/products") for store in ("unknown", "a#b", "é", "x" * 500)]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.raw for answer in answers}) == 1


def test_a_cursor_with_any_character_changed_removed_or_added_is_rejected(stack: Stack) -> None:
    for _ in range(3):
        stack.now += 1
        stack.buy()
    cursor = stack.call("alice", "GET", "/orders?limit=1").body["next_cursor"]
    assert stack.call("alice", "GET", f"/orders?limit=1&cursor={cursor}").status == 200
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    forged = [cursor[:-1] + char for char in alphabet if char != cursor[-1]]
    forged += [cursor + char for char in "!=.A é"] + ["!" + cursor, cursor[:-1], cursor[:5] + "~" + cursor[5:]]
    forged += [cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(30)]
    for each in forged:
        answer = stack.call("alice", "GET", f"/orders?limit=1&cursor={each}")
        assert (answer.status, answer.body["code"]) == (422, "invalid-request"), each


def test_a_cursor_is_valid_for_one_list_only(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    stack.give(order)
    other = stack.buy()
    sent = stack.call("alice", "GET", "/gifts?role=sent&limit=1").body["next_cursor"]
    of_order = stack.call("alice", "GET", f"/orders/{order['order_id']}/gifts?limit=1").body["next_cursor"]
    for cursor, path in (
        (sent, "/gifts?role=received&"),
        (sent, "/orders?"),
        (sent, "/holdings?"),
        (sent, "/stores/store-tea-house/products?"),
        (sent, "/tagged?"),
        (sent, "/viewed?"),
        (sent, "/recommendations?"),
        (of_order, "/gifts?role=sent&"),
        (of_order, f"/orders/{other['order_id']}/gifts?"),
    ):
        assert stack.call("alice", "GET", f"{path}cursor={cursor}").status == 422


def test_validation_errors_do_not_contain_class_names(stack: Stack) -> None:
    bodies: list[Any] = [[], 1, None, {"product_id": "p", "quantity": 1, "payment": []}]
    for body in bodies:
        answer = stack.call("alice", "POST", "/orders", raw=json.dumps(body))
        assert answer.status == 422
        assert "Request" not in json.dumps(answer.body["errors"])


def test_validation_errors_do_not_contain_names_of_exceptions(stack: Stack) -> None:
    answer = stack.call("alice", "PATCH", "/me", {"display_name": "anna@example.com"})
    assert answer.body["errors"] == [{"pointer": "/display_name", "detail": "must not contain an e-mail address"}]


@pytest.mark.parametrize("authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": None}}, {"jwt": {"claims": {}}}])
def test_a_request_without_identity_is_unauthorized(stack: Stack, authorizer: Any) -> None:
    assert _with_authorizer(stack, authorizer).status == 401


@pytest.mark.parametrize("sub", [5, None, "", [], {}, True, "x" * 129, "a#b", "é", "a\n", "\ud800"])
def test_a_subject_that_is_no_text_or_no_valid_key_part_is_unauthorized(stack: Stack, sub: Any) -> None:
    assert _with_authorizer(stack, {"jwt": {"claims": {"sub": sub}}}).status == 401


@pytest.mark.parametrize(
    "sub",
    [
        "samlp|corp|anna@example.com",  # community.auth0.com/t/189783
        "anna@example.com",
        "anna%40example.com",
    ],
)
def test_a_subject_with_an_email_address_is_not_shown(stack: Stack, sub: str) -> None:
    profile = stack.call(sub, "GET", "/me", claims={})
    assert profile.status == 200
    assert "example.com" not in profile.raw
    later = stack.call(sub, "GET", "/me", claims={"name": "Anna"})
    assert later.body["user_id"] == profile.body["user_id"]


@pytest.mark.parametrize("name", [5, [], {"a": 1}, True, "", " ", "\ud800", "x" * 5000, None])
def test_a_name_of_any_shape_is_accepted(stack: Stack, name: Any) -> None:
    assert _with_authorizer(stack, {"jwt": {"claims": {"sub": "zoe", "name": name}}}).status == 200


def _with_authorizer(stack: Stack, authorizer: Any) -> Answer:
    function = stack.function("OrderFunction")
    real = function.lambda_handler

    def with_replaced_authorizer(event: dict[str, Any], context: Any) -> Any:
        event["requestContext"]["authorizer"] = authorizer
        return real(event, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "lambda_handler", with_replaced_authorizer)
        return stack.call("alice", "GET", "/orders")


def test_an_order_gift_or_holding_is_read_consistently(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    holding = stack.claim("bob", gift).body
    requests: list[dict[str, Any]] = []

    def record_request(call: Call) -> None:
        request = call.request
        requests.extend(
            request["RequestItems"].values() if "RequestItems" in request else [request | {"Keys": [request["Key"]]}]
        )

    with observe_calls(record_request, "GetItem", "BatchGetItem"):
        stack.call("alice", "GET", f"/orders/{order['order_id']}")
        stack.call("bob", "GET", f"/gifts/{gift['gift_id']}")
        stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview")
        stack.call("bob", "GET", f"/holdings/{holding['holding_id']}")
    assert {key["pk"]["S"].partition("#")[0] for each in requests for key in each["Keys"]} >= {
        "ORDER",
        "GIFT",
        "HOLDING",
    }
    assert all(each["ConsistentRead"] is True for each in requests)


def test_idempotency_keys_are_separate_for_each_caller_on_every_route(stack: Stack) -> None:
    key = "one-key-of-all"
    for product in ("voucher", "other_store"):
        answers = []
        for user in ("alice", "bob"):
            order = stack.buy(user, quantity=3, product=product)
            given = stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", gift_request(), key=key + product)
            used = stack.call(user, "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}, key=key + product)
            assert (given.status, used.status) == (201, 201)
            answers.append(given.body["gift_id"])
        assert len(set(answers)) == 2


def test_the_same_key_for_another_order_or_another_body_is_rejected_on_every_route(stack: Stack) -> None:
    first, second = stack.buy(quantity=3), stack.buy(quantity=3)
    bodies: dict[str, tuple[Any, Any]] = {
        "gifts": (gift_request(), gift_request(shares=2)),
        "use": ({"quantity": 1}, {"quantity": 2}),
    }
    for action, (body, other) in bodies.items():
        path = f"/orders/{first['order_id']}/{action}"
        assert stack.call("alice", "POST", path, body, key="one-key-of-all").status == 201
        for answer in (
            stack.call("alice", "POST", path, other, key="one-key-of-all"),
            stack.call("alice", "POST", f"/orders/{second['order_id']}/{action}", body, key="one-key-of-all"),
        ):
            assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")
    assert stack.units(second) == {"available": 3}


def test_the_key_of_a_return_gift_is_for_one_request(stack: Stack) -> None:
    call = CALLS["return gift"](stack)
    gift_id = call().body["gift"]["in_return_for"]
    body = return_request(stack, "price_at_cap")
    answer = stack.call("bob", "POST", f"/gifts/{gift_id}/return-gifts", body, key="fault-key")
    assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("secret", ["wrong", None])
def test_a_caller_without_the_right_to_a_gift_does_not_learn_that_it_ended(stack: Stack, secret: str | None) -> None:
    gift = stack.give(stack.buy())
    stack.now += DAY
    body = {} if secret is None else {"secret": secret}
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/claims", body)
    assert (answer.status, answer.body["code"]) == (403, "wrong-secret")
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/claims", {}).body["code"] == "own-gift"
