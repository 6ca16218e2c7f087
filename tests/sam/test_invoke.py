"""Built functions, in Lambda's own runtime."""

import json
from typing import Any

import pytest

from handsel.domain.models import Gift
from handsel.domain.states import GiftState, OrderState
from handsel.runtime import clock
from handsel.runtime.sandbox import SandboxProvider
from handsel.store import accounts, gifts, keys, orders
from handsel.store.table import Table
from handsel.use_cases import giving, purchases
from handsel.use_cases.calls import Call
from tests.integration.conftest import event
from tests.sam.conftest import TABLE_NAME, Invoker

pytestmark = pytest.mark.sam
DAY = 86_400_000
BUYER = "3f0c7d1e-0000-4000-8000-00000000a11c"


def test_a_purchase_is_answered_and_is_in_the_table(lambdas: Invoker) -> None:
    answer = lambdas.invoke("PurchaseFunction", event("http_purchase"))
    assert answer["statusCode"] == 201, answer
    body = json.loads(answer["body"])
    assert (body["state"], body["buyer_id"], body["units"]["available"]) == ("paid", BUYER, 1)
    order = orders.get(Table(lambdas.client, TABLE_NAME), body["order_id"])
    assert order is not None
    assert (order.state, order.available) == (OrderState.PAID, 1)


def test_without_verified_claims_nobody_buys(lambdas: Invoker) -> None:
    request = event("http_purchase")
    del request["requestContext"]["authorizer"]
    answer = lambdas.invoke("PurchaseFunction", request)
    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["code"] == "unauthenticated"


def test_who_signed_up_has_an_account_and_is_shown_it(lambdas: Invoker) -> None:
    confirmed = event("cognito_post_confirmation")
    assert lambdas.invoke("EnrollFunction", confirmed) == confirmed
    user_id = confirmed["request"]["userAttributes"]["sub"]
    request = event("http_me")
    assert request["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == user_id
    enrolled = accounts.get(Table(lambdas.client, TABLE_NAME), user_id)
    assert enrolled is not None
    answer = lambdas.invoke("AccountFunction", request)
    assert answer["statusCode"] == 200, answer
    body = json.loads(answer["body"])
    assert (body["user_id"], body["handle"], body["display_name"]) == (user_id, enrolled.handle, "Bob")
    assert enrolled.handle == "bob"


def test_a_window_that_time_to_live_removed_gives_the_units_back(lambdas: Invoker) -> None:
    table = Table(lambdas.client, TABLE_NAME)
    gift = _gift_of_yesterday(table, lambdas.products["voucher"])
    given = orders.get(table, gift.order_id)
    assert given is not None
    assert (given.available, given.gifted) == (1, 0)
    answer = lambdas.invoke("RestoreFunction", _window_removed(lambdas, gift))
    assert answer == {"batchItemFailures": []}
    ended, order = gifts.get(table, gift.gift_id), orders.get(table, gift.order_id)
    assert ended is not None
    assert order is not None
    assert ended.state is GiftState.RETURNED
    assert (order.available, order.outstanding) == (3, {})


def _gift_of_yesterday(table: Table, product_id: str) -> Gift:
    """Two of three units, in a window that is over."""
    before = clock.now_ms() - 2 * DAY
    order = purchases.buy(
        table,
        SandboxProvider(table),
        Call(BUYER, "sam-local-buy", request_hash="", now=before),
        product_id=product_id,
        quantity=3,
        method="card",
        token="tok_ok",
        window_ms=DAY,
    )
    return giving.give(
        table,
        Call(BUYER, "sam-local-give", request_hash="", now=before),
        order_id=order.order_id,
        shares=2,
        recipient_id=None,
        wrapping=giving.WrappingChoice("red-classic", "best-wishes"),
        secret_version="1",
        window_ms=DAY,
    )


def _window_removed(lambdas: Invoker, gift: Gift) -> dict[str, Any]:
    """Deletes the WINDOW item, and answers the stream event of it."""
    key = keys.window(gift.gift_id).attributes()
    old = lambdas.client.delete_item(TableName=TABLE_NAME, Key=key, ReturnValues="ALL_OLD")["Attributes"]
    removed = event("stream_window_removed")
    removed["Records"][0]["dynamodb"] |= {"Keys": key, "OldImage": old}
    return removed
