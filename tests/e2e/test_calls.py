"""Every operation of the API on the running stack: its responses, and all its problems.

The last test compares the responses seen here with the declared ones, and names each status or code that no test has
seen.
"""

import json
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from handsel.api.problems import STATUS
from handsel.domain import errors
from handsel.domain.rollout import Cohort, Feature, Rollout
from handsel.domain.times import format_timestamp, parse_timestamp
from handsel.store import rollout
from handsel.store.table import Table
from local.client import Client, payment
from testkit import access, qr
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, WRAPPING, Running, eventually, run_stack
from tools import openapi

pytestmark = pytest.mark.e2e

ROUTES = {f"{route.method} {route.path}": route for route in openapi.routes()}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from run_stack(tmp_path_factory.mktemp("calls"), stream=True)


@pytest.fixture(scope="module", autouse=True)
def expiring(calls: Running) -> dict[str, Any]:
    """Return a gift without a recipient, one for Bob, one that is refunded and one for Carol later, which nobody claims."""
    order, ending = calls.buy(3), calls.buy(2)
    carol = expect_ok(calls.as_("carol").get("/me"))["user_id"]
    return {
        "order": order,
        "anybodys": calls.give(order["order_id"], shares=2),
        "ending": ending,
        "refunded": calls.give(ending["order_id"], at_end={"then": "refund"}),
        "carols": calls.give(ending["order_id"], at_end={"then": "give_to", "recipient_id": carol}),
        "bobs": calls.give(order["order_id"], recipient_id=bob_id(calls)),
    }


@pytest.fixture(scope="module", autouse=True)
def outsider(calls: Running) -> tuple[Client, float]:
    """Return a user without any feature, and the time from which on all processes know it."""
    calls.new_users("outsider")
    user = calls.as_("outsider")
    calls.give(calls.buy(2, by="outsider")["order_id"], by="outsider")
    denied = Cohort(deny=(str(user.user_id),))
    rollout.save(Table(calls.aws("dynamodb"), calls.stack["table_name"]), Rollout(dict.fromkeys(Feature, denied)))
    return user, time.monotonic() + rollout.MAX_AGE_MS / 1000


def expect_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem, after checking its code and its fields."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert problem["status"] == status
    return problem


def expect_ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def purchase_request(
    running: Running, product: str = "voucher", quantity: int = 1, token: str = "tok_ok"
) -> dict[str, Any]:
    return {"product_id": running.stack["products"][product], "quantity": quantity, "payment": payment(token)}


def new_key() -> str:
    return secrets.token_hex(12)


def bob_id(running: Running) -> str:
    return str(running.stack["users"]["bob"]["user_id"])


def claim(client: Client, gift: dict[str, Any], **more: Any) -> httpx.Response:
    secret = {} if gift["secret"] is None else {"secret": gift["secret"]}
    return client.post(f"/gifts/{gift['gift_id']}/claims", secret | more)


def parcel_of_bob(running: Running) -> dict[str, Any]:
    order = running.buy(product="parcel")
    gift = running.give(order["order_id"], wrapping=PARCEL_WRAPPING)
    return expect_ok(claim(running.as_("bob"), gift, address=ADDRESS), 201) | {"gift": gift}


def report(running: Running, shipment_id: str, status: str, **more: Any) -> httpx.Response:
    event = {"event_id": new_key(), "status": status, "location": "Depot", "occurred_at": now_in(running)} | more
    return running.as_("carl").post(f"/shipments/{shipment_id}/events", event)


def now_in(running: Running, minutes: float = 0) -> str:
    return (running.now() + timedelta(minutes=minutes)).isoformat()


# --- public routes ------------------------------------------------------------------------------------------------


def test_get_health(calls: Running) -> None:
    assert expect_ok(calls.as_(None).get("/health")) == {"status": "ok"}


def test_get_openapi_json(calls: Running) -> None:
    document = expect_ok(calls.as_(None).get("/openapi.json"))
    assert document["openapi"].startswith("3.1")
    assert {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} == set(
        ROUTES
    )


def test_get_meta_state_machine(calls: Running) -> None:
    machines = expect_ok(calls.as_(None).get("/meta/state-machine"))
    assert set(machines) == {"gift", "unit", "shipment", "order", "refund", "refund_request", "voucher", "redemption"}
    for machine in machines.values():
        assert {"states", "actions", "transitions", "errors"} <= set(machine)
        assert {step["to"] for step in machine["transitions"]} <= set(machine["states"])


def test_get_meta_policy(calls: Running) -> None:
    policy = expect_ok(calls.as_(None).get("/meta/policy"))
    assert (policy["policy_id"], policy["version"]) == ("douyin", 1)
    assert all(rule["source"] for rule in policy["rules"].values())
    assert policy["rules"]["window"]["value"] == {"voucher": 86_400, "parcel": 86_400}
    assert policy["rules"]["price_caps"]["value"] == {"CNY": 1_000_000}


def test_get_pages_and_their_assets(calls: Running, expiring: dict[str, Any]) -> None:
    anyone = calls.as_(None)
    start, gift = anyone.get("/"), anyone.get(f"/g/{expiring['anybodys']['gift_id']}")
    made_of = re.findall(r'"(/assets/[^"]+)"', start.text + gift.text)
    for page in (start, gift, anyone.get(made_of[0])):
        assert page.status_code == 200
        assert page.headers["content-encoding"] == "gzip"
        again = anyone.request("GET", page.url.path, headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    for path in made_of:
        assert "immutable" in anyone.get(path).headers["cache-control"], path
    none = anyone.get("/g/none")
    assert (none.status_code, none.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = expect_problem(anyone.get("/assets/any/none.js"), 404, "not-found")
    page = anyone.get(problem["type"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    again = anyone.request("GET", page.url.path, headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    expect_problem(anyone.get("/problems/nothing"), 404, "not-found")


@pytest.mark.parametrize("kind", ["voucher", "parcel"])
def test_get_wrappings(calls: Running, kind: str) -> None:
    anyone = calls.as_(None)
    choices = expect_ok(anyone.get(f"/wrappings?kind={kind}"))
    assert len(choices["covers"]) >= 6
    for cover in choices["covers"]:
        picture = httpx.get(cover["image_url"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
        preview = anyone.get(f"/covers/{cover['cover_id']}.png")
        assert (preview.status_code, preview.headers["content-type"]) == (200, "image/png")
        with Image.open(BytesIO(preview.content)) as image:
            assert (image.format, image.size) == ("PNG", (1200, 630))
    assert all(set(blessing) == {"blessing_id", "text"} for blessing in choices["blessings"])
    expect_problem(anyone.get("/wrappings?kind=card"), 422, "invalid-request")
    assert anyone.get(httpx.URL(choices["covers"][0]["image_url"]).path).status_code == 200
    expect_problem(anyone.get("/covers/none.svg"), 404, "not-found")
    expect_problem(anyone.get("/covers/none.png"), 404, "not-found")


def test_get_preview(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"])
    preview = expect_ok(calls.as_(None).get(f"/gifts/{gift['gift_id']}/preview"))
    assert set(preview) == {
        "gift_id", "state", "presentation", "wrapping", "giver_name", "shares", "remaining", "expires_at"
    }  # fmt: skip
    assert (preview["giver_name"], preview["presentation"]) == ("Alice", "red_envelope")
    expect_problem(calls.as_(None).get("/gifts/unknown/preview"), 404, "not-found")


# --- products -----------------------------------------------------------------------------------------------------


def test_get_products(calls: Running) -> None:
    alice, products = calls.as_("alice"), calls.stack["products"]
    product = expect_ok(alice.get(f"/products/{products['voucher']}"))
    assert {
        "product_id", "store_id", "store_name", "kind", "title", "description", "image_url", "category", "price",
        "original_price", "stock", "validity_days", "redeem_at", "giftable", "not_giftable_reason",
        "not_giftable_code", "not_giftable_params",
    } <= set(product)  # fmt: skip
    assert product["price"] == {"amount": 12_900, "currency": "CNY"}
    listed = expect_ok(alice.get(f"/stores/{product['store_id']}/products"))["items"]
    assert {item["product_id"] for item in listed} >= set(products.values()) - {products["other_store"]}
    expect_problem(alice.get("/products/unknown"), 404, "not-found")
    expect_problem(alice.get("/stores/unknown/products"), 404, "not-found")


@pytest.mark.parametrize(
    ("product", "giftable"),
    [("voucher", True), ("parcel", True), ("price_at_cap", True), ("price_over_cap", False), ("jewelry", False),
     ("education", False)],
)  # fmt: skip
def test_eligibility_is_shown_and_checked(calls: Running, product: str, giftable: bool) -> None:
    alice = calls.as_("alice")
    shown = expect_ok(alice.get(f"/products/{calls.stack['products'][product]}"))
    assert (shown["giftable"], shown["not_giftable_reason"] is None) == (giftable, giftable)
    order = calls.buy(product=product)
    assert ("gift" in order["actions"]) is giftable
    wrapping = PARCEL_WRAPPING if product == "parcel" else WRAPPING
    answer = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    if giftable:
        expect_ok(answer, 201)
    else:
        problem = expect_problem(answer, 422, "not-giftable")
        assert problem["detail"] == shown["not_giftable_reason"]
        assert order["refusals"] == [{"action": "gift", "rule": problem["rule"]}]


def test_put_product_by_its_merchant(calls: Running) -> None:
    store = calls.stack["users"]["mia"]["store_id"]
    path = f"/stores/{store}/products/new-{new_key()}"
    body = {"kind": "voucher", "title": "New", "category": "food", "price": {"amount": 100, "currency": "CNY"}}
    made = expect_ok(calls.as_("mia").put(path, body))
    assert expect_ok(calls.as_("bob").get(f"/products/{made['product_id']}")) == made
    expect_problem(calls.as_("bob").put(path, body), 403, "wrong-role")
    expect_problem(calls.as_("max").put(path, body), 404, "not-found")
    expect_problem(calls.as_("mia").put(path, body | {"price": 100}), 422, "invalid-request")


def test_put_product_after_a_sale(calls: Running) -> None:
    mia, store, product_id = calls.as_("mia"), calls.stack["users"]["mia"]["store_id"], f"ten-{new_key()}"
    path, money = f"/stores/{store}/products/{product_id}", {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "Ten", "category": "food", "price": money, "stock": 10}
    made = mia.put(path, body)
    read = mia.get(f"/products/{product_id}")
    assert (expect_ok(made)["stock"], made.headers["etag"]) == (10, read.headers["etag"])
    expect_ok(calls.as_("alice").post("/orders", purchase_request(calls, quantity=5) | {"product_id": product_id}), 201)
    stale = mia.request("PUT", path, json=body, headers={"if-match": read.headers["etag"]})
    expect_problem(stale, 412, "precondition-failed")
    assert expect_ok(mia.put(path, body | {"title": "Five"}))["stock"] == 5
    read = mia.get(f"/products/{product_id}")
    again = mia.request("GET", f"/products/{product_id}", headers={"if-none-match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = mia.request("PUT", path, json=body | {"stock": 7}, headers={"if-match": read.headers["etag"]})
    assert expect_ok(changed)["stock"] == 7
    assert changed.headers["etag"] != read.headers["etag"]


def test_post_stock(calls: Running) -> None:
    mia, store, product_id = calls.as_("mia"), calls.stack["users"]["mia"]["store_id"], f"ten-{new_key()}"
    money = {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "Ten", "category": "food", "price": money, "stock": 10}
    expect_ok(mia.put(f"/stores/{store}/products/{product_id}", body))
    path, key = f"/stores/{store}/products/{product_id}/stock", new_key()
    for _ in range(2):  # the same key, once
        assert expect_ok(mia.post(path, {"add": 5}, key=key))["stock"] == 15
    expect_problem(mia.post(path, {"add": 6}, key=key), 422, "idempotency-key-reused")
    assert expect_ok(mia.post(path, {"add": -15}))["stock"] == 0
    expect_problem(mia.post(path, {"add": -1}), 409, "out-of-stock")
    expect_problem(mia.post(path, {"add": "1"}), 422, "invalid-request")
    expect_problem(calls.as_("bob").post(path, {"add": 1}), 403, "wrong-role")
    expect_problem(calls.as_("max").post(path, {"add": 1}), 404, "not-found")


def test_settings_of_a_store(calls: Running) -> None:
    path, max_ = f"/stores/{calls.stack['users']['max']['store_id']}", calls.as_("max")
    terms = expect_ok(max_.get(path))
    expect_ok(max_.put(path, {"name": terms["name"], "carrier": terms["carrier"], "giftable": False}))
    product = expect_ok(max_.get(f"/products/{calls.stack['products']['other_store']}"))
    assert (product["giftable"], bool(product["not_giftable_reason"])) == (False, True)
    expect_ok(max_.put(path, {"name": terms["name"], "carrier": terms["carrier"]}))
    expect_problem(calls.as_("bob").get(path), 403, "wrong-role")
    expect_problem(calls.as_("bob").put(path, {}), 403, "wrong-role")
    expect_problem(calls.as_("mia").get(path), 404, "not-found")
    expect_problem(calls.as_("mia").put(path, {"name": "Mine", "carrier": "x"}), 404, "not-found")


# --- preferences ---------------------------------------------------------------------------------------------------


def test_tagged(calls: Running) -> None:
    carol, products = calls.as_("carol"), calls.stack["products"]
    for product in ("voucher", "other_store", "voucher"):
        answer = carol.request("PUT", f"/tagged/{products[product]}")
        assert (answer.status_code, answer.content) == (204, b"")

    def listed() -> list[dict[str, Any]]:
        return list(expect_ok(carol.get("/tagged"))["items"])

    assert eventually(lambda: len(listed()) == 2, 5)
    items = listed()
    assert [item["product_id"] for item in items] == [products["other_store"], products["voucher"]]
    shown = expect_ok(carol.get(f"/products/{products['voucher']}"))
    assert items[1] == shown | {"at": items[1]["at"]}
    assert TIME.fullmatch(items[1]["at"])
    for _ in range(2):
        assert carol.request("DELETE", f"/tagged/{products['voucher']}").status_code == 204
    assert [item["product_id"] for item in expect_ok(carol.get("/tagged"))["items"]] == [products["other_store"]]
    for method in ("PUT", "DELETE"):
        expect_problem(carol.request(method, "/tagged/unknown"), 404, "not-found")
    expect_problem(carol.get("/tagged?limit=0"), 422, "invalid-request")


def test_viewed_products_and_switching_recommendations_off(calls: Running) -> None:
    calls.new_users("looker")
    looker, products = calls.as_("looker"), calls.stack["products"]
    for product in ("voucher", "parcel", "voucher"):
        expect_ok(looker.get(f"/products/{products[product]}"))
    items = expect_ok(looker.get("/viewed"))["items"]
    assert [item["product_id"] for item in items] == [products["voucher"], products["parcel"]]
    expect_ok(looker.request("PATCH", "/me", json={"recommendations": False}))
    assert expect_ok(looker.get("/viewed"))["items"] == expect_ok(looker.get("/recommendations"))["items"] == []
    expect_ok(looker.get(f"/products/{products['voucher']}"))
    assert expect_ok(looker.get("/viewed"))["items"] == []
    expect_ok(looker.request("PATCH", "/me", json={"recommendations": True}))
    assert expect_ok(looker.get("/viewed"))["items"] == []
    assert expect_ok(looker.get("/recommendations"))["items"]
    expect_problem(looker.get("/viewed?cursor=forged"), 422, "invalid-request")


def test_leaving(calls: Running) -> None:
    calls.new_users("hesitant")
    user = calls.as_("hesitant")
    assert expect_ok(user.get("/me"))["erase_at"] is None
    leaving = expect_ok(user.request("DELETE", "/me"), 202)
    assert TIME.fullmatch(leaving["erase_at"])
    assert leaving["deleted"]
    assert all(each["reason"] for each in leaving["kept"])
    assert expect_ok(user.request("DELETE", "/me"), 202) == leaving
    assert expect_ok(user.get("/me"))["erase_at"] == leaving["erase_at"]
    assert expect_ok(user.post("/me/keep", {}))["erase_at"] is None
    assert expect_ok(user.post("/me/keep", {}))["erase_at"] is None


def test_exports(calls: Running) -> None:
    calls.new_users("exporter")
    user, key = calls.as_("exporter"), new_key()
    asked = expect_ok(user.post("/me/exports", {}, key=key), 202)
    assert expect_ok(user.post("/me/exports", {}, key=key), 202)["export_id"] == asked["export_id"]
    expect_problem(user.post("/me/exports", {}, key=new_key()), 429, "too-many-exports")
    answer = user.request("POST", "/me/exports", json={})
    expect_problem(answer, 400, "idempotency-key-required")
    expect_problem(user.get("/me/exports/unknown"), 404, "not-found")
    path = f"/me/exports/{asked['export_id']}"
    assert eventually(lambda: expect_ok(user.get(path))["state"] == "ready", seconds=90)
    content = httpx.get(expect_ok(user.get(path))["url"])
    assert content.status_code == 200
    assert [json.loads(line)["type"] for line in content.text.splitlines()] == ["profile"]


def test_recommendations(calls: Running) -> None:
    calls.new_users("chooser")
    chooser, products = calls.as_("chooser"), calls.stack["products"]

    def reasons() -> dict[str, str]:
        items = expect_ok(chooser.get("/recommendations?limit=100"))["items"]
        return {item["product_id"]: item["reason"] for item in items}

    assert eventually(lambda: set(reasons()) >= set(products.values()), 5)
    assert all(reasons().values())
    expect_ok(chooser.post("/orders", purchase_request(calls, "jewelry")), 201)
    assert eventually(lambda: products["jewelry"] not in reasons(), 5)
    expect_problem(chooser.get("/recommendations?limit=x"), 422, "invalid-request")


# --- orders -------------------------------------------------------------------------------------------------------


def test_post_orders(calls: Running) -> None:
    alice = calls.as_("alice")
    order = expect_ok(alice.post("/orders", purchase_request(calls, quantity=3)), 201)
    assert {
        "order_id", "state", "buyer_id", "product", "quantity", "units", "payment", "created_at", "actions"
    } <= set(order)  # fmt: skip
    assert order["units"] == {"available": 3, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
    assert {"method", "total", "status", "reference", "paid_at"} <= set(order["payment"])
    assert order["payment"]["total"] == {"amount": 38_700, "currency": "CNY"}
    assert order["actions"] == ["gift", "use", "refund"]
    assert TIME.fullmatch(order["created_at"])
    assert TIME.fullmatch(order["payment"]["paid_at"])
    assert URL_SAFE.fullmatch(order["order_id"])
    expect_problem(alice.post("/orders", purchase_request(calls) | {"product_id": "unknown"}), 404, "not-found")
    for quantity in (0, 51, True, "1", 1.5):
        body = purchase_request(calls) | {"quantity": quantity}
        assert (
            expect_problem(alice.post("/orders", body), 422, "invalid-request")["errors"][0]["pointer"] == "/quantity"
        )


def test_post_orders_with_a_declined_payment_is_declined_again_on_replay(calls: Running) -> None:
    alice, key = calls.as_("alice"), new_key()
    for _ in range(2):
        expect_problem(
            alice.post("/orders", purchase_request(calls, token="tok_declined"), key=key), 402, "payment-declined"
        )
    (order,) = expect_ok(alice.get("/orders?state=declined&limit=1"))["items"]
    assert (order["units"], order["actions"]) == (None, [])


def test_post_orders_with_a_lost_answer_of_the_provider_charges_once(calls: Running) -> None:
    alice, key, body = calls.as_("alice"), new_key(), purchase_request(calls, token="tok_timeout")
    answer = alice.post("/orders", body, key=key)
    expect_problem(answer, 503, "payment-unknown")
    assert int(answer.headers["retry-after"]) > 0
    order = expect_ok(alice.post("/orders", body, key=key), 201)
    assert expect_ok(alice.post("/orders", body, key=key), 201)["order_id"] == order["order_id"]


def test_post_orders_at_another_total_is_not_charged(calls: Running) -> None:
    alice, shown = calls.as_("alice"), {"amount": 1, "currency": "CNY"}
    answer = alice.post("/orders", purchase_request(calls) | {"expected_total": shown})
    total = expect_problem(answer, 409, "price-changed")["total"]
    order = expect_ok(alice.post("/orders", purchase_request(calls) | {"expected_total": total}), 201)
    assert order["payment"]["total"] == total


def test_post_order_cancel(calls: Running) -> None:
    alice, key, body = calls.as_("alice"), new_key(), purchase_request(calls, token="tok_no_reply")
    expect_problem(alice.post("/orders", body, key=key), 503, "payment-unknown")
    order = expect_ok(alice.post("/orders", body, key=key), 202)
    assert (order["state"], order["units"], order["payment"]["status"]) == ("pending", None, "pending")
    assert order["payment"]["expires_at"] > order["created_at"]
    path = f"/orders/{order['order_id']}/cancel"
    expect_problem(calls.as_("bob").post(path, {}), 404, "not-found")
    for _ in range(2):
        cancelled = expect_ok(alice.post(path, {}))
        assert (cancelled["state"], cancelled["payment"]["expires_at"], cancelled["actions"]) == ("cancelled", None, [])
    expect_problem(alice.post("/orders", body, key=key), 409, "order-cancelled")
    assert order["order_id"] in [each["order_id"] for each in expect_ok(alice.get("/orders?state=cancelled"))["items"]]
    paid = expect_ok(alice.post("/orders", purchase_request(calls)), 201)
    expect_problem(alice.post(f"/orders/{paid['order_id']}/cancel", {}), 409, "not-cancellable")


def test_post_orders_decrements_the_stock_and_refunds_restore_it(calls: Running) -> None:
    alice, mia = calls.as_("alice"), calls.as_("mia")
    store, product_id = calls.stack["users"]["mia"]["store_id"], f"few-{new_key()}"
    body = {"kind": "voucher", "title": "Few", "category": "x", "price": {"amount": 1, "currency": "CNY"}, "stock": 2}
    expect_ok(mia.put(f"/stores/{store}/products/{product_id}", body))
    order = expect_ok(alice.post("/orders", purchase_request(calls, quantity=2) | {"product_id": product_id}), 201)
    expect_problem(alice.post("/orders", purchase_request(calls) | {"product_id": product_id}), 409, "out-of-stock")
    expect_ok(alice.post(f"/orders/{order['order_id']}/refunds", {"quantity": 1}), 201)
    assert expect_ok(alice.get(f"/products/{product_id}"))["stock"] == 1


def test_get_orders(calls: Running) -> None:
    dave = calls.as_("dave")
    made = [calls.buy(by="dave") for _ in range(3)]
    assert [item["order_id"] for item in expect_ok(dave.get("/orders"))["items"]][:3] == [
        order["order_id"] for order in reversed(made)
    ]
    page = expect_ok(dave.get("/orders?limit=2&state=paid"))
    rest = expect_ok(dave.get(f"/orders?limit=2&state=paid&cursor={page['next_cursor']}"))
    assert rest["items"][0]["order_id"] == made[0]["order_id"]
    expect_problem(dave.get("/orders?state=lost"), 422, "invalid-request")
    expect_problem(dave.get("/orders?limit=101"), 422, "invalid-request")
    expect_problem(calls.as_("alice").get(f"/orders?cursor={page['next_cursor']}"), 422, "invalid-request")
    expect_problem(calls.as_("alice").get(f"/orders/{made[0]['order_id']}"), 404, "not-found")


def test_get_payments(calls: Running) -> None:
    calls.new_users("paul")
    paul, order = calls.as_("paul"), calls.buy(2, by="paul")
    expect_ok(paul.post(f"/orders/{order['order_id']}/refunds", {"quantity": 1}), 201)
    expect_problem(paul.post("/orders", purchase_request(calls, token="tok_declined")), 402, "payment-declined")
    page = expect_ok(paul.get("/payments?limit=1"))
    (paid,) = expect_ok(paul.get(f"/payments?cursor={page['next_cursor']}"))["items"]
    assert page["items"][0]["status"] == "declined"
    assert (
        paid.items() >= {**order["payment"], "order_id": order["order_id"], "title": order["product"]["title"]}.items()
    )
    assert paid["refunded"] == {"amount": 12_900, "currency": "CNY"}
    expect_problem(paul.get("/payments?limit=0"), 422, "invalid-request")


def test_lists_are_filtered_by_current_state(calls: Running, expiring: dict[str, Any]) -> None:
    calls.new_users("flo")
    flo, order = calls.as_("flo"), calls.buy(2, by="flo")
    sent = calls.give(order["order_id"], by="flo")
    assert [item["order_id"] for item in expect_ok(flo.get("/orders?state=to_give"))["items"]] == [order["order_id"]]
    holding = expect_ok(claim(calls.as_("bob"), sent), 201)
    (claimed,) = expect_ok(flo.get("/gifts?role=sent&state=claimed"))["items"]
    assert claimed["gift_id"] == sent["gift_id"]
    assert expect_ok(flo.get("/gifts?role=sent&state=open"))["items"] == []
    listed = expect_ok(calls.as_("bob").get("/holdings?state=usable&limit=100"))["items"]
    assert holding in map(without_details, listed)
    for path in ("/orders?state=given", "/gifts?role=sent&state=lost", "/holdings?state=open"):
        assert expect_problem(flo.get(path), 422, "invalid-request")["errors"][0]["pointer"] == "?state"


def test_post_use(calls: Running) -> None:
    alice, order = calls.as_("alice"), calls.buy(3)
    path = f"/orders/{order['order_id']}/use"
    holdings = expect_ok(alice.post(path, {"quantity": 2}), 201)["holdings"]
    assert len({holding["code"] for holding in holdings}) == 2
    assert {(holding["gift_id"], holding["state"]) for holding in holdings} == {(None, "usable")}
    expect_problem(alice.post(path, {"quantity": 2}), 409, "units-not-available")
    expect_problem(calls.as_("bob").post(path, {"quantity": 1}), 404, "not-found")
    parcels = calls.buy(2, product="parcel")
    path = f"/orders/{parcels['order_id']}/use"
    expect_problem(alice.post(path, {"quantity": 2}), 422, "address-required")
    (parcel,) = expect_ok(alice.post(path, {"quantity": 2, "address": ADDRESS}), 201)["holdings"]
    assert (parcel["kind"], parcel["state"]) == ("parcel", "ready_to_ship")
    assert expect_ok(alice.get(f"/shipments/{parcel['shipment_id']}"))["address"] == ADDRESS | {"region": None}


def test_post_use_of_fifty_units_at_once(calls: Running) -> None:
    order = calls.buy(50)
    answer = calls.as_("alice").post(f"/orders/{order['order_id']}/use", {"quantity": 50})
    assert len({holding["code"] for holding in expect_ok(answer, 201)["holdings"]}) == 50


def test_post_refunds(calls: Running) -> None:
    alice, order = calls.as_("alice"), calls.buy(2)
    path = f"/orders/{order['order_id']}/refunds"
    refund = expect_ok(alice.post(path, {"quantity": 1}), 201)
    assert set(refund) == {"refund_id", "quantity", "total", "status"}
    assert (refund["quantity"], refund["status"], refund["total"]["amount"]) == (1, "refunded", 12_900)
    calls.give(order["order_id"])
    expect_problem(alice.post(path, {"quantity": 1}), 409, "units-not-available")
    expect_problem(calls.as_("bob").post(path, {"quantity": 1}), 404, "not-found")
    whole = calls.buy()
    expect_ok(alice.post(f"/orders/{whole['order_id']}/refunds", {"quantity": 1}), 201)
    assert expect_ok(alice.get(f"/orders/{whole['order_id']}"))["state"] == "refunded"


# --- giving -------------------------------------------------------------------------------------------------------


def test_post_gifts_by_link(calls: Running) -> None:
    order = calls.buy(2)
    gift = calls.give(order["order_id"], shares=2)
    assert {
        "gift_id", "order_id", "product", "state", "presentation", "wrapping", "shares", "remaining", "recipient_id",
        "expires_at", "created_at", "claims", "in_return_for", "share_url", "secret",
    } <= set(gift)  # fmt: skip
    assert gift["share_url"].endswith(f"/g/{gift['gift_id']}#{gift['secret']}")
    assert len(gift["secret"]) >= 22  # 128 bits in base64
    window = datetime.fromisoformat(gift["expires_at"]) - datetime.fromisoformat(gift["created_at"])
    assert window == timedelta(seconds=calls.stack["claim_window_seconds"])
    read = expect_ok(calls.as_("alice").get(f"/gifts/{gift['gift_id']}"))
    assert not {"secret", "share_url"} & set(read)


def test_post_gifts_to_a_named_recipient(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"], recipient_id=bob_id(calls))
    assert gift["secret"] is None
    assert "#" not in gift["share_url"]
    seen = expect_ok(calls.as_("bob").get(f"/gifts/{gift['gift_id']}"))
    assert (seen["title"], seen["store_name"]) == ("Afternoon tea for two", "Tea House")
    expect_problem(claim(calls.as_("carol"), gift), 403, "not-the-recipient")
    expect_ok(claim(calls.as_("bob"), gift), 201)


def test_post_gifts_is_rejected(calls: Running) -> None:
    alice, order = calls.as_("alice"), calls.buy(2)
    path = f"/orders/{order['order_id']}/gifts"
    body = {"shares": 1, "wrapping": WRAPPING}
    expect_problem(calls.as_("bob").post(path, body), 404, "not-found")
    expect_problem(alice.post(path, body | {"shares": 3}), 409, "units-not-available")
    expect_problem(alice.post(path, body | {"recipient_id": "nobody"}), 422, "recipient-unknown")
    expect_problem(alice.post(path, body | {"recipient_id": alice.user_id}), 422, "self-gift")
    for wrapping in (PARCEL_WRAPPING, WRAPPING | {"cover_id": "none"}, WRAPPING | {"blessing_id": "none"}):
        expect_problem(alice.post(path, body | {"wrapping": wrapping}), 422, "unknown-wrapping")
    for change in (
        {"shares": 51},
        {"shares": 2, "recipient_id": bob_id(calls)},
        {"wrapping": {"cover_id": "red-classic"}},
        {"wrapping": {"cover_id": "red-classic", "message": "x" * 61}},
    ):
        expect_problem(alice.post(path, body | change), 422, "invalid-request")
    assert expect_ok(alice.get(f"/orders/{order['order_id']}"))["units"]["available"] == 2


def test_post_gifts_beyond_a_hundred_open_gifts_is_limited(calls: Running) -> None:
    calls.new_users("generous")
    generous = calls.as_("generous")
    received = calls.give(calls.buy()["order_id"])
    expect_ok(claim(generous, received), 201)
    orders = [calls.buy(10, by="generous")["order_id"] for _ in range(10)]
    last = calls.buy(by="generous")
    with ThreadPoolExecutor(len(orders)) as pool:
        list(pool.map(lambda order: [calls.give(order, by="generous") for _ in range(10)], orders))
    answer = generous.post(f"/orders/{last['order_id']}/gifts", {"shares": 1, "wrapping": WRAPPING})
    expect_problem(answer, 429, "too-many-open-gifts")
    assert int(answer.headers["retry-after"]) > 0
    # Return gifts are limited by the counts, which the stream updates.
    assert eventually(lambda: calls.get_counts(generous)["awaiting_claim"] >= 100, 10)
    body = {"product_id": calls.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    expect_problem(generous.post(f"/gifts/{received['gift_id']}/return-gifts", body), 429, "too-many-open-gifts")


def test_get_gifts_of_an_order_and_of_a_user(calls: Running) -> None:
    order = calls.buy(2)
    gifts = [calls.give(order["order_id"]) for _ in range(2)]
    ids = [gift["gift_id"] for gift in reversed(gifts)]
    alice = calls.as_("alice")
    listed = expect_ok(alice.get(f"/orders/{order['order_id']}/gifts"))["items"]
    assert [item["gift_id"] for item in listed] == ids
    assert [item["gift_id"] for item in expect_ok(alice.get("/gifts?role=sent&limit=2"))["items"]] == ids
    expect_ok(claim(calls.as_("bob"), gifts[0]), 201)
    (received,) = expect_ok(calls.as_("bob").get("/gifts?role=received&limit=1"))["items"]
    assert {"holding", "store_id", "claims"} <= set(received)
    expect_problem(calls.as_("bob").get(f"/orders/{order['order_id']}/gifts"), 404, "not-found")
    expect_problem(alice.get("/gifts"), 422, "invalid-request")


def test_get_gift_depends_on_the_viewer(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"])
    path = f"/gifts/{gift['gift_id']}"
    preview = expect_ok(calls.as_(None).get(f"{path}/preview"))
    assert expect_ok(calls.as_("carol").get(path)) == preview
    holding = expect_ok(claim(calls.as_("bob"), gift), 201)
    bobs, alices = expect_ok(calls.as_("bob").get(path)), expect_ok(calls.as_("alice").get(path))
    assert bobs["holding"] == holding
    claimed_at = alices["claims"][0]["claimed_at"]
    assert alices["claims"] == bobs["claims"]
    assert alices["claims"] == [{"display_name": "Bob", "claimed_at": claimed_at, "thanks": None}]
    assert holding["code"] not in json.dumps(alices)
    expect_problem(calls.as_("bob").get("/gifts/unknown"), 404, "not-found")


# --- claiming, in the order of the checks -------------------------------------------------------------------------


def test_post_claims_checks_in_order(calls: Running) -> None:
    bob, carol, alice = calls.as_("bob"), calls.as_("carol"), calls.as_("alice")
    gift = calls.give(calls.buy()["order_id"])
    path = f"/gifts/{gift['gift_id']}/claims"
    assert calls.as_(None).post(path, {}).status_code == 401
    expect_problem(bob.post("/gifts/unknown/claims", {"secret": 5}), 404, "not-found")
    expect_problem(alice.post(path, {"secret": 5}), 422, "invalid-request")
    expect_problem(alice.post(path, {"secret": "wrong"}), 403, "own-gift")
    expect_problem(bob.post(path, {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(bob.post(path, {}), 403, "wrong-secret")
    holding = expect_ok(claim(bob, gift), 201)
    assert expect_ok(claim(bob, gift)) == holding
    assert expect_ok(bob.post(path, {"secret": "any"})) == holding
    expect_problem(claim(carol, gift), 409, "already-claimed")
    assert {
        "holding_id", "kind", "gift_id", "store_id", "store_name", "received_at", "state", "product", "code",
        "valid_until",
    } <= set(holding)  # fmt: skip


def test_post_claims_of_a_parcel_checks_the_address_last(calls: Running) -> None:
    gift = calls.give(calls.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING)
    bob = calls.as_("bob")
    expect_problem(bob.post(f"/gifts/{gift['gift_id']}/claims", {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(claim(bob, gift), 422, "address-required")
    expect_problem(claim(bob, gift, address=ADDRESS | {"city": ""}), 422, "invalid-request")
    parcel = expect_ok(claim(bob, gift, address=ADDRESS), 201)
    assert (parcel["state"], "product" in parcel) == ("ready_to_ship", False)
    assert expect_ok(claim(bob, gift)) == parcel


def test_post_claims_of_a_group_gift_is_one_share_each(calls: Running) -> None:
    order = calls.buy(3)
    gift = calls.give(order["order_id"], shares=2)
    first, second = expect_ok(claim(calls.as_("bob"), gift), 201), expect_ok(claim(calls.as_("carol"), gift), 201)
    assert first["holding_id"] != second["holding_id"]
    assert expect_ok(claim(calls.as_("bob"), gift)) == first
    expect_problem(claim(calls.as_("dave"), gift), 409, "already-claimed")
    units = expect_ok(calls.as_("alice").get(f"/orders/{order['order_id']}"))["units"]
    assert units == {"available": 1, "in_gift": 0, "gifted": 2, "used": 0, "refunded": 0}


# --- ending gifts, and return gifts -------------------------------------------------------------------------------


def test_post_decline(calls: Running) -> None:
    order = calls.buy(2)
    gift = calls.give(order["order_id"], recipient_id=bob_id(calls))
    path = f"/gifts/{gift['gift_id']}/decline"
    expect_problem(calls.as_("carol").post(path, {}), 403, "not-the-recipient")
    for _ in range(2):
        assert expect_ok(calls.as_("bob").post(path, {}))["state"] == "declined"
    assert expect_ok(calls.as_("alice").get(f"/orders/{order['order_id']}"))["units"]["available"] == 2
    expect_problem(claim(calls.as_("bob"), gift), 410, "declined")
    expect_problem(calls.as_("alice").post(f"/gifts/{gift['gift_id']}/cancel", {}), 410, "declined")
    expect_problem(calls.as_("bob").post(f"/gifts/{gift['gift_id']}/ask-again", {}), 410, "declined")
    taken = calls.give(order["order_id"], recipient_id=bob_id(calls))
    expect_ok(claim(calls.as_("bob"), taken), 201)
    expect_problem(calls.as_("bob").post(f"/gifts/{taken['gift_id']}/decline", {}), 409, "already-claimed")
    expect_problem(calls.as_("bob").post("/gifts/unknown/decline", {}), 404, "not-found")


def test_a_scheduled_gift(calls: Running) -> None:
    alice, bob, order = calls.as_("alice"), calls.as_("bob"), calls.buy(3)["order_id"]
    now = datetime.fromisoformat(expect_ok(alice.get("/test/clock"))["now"])
    opens_at = (now + timedelta(minutes=10)).isoformat()
    named = calls.give(order, recipient_id=bob_id(calls), send_at=opens_at)
    assert (named["state"], named["opens_at"]) == ("scheduled", format_timestamp(parse_timestamp(opens_at)))
    linked, cancelled = calls.give(order, send_at=opens_at), calls.give(order, send_at=opens_at)
    shown = {"gift_id", "state", "opens_at"}
    for answer in (bob.get(f"/gifts/{named['gift_id']}"), calls.as_(None).get(f"/gifts/{linked['gift_id']}/preview")):
        assert {name for name, value in expect_ok(answer).items() if value is not None} == shown
    expect_problem(claim(bob, named), 409, "not-yet")
    expect_problem(claim(bob, linked), 409, "not-yet")
    expect_problem(bob.post(f"/gifts/{linked['gift_id']}/claims", {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(bob.post(f"/gifts/{named['gift_id']}/decline", {}), 409, "not-yet")
    expect_problem(bob.post(f"/gifts/{named['gift_id']}/ask-again", {}), 409, "not-yet")
    assert expect_ok(alice.post(f"/gifts/{cancelled['gift_id']}/cancel", {}))["state"] == "cancelled"
    received = {item["gift_id"] for item in expect_ok(bob.get("/gifts?role=received&limit=100"))["items"]}
    assert named["gift_id"] not in received
    listed = expect_ok(alice.get("/gifts?role=sent&state=scheduled&limit=100"))["items"]
    assert {named["gift_id"], linked["gift_id"]} <= {item["gift_id"] for item in listed}
    calls.advance_to(named["opens_at"])
    # The message is there when the clock answers.
    inbox = [each for each in expect_ok(bob.get("/messages?limit=100"))["items"] if each["gift_id"] == named["gift_id"]]
    assert [(each["kind"], each["created_at"]) for each in inbox] == [("gift_received", named["opens_at"])]
    assert expect_ok(bob.get("/gifts?role=received"))["items"][0]["gift_id"] == named["gift_id"]
    expect_ok(claim(bob, named), 201)
    expect_ok(claim(bob, linked), 201)
    past = (now - timedelta(seconds=1)).isoformat()
    body = {"shares": 1, "wrapping": WRAPPING, "send_at": past}
    expect_problem(alice.post(f"/orders/{order}/gifts", body), 422, "invalid-request")
    late = body | {"send_at": (now + timedelta(days=91)).isoformat()}
    expect_problem(alice.post(f"/orders/{order}/gifts", late), 422, "not-giftable")


def test_post_cancel(calls: Running) -> None:
    order = calls.buy(3)
    gift = calls.give(order["order_id"], shares=2)
    expect_ok(claim(calls.as_("bob"), gift), 201)
    path = f"/gifts/{gift['gift_id']}/cancel"
    expect_problem(calls.as_("bob").post(path, {}), 404, "not-found")
    for _ in range(2):
        assert expect_ok(calls.as_("alice").post(path, {}))["state"] == "cancelled"
    units = expect_ok(calls.as_("alice").get(f"/orders/{order['order_id']}"))["units"]
    assert units == {"available": 2, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 0}
    expect_problem(claim(calls.as_("carol"), gift), 410, "cancelled")
    named = calls.give(order["order_id"], recipient_id=bob_id(calls))
    expect_ok(calls.as_("alice").post(f"/gifts/{named['gift_id']}/cancel", {}))
    expect_problem(calls.as_("bob").post(f"/gifts/{named['gift_id']}/decline", {}), 410, "cancelled")
    expect_problem(calls.as_("bob").post(f"/gifts/{named['gift_id']}/ask-again", {}), 410, "cancelled")
    taken = calls.give(order["order_id"])
    expect_ok(claim(calls.as_("bob"), taken), 201)
    expect_problem(calls.as_("alice").post(f"/gifts/{taken['gift_id']}/cancel", {}), 409, "already-claimed")


def test_put_at_end(calls: Running) -> None:
    alice, order, bob = calls.as_("alice"), calls.buy(5), bob_id(calls)
    carol = expect_ok(calls.as_("carol").get("/me"))["user_id"]
    gift = calls.give(order["order_id"], recipient_id=bob, at_end={"then": "refund"})
    assert (gift["at_end"], gift["successor_gift_id"]) == ({"then": "refund"}, None)
    path = f"/gifts/{gift['gift_id']}/at-end"
    for at_end in ({"then": "order"}, {"then": "give_to", "recipient_id": carol}):
        for _ in range(2):
            assert expect_ok(alice.put(path, at_end))["at_end"] == at_end
    expect_problem(calls.as_("bob").put(path, {"then": "refund"}), 404, "not-found")
    expect_problem(alice.put(path, {"then": "give_to"}), 422, "invalid-request")
    expect_problem(alice.put(path, {"then": "give_to", "recipient_id": "nobody"}), 422, "recipient-unknown")
    expect_problem(alice.put(path, {"then": "give_to", "recipient_id": gift_giver(calls)}), 422, "self-gift")
    group = calls.give(order["order_id"], shares=2)
    answer = alice.put(f"/gifts/{group['gift_id']}/at-end", {"then": "give_to", "recipient_id": carol})
    assert expect_problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "/then"
    body = {"shares": 2, "wrapping": WRAPPING, "at_end": {"then": "give_to", "recipient_id": carol}}
    answer = alice.post(f"/orders/{order['order_id']}/gifts", body, key=new_key())
    assert expect_problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "/at_end"
    for ending, status, code in (("claims", 409, "already-claimed"), ("decline", 410, "declined")):
        ended = calls.give(order["order_id"], recipient_id=bob)
        calls.as_("bob").post(f"/gifts/{ended['gift_id']}/{ending}", {})
        expect_problem(alice.put(f"/gifts/{ended['gift_id']}/at-end", {"then": "order"}), status, code)
    expect_ok(alice.post(f"/gifts/{gift['gift_id']}/cancel", {}))
    expect_problem(alice.put(path, {"then": "order"}), 410, "cancelled")


def end_by_all(calls: Running) -> Iterator[tuple[dict[str, Any], int, str]]:
    """Yield gifts to Bob that were claimed, cancelled and declined, with the problem of everything that comes later."""
    order = calls.buy(3)["order_id"]
    for action, name, status, code in (
        ("claims", "bob", 409, "already-claimed"),
        ("cancel", "alice", 410, "cancelled"),
        ("decline", "bob", 410, "declined"),
    ):
        gift = calls.give(order, recipient_id=bob_id(calls))
        expect_ok(calls.as_(name).post(f"/gifts/{gift['gift_id']}/{action}", {}), 201 if action == "claims" else 200)
        yield gift, status, code


def test_post_link(calls: Running) -> None:
    alice, bob, order, key = calls.as_("alice"), calls.as_("bob"), calls.buy(2)["order_id"], new_key()
    gift, other = calls.give(order), calls.give(order)
    path = f"/gifts/{gift['gift_id']}/link"
    link = expect_ok(alice.post(path, {}, key=key))
    assert link == expect_ok(alice.post(path, {}, key=key))
    assert link["share_url"] == gift["share_url"].partition("#")[0] + f"#{link['secret']}"
    expect_problem(alice.post(f"/gifts/{other['gift_id']}/link", {}, key=key), 422, "idempotency-key-reused")
    expect_problem(bob.post(path, {}, key=new_key()), 404, "not-found")
    expect_problem(alice.request("POST", path), 400, "idempotency-key-required")
    expect_problem(claim(bob, gift), 403, "wrong-secret")
    expect_ok(claim(bob, gift | {"secret": link["secret"]}), 201)
    expect_problem(alice.post(path, {}, key=new_key()), 409, "already-claimed")
    for ended, status, code in end_by_all(calls):
        expect_problem(alice.post(f"/gifts/{ended['gift_id']}/link", {}, key=new_key()), status, code)
    named = calls.give(calls.buy()["order_id"], recipient_id=bob_id(calls))
    expect_problem(alice.post(f"/gifts/{named['gift_id']}/link", {}, key=new_key()), 409, "already-named")


def test_put_recipient(calls: Running) -> None:
    calls.new_users("ruth", "tom")
    alice, bob, ruth = calls.as_("alice"), calls.as_("bob"), calls.as_("ruth")
    carol = expect_ok(calls.as_("carol").get("/me"))["user_id"]
    order = calls.buy(6)["order_id"]
    gift = calls.give(order)
    path = f"/gifts/{gift['gift_id']}"

    def rename(recipient_id: object, path: str = path) -> httpx.Response:
        return alice.put(f"{path}/recipient", {"recipient_id": recipient_id})

    for _ in range(2):
        assert expect_ok(rename(bob_id(calls)))["recipient_id"] == bob_id(calls)
    assert expect_ok(bob.get(path))["state"] == "open"
    assert expect_ok(rename(carol))["expires_at"] == gift["expires_at"]
    assert expect_ok(bob.get(path))["state"] == "cancelled"
    expect_problem(claim(bob, gift), 410, "cancelled")
    expect_problem(rename(gift_giver(calls)), 422, "self-gift")
    expect_problem(rename("nobody-with-this-id"), 422, "recipient-unknown")
    expect_problem(rename(None), 422, "invalid-request")
    expect_problem(bob.put(f"{path}/recipient", {"recipient_id": carol}), 404, "not-found")
    expect_ok(rename(ruth.user_id))
    expect_problem(rename(carol), 429, "too-many-changes")
    for _ in range(2):
        calls.give(order, recipient_id=str(ruth.user_id))
    other = f"/gifts/{calls.give(order)['gift_id']}"
    expect_problem(rename(ruth.user_id, other), 429, "too-many-gifts")
    expect_ok(claim(bob, calls.give(order)), 201)
    contact = WRAPPING | {"blessing_id": None, "message": "Look at example.com"}
    known = calls.give(order, recipient_id=bob_id(calls), wrapping=contact)
    refused = expect_problem(rename(calls.as_("tom").user_id, f"/gifts/{known['gift_id']}"), 422, "message-refused")
    assert refused["errors"][0]["pointer"] == "/recipient_id"
    for ended, status, code in end_by_all(calls):
        expect_problem(rename(carol, f"/gifts/{ended['gift_id']}"), status, code)


def test_post_gifts_extend(calls: Running) -> None:
    alice, bob = calls.as_("alice"), calls.as_("bob")
    with environment_of(calls, "PurchaseFunction", POLICY="kakao"):
        order = calls.buy(product="parcel")
    gift = calls.give(order["order_id"], wrapping=PARCEL_WRAPPING)
    path = f"/gifts/{gift['gift_id']}/extend"
    extended = expect_ok(alice.post(path, {"seconds": 3600}))
    assert extended["expires_at"] > gift["expires_at"]
    assert expect_ok(alice.get(path.removesuffix("/extend")))["expires_at"] == extended["expires_at"]
    expect_problem(alice.post(path, {"seconds": 7 * 86_400}), 409, "not-extendable")
    expect_problem(alice.post(path, {"seconds": 0}), 422, "invalid-request")
    expect_problem(bob.post(path, {"seconds": 1}), 404, "not-found")
    for ended, status, code in end_by_all(calls):
        expect_problem(alice.post(f"/gifts/{ended['gift_id']}/extend", {"seconds": 1}), status, code)


def test_post_remind(calls: Running) -> None:
    alice, bob, order = calls.as_("alice"), calls.as_("bob"), calls.buy(3)["order_id"]
    gift = calls.give(order, recipient_id=bob_id(calls))
    path = f"/gifts/{gift['gift_id']}/remind"
    reminded = expect_ok(alice.post(path, {}), 202)
    assert [TIME.fullmatch(at) is not None for at in reminded["reminded_at"]] == [True]
    refused = alice.post(path, {})
    expect_problem(refused, 429, "too-many-reminders")
    assert 0 < int(refused.headers["retry-after"]) <= 6 * 3600
    expect_problem(bob.post(path, {}), 404, "not-found")
    expect_problem(alice.post(f"/gifts/{calls.give(order)['gift_id']}/remind", {}), 409, "not-named")
    scheduled = calls.give(order, recipient_id=bob_id(calls), send_at=now_in(calls, 60))
    expect_problem(alice.post(f"/gifts/{scheduled['gift_id']}/remind", {}), 409, "not-yet")
    for ended, status, code in end_by_all(calls):
        expect_problem(alice.post(f"/gifts/{ended['gift_id']}/remind", {}), status, code)

    def kinds() -> list[str]:
        return [each["kind"] for each in expect_ok(bob.get("/messages"))["items"] if each["gift_id"] == gift["gift_id"]]

    assert eventually(lambda: sorted(kinds()) == ["gift_received", "gift_reminder"], 5)


def test_put_at_end_of_a_gift_whose_window_ends_with_its_vouchers(calls: Running) -> None:
    alice, mia, store = calls.as_("alice"), calls.as_("mia"), calls.stack["users"]["mia"]["store_id"]
    carol = expect_ok(calls.as_("carol").get("/me"))["user_id"]
    price = {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "Today", "category": "food", "price": price, "validity_days": 1}
    product = expect_ok(mia.put(f"/stores/{store}/products/today-{new_key()}", body))
    order = expect_ok(alice.post("/orders", purchase_request(calls) | {"product_id": product["product_id"]}), 201)
    gift = calls.give(order["order_id"], recipient_id=bob_id(calls))
    answer = alice.put(f"/gifts/{gift['gift_id']}/at-end", {"then": "give_to", "recipient_id": carol})
    assert expect_problem(answer, 422, "not-giftable")["rule"] == "minimum_window"
    assert expect_ok(alice.get(f"/gifts/{gift['gift_id']}"))["at_end"] == {"then": "order"}


def gift_giver(calls: Running) -> str:
    return str(expect_ok(calls.as_("alice").get("/me"))["user_id"])


def test_post_ask_again_before_the_end_is_too_early(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"])
    path = f"/gifts/{gift['gift_id']}/ask-again"
    expect_problem(calls.as_("bob").post(path, {"secret": gift["secret"]}), 409, "still-open")
    expect_ok(claim(calls.as_("bob"), gift), 201)
    expect_problem(calls.as_("carol").post(path, {"secret": gift["secret"]}), 409, "already-claimed")
    expect_problem(calls.as_("bob").post("/gifts/unknown/ask-again", {}), 404, "not-found")


def test_post_report(calls: Running) -> None:
    alice, bob, carol, order = calls.as_("alice"), calls.as_("bob"), calls.as_("carol"), calls.buy(2)
    gift, named = calls.give(order["order_id"]), calls.give(order["order_id"], recipient_id=bob_id(calls))
    body = {"reason": "It is an advertisement.", "secret": gift["secret"]}
    path = f"/gifts/{gift['gift_id']}/report"
    for _ in range(2):
        assert expect_ok(bob.post(path, body), 202) == {"reported": True}
    expect_ok(bob.post(f"/gifts/{named['gift_id']}/report", {"reason": "spam"}), 202)
    expect_problem(alice.post(path, body), 403, "own-gift")
    expect_problem(carol.post(path, {"reason": "spam"}), 403, "wrong-secret")
    expect_problem(carol.post(f"/gifts/{named['gift_id']}/report", body), 403, "not-the-recipient")
    expect_problem(carol.post("/gifts/unknown/report", body), 404, "not-found")
    expect_problem(carol.post(path, {"secret": gift["secret"]}), 422, "invalid-request")
    expect_ok(alice.post(f"/gifts/{gift['gift_id']}/cancel", {}))
    expect_ok(carol.post(path, body), 202)


def test_words_that_break_the_rules_are_refused_with_a_pointer(calls: Running) -> None:
    calls.new_users("writer", "stranger")
    writer, stranger = calls.as_("writer"), calls.as_("stranger")

    def refused(answer: httpx.Response, pointer: str) -> None:
        assert [each["pointer"] for each in expect_problem(answer, 422, "message-refused")["errors"]] == [pointer]

    def give(message: str, **more: object) -> httpx.Response:
        body = {"shares": 1, "wrapping": {"cover_id": "red-classic", "message": message}, **more}
        return writer.post(f"/orders/{order['order_id']}/gifts", body, key=new_key())

    order = expect_ok(writer.post("/orders", purchase_request(calls, quantity=5)), 201)
    for link in ("www.evil.example", "t.me/prizes", "+49 171 1234567", "win@evil.example"):
        refused(give(f"Look: {link}"), "/wrapping/message")
        refused(give(f"Look: {link}", recipient_id=stranger.user_id), "/wrapping/message")
    refused(give("tok_refused"), "/wrapping/message")  # the stand-in of a moderation service
    gift = expect_ok(give("Happy birthday.My friend"), 201)
    named = expect_ok(give("For you", at_end={"then": "order"}, recipient_id=stranger.user_id), 201)
    assert expect_ok(claim(stranger, gift), 201)
    expect_ok(give("www.evil.example", recipient_id=stranger.user_id), 201)  # they have exchanged gifts
    refused(give("www.evil.example"), "/wrapping/message")
    refused(stranger.post(f"/gifts/{gift['gift_id']}/thanks", {"message": "tok_refused"}, key=new_key()), "/message")
    words = {"cover_id": "red-thanks", "message": "tok_refused"}
    back = {"product_id": calls.stack["products"]["voucher"], "payment": payment(), "wrapping": words}
    refused(stranger.post(f"/gifts/{gift['gift_id']}/return-gifts", back, key=new_key()), "/wrapping/message")
    linked = expect_ok(give("www.evil.example", recipient_id=stranger.user_id), 201)
    end = {"then": "give_to", "recipient_id": bob_id(calls)}
    refused(writer.put(f"/gifts/{linked['gift_id']}/at-end", end), "/recipient_id")
    refused(writer.put(f"/gifts/{linked['gift_id']}/recipient", {"recipient_id": bob_id(calls)}), "/recipient_id")
    assert named["giver_name"] == "Writer"


def test_notes_that_break_the_rules_are_refused_with_a_pointer(calls: Running) -> None:
    bob, mia = calls.as_("bob"), calls.as_("mia")
    parcel = parcel_of_bob(calls)
    expect_ok(report(calls, parcel["shipment_id"], "delivered"))
    path = f"/holdings/{parcel['holding_id']}/refund-requests"
    answer = bob.post(path, {"reason": "damaged", "note": "Pictures: bit.ly/abc"}, key=new_key())
    assert expect_problem(answer, 422, "message-refused")["errors"][0]["pointer"] == "/note"
    asked = expect_ok(bob.post(path, {"reason": "damaged", "note": "Broken"}, key=new_key()), 201)
    decision = f"/refund-requests/{asked['refund_request_id']}/decision"
    answer = mia.post(decision, {"approve": False, "note": "Call 0171 1234567"})
    assert expect_problem(answer, 422, "message-refused")["errors"][0]["pointer"] == "/note"


def test_delete_message(calls: Running) -> None:
    calls.new_users("teller", "listener")
    teller, listener = calls.as_("teller"), calls.as_("listener")
    order = expect_ok(teller.post("/orders", purchase_request(calls)), 201)
    body = {"shares": 1, "recipient_id": listener.user_id, "wrapping": WRAPPING}
    gift = expect_ok(teller.post(f"/orders/{order['order_id']}/gifts", body), 201)
    assert eventually(lambda: bool(messages_about(listener, gift)), 5)
    (message,) = messages_about(listener, gift)
    path = f"/messages/{message['message_id']}"
    expect_problem(teller.request("DELETE", path), 404, "not-found")
    for _ in range(2):
        answer = listener.request("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (messages_about(listener, gift), calls.get_counts(listener)["unread"]) == ([], 0)
    expect_problem(listener.request("DELETE", "/messages/unknown"), 404, "not-found")


def test_post_opened(calls: Running) -> None:
    alice, bob, carol, order = calls.as_("alice"), calls.as_("bob"), calls.as_("carol"), calls.buy(6)
    gift = calls.give(order["order_id"])
    path, secret = f"/gifts/{gift['gift_id']}/opened", {"secret": gift["secret"]}
    for _ in range(2):
        answer = bob.post(path, secret)
        assert (answer.status_code, answer.content) == (204, b"")
    view = expect_ok(alice.get(f"/gifts/{gift['gift_id']}"))
    assert (TIME.fullmatch(view["opened_at"]) is not None, view["opened_count"]) == (True, 1)
    expect_problem(alice.post(path, secret), 403, "own-gift")
    expect_problem(bob.post(path, {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(bob.post(path, {"more": 1}), 422, "invalid-request")
    expect_problem(bob.post("/gifts/unknown/opened", {}), 404, "not-found")
    named = calls.give(order["order_id"], recipient_id=bob_id(calls))
    expect_problem(carol.post(f"/gifts/{named['gift_id']}/opened", {}), 403, "not-the-recipient")
    expect_ok(claim(bob, named), 201)
    assert bob.post(f"/gifts/{named['gift_id']}/opened", {}).status_code == 204
    expect_ok(claim(bob, gift), 201)
    expect_problem(carol.post(path, secret), 409, "already-claimed")
    for ending, action, client in (("cancelled", "cancel", alice), ("declined", "decline", bob)):
        ended = calls.give(order["order_id"], recipient_id=bob_id(calls))
        expect_ok(client.post(f"/gifts/{ended['gift_id']}/{action}", {}))
        expect_problem(bob.post(f"/gifts/{ended['gift_id']}/opened", {}), 410, ending)


def test_post_opened_of_a_scheduled_gift_is_too_early(calls: Running) -> None:
    now = datetime.fromisoformat(expect_ok(calls.as_("alice").get("/test/clock"))["now"])
    later = (now + timedelta(days=300)).isoformat()
    gift = calls.give(calls.buy(product="parcel")["order_id"], wrapping=PARCEL_WRAPPING, send_at=later)
    path = f"/gifts/{gift['gift_id']}/opened"
    expect_problem(calls.as_("bob").post(path, {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(calls.as_("bob").post(path, {"secret": gift["secret"]}), 409, "not-yet")


def test_post_opened_by_a_group(calls: Running) -> None:
    gift = calls.give(calls.buy(3)["order_id"], shares=3)
    path, secret = f"/gifts/{gift['gift_id']}/opened", {"secret": gift["secret"]}
    assert expect_ok(calls.as_("dave").request("PATCH", "/me", json={"tell_opened": False}))["tell_opened"] is False
    for name in ("bob", "carol", "bob", "dave"):
        assert calls.as_(name).post(path, secret).status_code == 204
    assert expect_ok(calls.as_("alice").get(f"/gifts/{gift['gift_id']}"))["opened_count"] == 2
    expect_ok(calls.as_("dave").request("PATCH", "/me", json={"tell_opened": True}))


def test_post_thanks_and_get_timeline(calls: Running) -> None:
    alice, bob, carol = calls.as_("alice"), calls.as_("bob"), calls.as_("carol")
    gift = calls.give(calls.buy(2)["order_id"], shares=2)
    path, words = f"/gifts/{gift['gift_id']}", {"message": "Thank you, Alice!"}
    expect_problem(bob.post(f"{path}/thanks", words), 403, "not-claimed")
    expect_problem(bob.get(f"{path}/timeline"), 404, "not-found")
    expect_problem(bob.get("/gifts/unknown/timeline"), 404, "not-found")
    held = expect_ok(claim(bob, gift), 201)
    expect_ok(claim(carol, gift), 201)
    assert "thank" in expect_ok(bob.get(f"/holdings/{held['holding_id']}"))["actions"]
    for wrong in ({"message": ""}, {"more": 1}):
        assert expect_problem(bob.post(f"{path}/thanks", wrong), 422, "invalid-request")["errors"]
    expect_problem(bob.post("/gifts/unknown/thanks", words), 404, "not-found")
    key = new_key()
    thanks = expect_ok(bob.post(f"{path}/thanks", words, key=key), 201)
    assert (thanks["message"], TIME.fullmatch(thanks["at"]) is not None) == (words["message"], True)
    assert expect_ok(bob.post(f"{path}/thanks", words, key=key), 201) == thanks
    expect_problem(bob.post(f"{path}/thanks", words), 409, "already-thanked")
    assert "thank" not in expect_ok(bob.get(f"/holdings/{held['holding_id']}"))["actions"]
    assert [each["thanks"] for each in expect_ok(alice.get(path))["claims"]] == [thanks, None]
    seen = {
        name: [(item["kind"], item["display_name"], item["message"]) for item in expect_ok(answer)["items"]]
        for name, answer in (
            (client, calls.as_(client).get(f"{path}/timeline")) for client in ("alice", "bob", "carol")
        )
    }
    given, claims = [("given", None, None)], [("claimed", "Bob", None), ("claimed", "Carol", None)]
    assert seen["alice"] == seen["bob"] == [*given, *claims, ("thanked", "Bob", words["message"])]
    assert seen["carol"] == [*given, *claims]


def test_post_return_gifts(calls: Running) -> None:
    bob, carol = calls.as_("bob"), calls.as_("carol")
    gift = calls.give(calls.buy()["order_id"])
    path = f"/gifts/{gift['gift_id']}/return-gifts"
    products = calls.stack["products"]
    body = {"product_id": products["voucher"], "payment": payment(), "wrapping": WRAPPING}
    expect_problem(bob.post(path, body), 403, "not-claimed")
    expect_ok(claim(bob, gift), 201)
    expect_problem(carol.post(path, body), 403, "not-claimed")
    expect_problem(bob.post(path, body | {"product_id": products["other_store"]}), 422, "other-store")
    expect_problem(bob.post(path, body | {"product_id": products["jewelry"]}), 422, "not-giftable")
    expect_problem(bob.post(path, body | {"product_id": "unknown"}), 404, "not-found")
    expect_problem(bob.post(path, body | {"wrapping": PARCEL_WRAPPING}), 422, "unknown-wrapping")
    expect_problem(bob.post(path, body | {"payment": payment("tok_declined")}), 402, "payment-declined")
    shown = {"amount": 1, "currency": "CNY"}
    expect_problem(bob.post(path, body | {"expected_total": shown}), 409, "price-changed")
    silent, silent_key = body | {"payment": payment("tok_no_reply")}, new_key()
    expect_problem(bob.post(path, silent, key=silent_key), 503, "payment-unknown")
    pending = expect_ok(bob.post(path, silent, key=silent_key), 202)["order"]
    expect_ok(bob.post(f"/orders/{pending['order_id']}/cancel", {}))
    expect_problem(bob.post(path, silent, key=silent_key), 409, "order-cancelled")
    key, late = new_key(), body | {"payment": payment("tok_timeout")}
    expect_problem(bob.post(path, late, key=key), 503, "payment-unknown")
    made = expect_ok(bob.post(path, late, key=key), 201)
    assert expect_ok(bob.post(path, late, key=key), 201)["gift"]["gift_id"] == made["gift"]["gift_id"]
    assert made["order"]["units"] == {"available": 0, "in_gift": 1, "gifted": 0, "used": 0, "refunded": 0}
    assert made["gift"]["recipient_id"] == calls.stack["users"]["alice"]["user_id"]
    assert made["gift"]["in_return_for"] == gift["gift_id"]
    expect_problem(bob.post(path, body), 409, "already-returned")
    expect_problem(bob.post("/gifts/unknown/return-gifts", body), 404, "not-found")


def test_post_return_gifts_of_a_sold_out_product(calls: Running) -> None:
    bob, store, product_id = calls.as_("bob"), calls.stack["users"]["mia"]["store_id"], f"none-{new_key()}"
    body = {"kind": "voucher", "title": "None", "category": "x", "price": {"amount": 1, "currency": "CNY"}, "stock": 0}
    expect_ok(calls.as_("mia").put(f"/stores/{store}/products/{product_id}", body))
    gift = calls.give(calls.buy()["order_id"])
    expect_ok(claim(bob, gift), 201)
    wanted = {"product_id": product_id, "payment": payment(), "wrapping": WRAPPING}
    expect_problem(bob.post(f"/gifts/{gift['gift_id']}/return-gifts", wanted), 409, "out-of-stock")


# --- holdings -----------------------------------------------------------------------------------------------------


def test_get_holdings(calls: Running) -> None:
    bob = calls.as_("bob")
    gift = calls.give(calls.buy()["order_id"])
    holding = expect_ok(claim(bob, gift), 201)
    (listed,) = expect_ok(bob.get("/holdings?limit=1"))["items"]
    assert without_details(listed) == holding
    assert expect_ok(bob.get(f"/holdings/{holding['holding_id']}")) == listed
    assert (listed["refund_request"], listed["actions"]) == (None, ["request_refund", "thank", "return_gift"])
    expect_problem(calls.as_("alice").get(f"/holdings/{holding['holding_id']}"), 404, "not-found")
    picture = bob.get(f"/holdings/{holding['holding_id']}/qr")
    assert (picture.status_code, qr.read(picture.text)) == (200, holding["code"])
    expect_problem(calls.as_("alice").get(f"/holdings/{holding['holding_id']}/qr"), 404, "not-found")


def test_post_holdings_extend(calls: Running) -> None:
    bob = calls.as_("bob")
    sold = expect_ok(claim(bob, calls.give(calls.buy()["order_id"])), 201)
    expect_problem(bob.post(f"/holdings/{sold['holding_id']}/extend", {}), 409, "not-extendable")
    with environment_of(calls, "PurchaseFunction", POLICY="kakao"):
        order = calls.buy()
    holding = expect_ok(claim(bob, calls.give(order["order_id"])), 201)
    path = f"/holdings/{holding['holding_id']}/extend"
    expect_problem(calls.as_("alice").post(path, {}), 404, "not-found")
    extended = expect_ok(bob.post(path, {}))
    assert extended["valid_until"] > holding["valid_until"]
    assert expect_ok(bob.post(path, {})) == expect_ok(bob.get(path.removesuffix("/extend"))) == extended


def test_post_redemptions(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"])
    holding = expect_ok(claim(calls.as_("bob"), gift), 201)
    path = f"/vouchers/{holding['code']}/redemptions"
    expect_problem(calls.as_("bob").post(path, {}), 403, "wrong-role")
    expect_problem(calls.as_("max").post(path, {}), 404, "not-found")
    redeemed = expect_ok(calls.as_("mia").post(path, {}), 201)
    assert (redeemed["redeem_at"], redeemed["valid_until"]) == (
        holding["product"]["redeem_at"],
        holding["valid_until"],
    )
    problem = expect_problem(calls.as_("mia").post(path, {}), 409, "already-redeemed")
    assert problem["redeemed_at"] == redeemed["redeemed_at"]
    assert expect_ok(calls.as_("bob").get(f"/holdings/{holding['holding_id']}"))["state"] == "redeemed"


def test_post_redemptions_with_the_code_in_the_body(calls: Running) -> None:
    gift = calls.give(calls.buy()["order_id"])
    code = expect_ok(claim(calls.as_("bob"), gift), 201)["code"]
    body = {"code": f" {code[:4]}\u2013{code[4:]} ".lower()}
    expect_problem(calls.as_("bob").post("/redemptions", body), 403, "wrong-role")
    expect_problem(calls.as_("max").post("/redemptions", body), 404, "not-found")
    expect_problem(calls.as_("mia").post("/redemptions", {}), 422, "invalid-request")
    redeemed = expect_ok(calls.as_("mia").post("/redemptions", body), 201)
    for again in (("/redemptions", body), (f"/vouchers/{code}/redemptions", {})):
        problem = expect_problem(calls.as_("mia").post(*again), 409, "already-redeemed")
        assert problem["redeemed_at"] == redeemed["redeemed_at"]


def test_a_refunded_voucher_cannot_be_redeemed(calls: Running) -> None:
    bob, mia = calls.as_("bob"), calls.as_("mia")
    holding = expect_ok(claim(bob, calls.give(calls.buy()["order_id"])), 201)
    path = f"/holdings/{holding['holding_id']}"
    before = expect_ok(bob.get(path))
    assert (before["refund_request"], before["actions"]) == (None, ["request_refund", "thank", "return_gift"])
    asked = expect_ok(bob.post(f"{path}/refund-requests", {"reason": "unwanted"}), 201)
    expect_problem(mia.post("/redemptions", {"code": holding["code"]}), 409, "voucher-refunded")
    expect_problem(mia.post(f"/vouchers/{holding['code']}/redemptions", {}), 409, "voucher-refunded")
    after = expect_ok(bob.get(path))
    assert (after["state"], after["actions"]) == ("refunded", ["thank", "return_gift"])
    assert after["refund_request"]["refund_request_id"] == asked["refund_request_id"]
    listed = expect_ok(bob.get("/holdings?state=refunded&limit=100"))["items"]
    assert holding["holding_id"] in {each["holding_id"] for each in listed}


def test_post_undo_of_a_redemption(calls: Running) -> None:
    bob, mia = calls.as_("bob"), calls.as_("mia")
    holding = expect_ok(claim(bob, calls.give(calls.buy()["order_id"])), 201)
    key, body = new_key(), {"reason": "The wrong voucher"}
    redeemed = expect_ok(mia.post("/redemptions", {"code": holding["code"]}, key=key), 201)
    path = f"/vouchers/{holding['code']}/redemptions"
    undo = f"{path}/{redeemed['redemption_id']}/undo"
    expect_problem(bob.post(undo, body), 403, "wrong-role")
    expect_problem(calls.as_("max").post(undo, body), 404, "not-found")
    expect_problem(mia.post(f"{path}/{new_key()}/undo", body), 404, "not-found")
    expect_problem(mia.request("POST", undo, json=body), 400, "idempotency-key-required")
    for reason in ("", "\u200b", "a\nb", "x" * 301, None):
        expect_problem(mia.post(undo, {"reason": reason}), 422, "invalid-request")
    undo_key = new_key()
    undone = expect_ok(mia.post(undo, body, key=undo_key))
    assert (undone["undone_by"], undone["undo_reason"]) == (redeemed["redeemed_by"], body["reason"])
    assert expect_ok(bob.get(f"/holdings/{holding['holding_id']}"))["state"] == "usable"
    assert expect_ok(mia.post(undo, body, key=undo_key)) == expect_ok(mia.post(undo, body)) == undone
    expect_problem(mia.post(undo, {"reason": "Another"}, key=undo_key), 422, "idempotency-key-reused")
    assert expect_ok(mia.post("/redemptions", {"code": holding["code"]}, key=key), 201) == undone
    second = expect_ok(mia.post(path, {}), 201)
    assert second["redemption_id"] != redeemed["redemption_id"]
    kinds = {"voucher_redeemed": 2, "voucher_usable_again": 1}

    def has_messages() -> bool:
        items = expect_ok(bob.get("/messages?limit=50"))["items"]
        kinds_seen = [each["kind"] for each in items if each["params"].get("holding_id") == holding["holding_id"]]
        return {kind: kinds_seen.count(kind) for kind in set(kinds_seen)} == kinds

    assert eventually(has_messages, 10)


# --- refund requests ------------------------------------------------------------------------------------------------


def ask_for_refund(client: Client, holding: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"reason": "unwanted"} | more
    return client.post(f"/holdings/{holding['holding_id']}/refund-requests", body, key=new_key())


def requested_goods(running: Running, **more: Any) -> dict[str, Any]:
    """Return Bob's refund request for goods that were delivered."""
    parcel = parcel_of_bob(running)
    expect_ok(report(running, parcel["shipment_id"], "delivered"))
    return expect_ok(ask_for_refund(running.as_("bob"), parcel, **more), 201) | {"gift": parcel["gift"]}


def test_post_refund_requests(calls: Running) -> None:
    bob, alice = calls.as_("bob"), calls.as_("alice")
    order = calls.buy()
    voucher = expect_ok(claim(bob, calls.give(order["order_id"])), 201)
    path, key = f"/holdings/{voucher['holding_id']}/refund-requests", new_key()
    expect_problem(alice.post(path, {"reason": "unwanted"}, key=new_key()), 404, "not-found")
    expect_problem(bob.post(path, {"reason": "bored"}, key=new_key()), 422, "invalid-request")
    asked = expect_ok(bob.post(path, {"reason": "unwanted", "note": "No time"}, key=key), 201)
    assert {"refund_request_id", "holding_id", "state", "reason", "created_at", "decide_by", "actions"} <= set(asked)
    assert (asked["state"], asked["reason"], asked["actions"]) == ("refunded", "unwanted", [])
    assert expect_ok(bob.post(path, {"reason": "unwanted", "note": "No time"}, key=key), 201) == asked
    expect_problem(bob.post(path, {"reason": "other"}, key=key), 422, "idempotency-key-reused")
    again = expect_problem(bob.post(path, {"reason": "other"}, key=new_key()), 409, "not-refundable")
    assert again["reason"] in ("refunded", "already-requested")
    expect_problem(calls.as_("mia").post(f"/vouchers/{voucher['code']}/redemptions", {}), 409, "voucher-refunded")
    expect_problem(calls.as_("mia").post("/redemptions", {"code": voucher["code"]}), 409, "voucher-refunded")
    assert expect_ok(alice.get(f"/orders/{order['order_id']}"))["units"]["refunded"] == 1


def test_get_refund_requests(calls: Running) -> None:
    asked = requested_goods(calls, note="Broken")
    path = f"/refund-requests/{asked['refund_request_id']}"
    assert expect_ok(calls.as_("bob").get(path))["actions"] == ["withdraw"]
    assert expect_ok(calls.as_("mia").get(path))["note"] == "Broken"
    for who in ("alice", "max", "carol"):
        expect_problem(calls.as_(who).get(path), 404, "not-found")
    assert expect_ok(calls.as_("bob").get("/refund-requests?limit=1"))["items"][0]["holding_id"] == asked["holding_id"]
    expect_problem(calls.as_("bob").get("/refund-requests?limit=0"), 422, "invalid-request")
    mias = f"/stores/{calls.stack['users']['mia']['store_id']}/refund-requests"
    (listed,) = expect_ok(calls.as_("mia").get(f"{mias}?state=requested&limit=1"))["items"]
    assert (listed["refund_request_id"], listed["actions"]) == (asked["refund_request_id"], ["decide"])
    expect_problem(calls.as_("mia").get(f"{mias}?state=maybe"), 422, "invalid-request")
    for who, code, status in (("alice", "wrong-role", 403), ("max", "not-found", 404)):
        expect_problem(calls.as_(who).get(mias), status, code)


def test_post_withdraw(calls: Running) -> None:
    bob = calls.as_("bob")
    request_id = requested_goods(calls)["refund_request_id"]
    expect_problem(calls.as_("mia").post(f"/refund-requests/{request_id}/withdraw", {}), 404, "not-found")
    for _ in range(2):
        assert expect_ok(bob.post(f"/refund-requests/{request_id}/withdraw", {}))["state"] == "withdrawn"
    expect_problem(
        calls.as_("mia").post(f"/refund-requests/{request_id}/decision", {"approve": True}), 409, "already-decided"
    )
    decided = requested_goods(calls)["refund_request_id"]
    expect_ok(calls.as_("mia").post(f"/refund-requests/{decided}/decision", {"approve": False}))
    expect_problem(bob.post(f"/refund-requests/{decided}/withdraw", {}), 409, "already-decided")


def test_post_decision_and_the_return_of_goods(calls: Running) -> None:
    bob, mia = calls.as_("bob"), calls.as_("mia")
    asked = requested_goods(calls)
    request_id = asked["refund_request_id"]
    sent = {"carrier": "SF Express", "tracking_number": "SF-1"}
    for who, code, status in (("alice", "wrong-role", 403), ("max", "not-found", 404)):
        expect_problem(calls.as_(who).post(f"/refund-requests/{request_id}/decision", {"approve": True}), status, code)
        expect_problem(calls.as_(who).post(f"/refund-requests/{request_id}/received", {}), status, code)
        expect_problem(calls.as_(who).post(f"/refund-requests/{request_id}/not-received", {}), status, code)
    expect_problem(mia.post(f"/refund-requests/{request_id}/decision", {"approve": "yes"}), 422, "invalid-request")
    expect_problem(bob.put(f"/refund-requests/{request_id}/return", sent), 409, "no-return-expected")
    expect_problem(mia.post(f"/refund-requests/{request_id}/received", {}), 409, "no-return-expected")
    expect_problem(mia.post(f"/refund-requests/{request_id}/not-received", {}), 409, "no-return-expected")
    for _ in range(2):
        decided = expect_ok(
            mia.post(f"/refund-requests/{request_id}/decision", {"approve": True, "note": "Please send it back"})
        )
        assert (decided["state"], decided["decision_note"]) == ("approved", "Please send it back")
    expect_problem(mia.post(f"/refund-requests/{request_id}/decision", {"approve": False}), 409, "already-decided")
    expect_problem(bob.put(f"/refund-requests/{request_id}/return", {"carrier": ""}), 422, "invalid-request")
    expect_problem(calls.as_("alice").put(f"/refund-requests/{request_id}/return", sent), 404, "not-found")
    for _ in range(2):
        assert expect_ok(bob.put(f"/refund-requests/{request_id}/return", sent))["state"] == "returning"
    for _ in range(2):
        assert expect_ok(mia.post(f"/refund-requests/{request_id}/not-received", {}))["state"] == "returning"
    for _ in range(2):
        assert expect_ok(mia.post(f"/refund-requests/{request_id}/received", {}))["state"] == "refunded"
    assert expect_ok(calls.as_("alice").get(f"/orders/{asked['gift']['order_id']}"))["units"]["refunded"] == 1


def test_goods_without_a_return_are_refunded_at_once(calls: Running) -> None:
    path = f"/refund-requests/{requested_goods(calls)['refund_request_id']}/decision"
    body = {"approve": True, "without_return": True}
    assert expect_ok(calls.as_("mia").post(path, body))["state"] == "refunded"


def test_get_and_put_shipments(calls: Running) -> None:
    parcel = parcel_of_bob(calls)
    path = f"/shipments/{parcel['shipment_id']}"
    shipment = expect_ok(calls.as_("bob").get(path))
    assert {"shipment_id", "carrier", "tracking_number", "status", "events"} <= set(shipment)
    assert (shipment["carrier"], shipment["status"]) == (calls.stack["users"]["carl"]["carrier"], "ready_to_ship")
    mias = f"/stores/{calls.stack['users']['mia']['store_id']}/shipments"
    (listed,) = expect_ok(calls.as_("mia").get(f"{mias}?status=ready_to_ship&limit=1"))["items"]
    assert (listed["shipment_id"], listed["address"]) == (parcel["shipment_id"], ADDRESS | {"region": None})
    assert expect_ok(calls.as_("mia").put(path, {"tracking_number": "T-1"}))["tracking_number"] == "T-1"
    expect_problem(calls.as_("mia").put(path, {"carrier": 5}), 422, "invalid-request")
    expect_problem(calls.as_("mia").get(f"{mias}?status=lost+and+found"), 422, "invalid-request")
    for who, code, status in (("alice", "wrong-role", 403), ("max", "not-found", 404)):
        expect_problem(calls.as_(who).put(path, {}), status, code)
        expect_problem(calls.as_(who).get(mias), status, code)
    expect_problem(calls.as_("alice").get(path), 404, "not-found")


def test_put_address_corrects_it_until_the_parcel_is_shipped(calls: Running) -> None:
    parcel = parcel_of_bob(calls)
    shipment, path = f"/shipments/{parcel['shipment_id']}", f"/shipments/{parcel['shipment_id']}/address"
    bob = calls.as_("bob")
    other = {"name": "Bob Lee", "phone": "+1 212 555 0142 ext. 5", "lines": ["1 Main St", ""], "city": "Springfield",
             "region": "IL", "postal_code": "62701-1234", "country": "US"}  # fmt: skip
    stored = other | {"lines": ["1 Main St"]}
    assert expect_ok(bob.put(path, other))["address"] == stored
    assert expect_ok(bob.get(shipment))["address"] == stored
    for field, wrong in (("postal_code", "!!!"), ("phone", "abc"), ("country", "ZZ"), ("region", None)):
        problem = expect_problem(bob.put(path, other | {field: wrong}), 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == [f"/{field}"]
    for who in ("alice", "mia", "carl"):
        expect_problem(calls.as_(who).put(path, other), 404, "not-found")
    expect_ok(report(calls, parcel["shipment_id"], "picked_up"))
    expect_problem(bob.put(path, ADDRESS), 409, "already-shipped")
    assert expect_ok(bob.get(shipment))["address"] == stored


def test_post_events_results_in_one_history(calls: Running) -> None:
    parcel = parcel_of_bob(calls)
    shipment_id, path = parcel["shipment_id"], f"/shipments/{parcel['shipment_id']}"
    late = {"event_id": "scan-1", "occurred_at": now_in(calls, -10)}
    expect_ok(report(calls, shipment_id, "out_for_delivery", event_id="scan-2", occurred_at=now_in(calls, -5)))
    assert expect_ok(report(calls, shipment_id, "picked_up", **late))["status"] == "out_for_delivery"
    assert len(expect_ok(report(calls, shipment_id, "picked_up", **late))["events"]) == 2
    expect_problem(report(calls, shipment_id, "delivered", occurred_at=now_in(calls, 6)), 422, "invalid-request")
    assert "product" not in expect_ok(calls.as_("bob").get(f"/holdings/{parcel['holding_id']}"))
    assert expect_ok(report(calls, shipment_id, "delivered", occurred_at=now_in(calls, 4)))["status"] == "delivered"
    assert expect_ok(report(calls, shipment_id, "delivery_failed"))["status"] == "delivered"
    opened = expect_ok(calls.as_("bob").get(f"/holdings/{parcel['holding_id']}"))
    assert (opened["state"], opened["product"]["title"]) == ("delivered", "Porcelain tea set")
    (claimed,) = expect_ok(calls.as_("alice").get(f"/gifts/{parcel['gift']['gift_id']}"))["claims"]
    assert claimed["shipment_status"] == "delivered"
    expect_problem(calls.as_("bob").post(f"{path}/events", {}), 403, "wrong-role")
    expect_problem(report(calls, "unknown", "lost"), 404, "not-found")
    handed = expect_ok(calls.as_("mia").put(path, {"carrier": "another"}))
    assert (handed["carrier"], handed["address"]) == ("another", None)
    expect_problem(report(calls, shipment_id, "lost"), 404, "not-found")


def without_details(holding: dict[str, Any]) -> dict[str, Any]:
    """Return a holding of a list as a claim, an own use and the order center answer it."""
    return {name: value for name, value in holding.items() if name not in ("refund_request", "actions")}


# --- conventions --------------------------------------------------------------------------------------------------


def test_a_creating_call_needs_a_key_which_is_bound_to_one_request(calls: Running) -> None:
    alice, order = calls.as_("alice"), calls.buy(5)
    path = f"/orders/{order['order_id']}"
    gift = calls.give(order["order_id"])
    expect_ok(claim(calls.as_("bob"), gift), 201)
    back = {"product_id": calls.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    creating: list[tuple[Client, str, dict[str, Any], dict[str, Any]]] = [
        (alice, "/orders", purchase_request(calls), purchase_request(calls, quantity=2)),
        (alice, f"{path}/use", {"quantity": 1}, {"quantity": 2}),
        (alice, f"{path}/refunds", {"quantity": 1}, {"quantity": 2}),
        (alice, f"{path}/gifts", {"shares": 1, "wrapping": WRAPPING}, {"shares": 2, "wrapping": WRAPPING}),
        (calls.as_("bob"), f"/gifts/{gift['gift_id']}/return-gifts", back, back | {"wrapping": PARCEL_WRAPPING}),
        (calls.as_("bob"), f"/gifts/{gift['gift_id']}/thanks", {"message": "Thanks"}, {"message": "Many thanks"}),
    ]
    for client, route, body, other in creating:
        for bad in ({}, {"idempotency-key": "short"}, {"idempotency-key": "x" * 65}, {"idempotency-key": "with space"}):
            answer = client.request("POST", route, json=body, headers=bad)
            expect_problem(answer, 400, "idempotency-key-required")
        key = new_key()
        first, again = client.post(route, body, key=key), client.post(route, body, key=key)
        assert (first.status_code, again.status_code) == (201, 201), (route, first.text, again.text)
        assert first.json() == again.json()
        expect_problem(client.post(route, other, key=key), 422, "idempotency-key-reused")


def test_a_key_is_separate_for_each_caller_and_route(calls: Running) -> None:
    key = new_key()
    mine = expect_ok(calls.as_("alice").post("/orders", purchase_request(calls), key=key), 201)
    theirs = expect_ok(calls.as_("bob").post("/orders", purchase_request(calls), key=key), 201)
    assert mine["order_id"] != theirs["order_id"]
    expect_ok(
        calls.as_("alice").post(f"/orders/{mine['order_id']}/gifts", {"shares": 1, "wrapping": WRAPPING}, key=key), 201
    )


def test_an_error_does_not_use_up_the_key(calls: Running) -> None:
    alice, order, key = calls.as_("alice"), calls.buy(), new_key()
    path = f"/orders/{order['order_id']}/gifts"
    expect_problem(alice.post(path, {"shares": 2, "wrapping": WRAPPING}, key=key), 409, "units-not-available")
    expect_ok(alice.post(path, {"shares": 1, "wrapping": WRAPPING}, key=key), 201)


def test_a_body_is_strict_json_of_the_right_type_and_size(calls: Running) -> None:
    alice = calls.as_("alice")
    headers = {"idempotency-key": new_key(), "content-type": "application/json"}
    for content in (b"{", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'{"a": "\\ud800"}', b"[" * 5_000):
        expect_problem(alice.request("POST", "/orders", content=content, headers=headers), 400, "malformed-json")
    large = b'{"product_id": "' + b"x" * 65_536 + b'"}'
    expect_problem(alice.request("POST", "/orders", content=large, headers=headers), 413, "too-large")
    answer = alice.request("POST", "/orders", content=b"{}", headers=headers | {"content-type": "text/plain"})
    expect_problem(answer, 415, "unsupported-media-type")


# --- after the claim window ---------------------------------------------------------------------------------------


def test_after_the_window_gifts_are_returned_and_claims_stay(calls: Running, expiring: dict[str, Any]) -> None:
    alice, bob, carol = (calls.as_(name) for name in ("alice", "bob", "carol"))
    calls.advance_to(expiring["bobs"]["expires_at"])
    expect_problem(claim(bob, expiring["anybodys"]), 410, "expired")
    expect_problem(claim(bob, expiring["bobs"]), 410, "expired")
    expect_problem(bob.post(f"/gifts/{expiring['bobs']['gift_id']}/decline", {}), 410, "expired")
    expect_problem(bob.post(f"/gifts/{expiring['bobs']['gift_id']}/opened", {}), 410, "expired")
    expect_problem(alice.post(f"/gifts/{expiring['bobs']['gift_id']}/cancel", {}), 410, "expired")
    units = expect_ok(alice.get(f"/orders/{expiring['order']['order_id']}"))["units"]
    assert units == {"available": 3, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
    expect_problem(alice.put(f"/gifts/{expiring['bobs']['gift_id']}/at-end", {"then": "order"}), 410, "expired")
    expect_problem(alice.put(f"/gifts/{expiring['bobs']['gift_id']}/recipient", {"recipient_id": "x"}), 410, "expired")
    expect_problem(alice.post(f"/gifts/{expiring['bobs']['gift_id']}/extend", {"seconds": 1}), 410, "expired")
    expect_problem(alice.post(f"/gifts/{expiring['bobs']['gift_id']}/remind", {}), 410, "expired")
    expect_problem(alice.post(f"/gifts/{expiring['anybodys']['gift_id']}/link", {}, key=new_key()), 410, "expired")
    units = expect_ok(alice.get(f"/orders/{expiring['ending']['order_id']}"))["units"]
    assert units == {"available": 0, "in_gift": 1, "gifted": 0, "used": 0, "refunded": 1}
    successor_id = expect_ok(alice.get(f"/gifts/{expiring['carols']['gift_id']}"))["successor_gift_id"]
    assert expect_ok(carol.get(f"/gifts/{successor_id}"))["state"] == "open"
    expect_ok(carol.post(f"/gifts/{successor_id}/claims", {}), 201)
    ask = f"/gifts/{expiring['anybodys']['gift_id']}/ask-again"
    for _ in range(2):
        expect_ok(carol.post(ask, {"secret": expiring["anybodys"]["secret"]}), 202)
    expect_problem(carol.post(ask, {"secret": "wrong"}), 403, "wrong-secret")
    expect_problem(alice.post(ask, {"secret": expiring["anybodys"]["secret"]}), 403, "own-gift")
    expect_ok(bob.post(f"/gifts/{expiring['bobs']['gift_id']}/ask-again", {}), 202)
    (asked,) = expect_ok(alice.get(f"/gifts/{expiring['bobs']['gift_id']}"))["asked_again"]
    assert (asked["user_id"], asked["display_name"]) == (bob_id(calls), "Bob")
    expect_problem(carol.post(f"/gifts/{expiring['bobs']['gift_id']}/ask-again", {}), 403, "not-the-recipient")


def test_a_voucher_cannot_be_redeemed_after_its_validity(calls: Running) -> None:
    alice, mia, store = calls.as_("alice"), calls.as_("mia"), calls.stack["users"]["mia"]["store_id"]
    price = {"amount": 100, "currency": "CNY"}
    body = {"kind": "voucher", "title": "Today", "category": "food", "price": price, "validity_days": 1}
    product = expect_ok(mia.put(f"/stores/{store}/products/today-{new_key()}", body))
    order = expect_ok(alice.post("/orders", purchase_request(calls) | {"product_id": product["product_id"]}), 201)
    (voucher,) = expect_ok(alice.post(f"/orders/{order['order_id']}/use", {"quantity": 1}), 201)["holdings"]
    redeemable = calls.buy()["order_id"]
    (other,) = expect_ok(alice.post(f"/orders/{redeemable}/use", {"quantity": 1}), 201)["holdings"]
    redeemed = expect_ok(mia.post("/redemptions", {"code": other["code"]}), 201)
    calls.advance_to(voucher["valid_until"])
    undo = f"/vouchers/{other['code']}/redemptions/{redeemed['redemption_id']}/undo"
    expect_problem(mia.post(undo, {"reason": "Too late"}), 409, "too-late-to-undo")
    expect_problem(mia.post(f"/vouchers/{voucher['code']}/redemptions", {}), 410, "voucher-expired")
    expect_problem(mia.post("/redemptions", {"code": voucher["code"]}), 410, "voucher-expired")


# --- accounts -----------------------------------------------------------------------------------------------------


def test_patch_me_with_an_eleventh_handle_is_limited(calls: Running) -> None:
    calls.new_users("fickle")
    fickle = calls.as_("fickle")
    for number in range(10):
        expect_ok(fickle.request("PATCH", "/me", json={"handle": f"fickle.{number}"}))
    expect_problem(fickle.request("PATCH", "/me", json={"handle": "one.more"}), 429, "too-many-handles")


def test_get_and_patch_me(calls: Running) -> None:
    carol, dave = calls.as_("carol"), calls.as_("dave")
    me = expect_ok(carol.get("/me"))
    assert (me["user_id"], me["handle"], me["display_name"]) == (carol.user_id, "carol", "Carol")
    changed = expect_ok(carol.request("PATCH", "/me", json={"display_name": "Caro", "recommendations": False}))
    assert (changed["display_name"], changed["recommendations"]) == ("Caro", False)
    assert expect_ok(carol.get("/me")) == changed
    expect_problem(dave.request("PATCH", "/me", json={"handle": "carol"}), 409, "handle-taken")
    expect_problem(dave.request("PATCH", "/me", json={"handle": "no spaces"}), 422, "invalid-request")
    expect_ok(carol.request("PATCH", "/me", json={"display_name": "Carol", "recommendations": True}))


# --- features ------------------------------------------------------------------------------------------------------


def test_get_meta_features_and_what_a_user_without_them_cannot_do(
    calls: Running, outsider: tuple[Client, float]
) -> None:
    user, known_from = outsider
    time.sleep(max(0.0, known_from - time.monotonic()))
    assert expect_ok(calls.as_("alice").get("/meta/features")) == {"gifting": True, "order_center": True}
    answer = user.get("/meta/features")
    assert expect_ok(answer) == {"gifting": False, "order_center": False}
    assert answer.headers["cache-control"] == "no-store"
    expect_problem(user.get("/order-center"), 404, "not-found")
    assert expect_ok(user.get("/me"))["order_center"] is None
    (order,) = expect_ok(user.get("/orders"))["items"]
    assert order["actions"] == ["use", "refund"]
    body = {"shares": 1, "wrapping": WRAPPING}
    expect_problem(user.post(f"/orders/{order['order_id']}/gifts", body), 403, "not-available-yet")
    (gift,) = expect_ok(user.get("/gifts?role=sent"))["items"]
    assert gift["state"] in ("open", "returned")


# --- messages, order center, people -------------------------------------------------------------------------------


def messages_about(client: Client, gift: dict[str, Any]) -> list[dict[str, Any]]:
    items = expect_ok(client.get("/messages?limit=100"))["items"]
    return [message for message in items if message["gift_id"] == gift["gift_id"]]


def test_get_messages_and_mark_them_read(calls: Running) -> None:
    calls.new_users("sender", "reader")
    sender, friend = calls.as_("sender"), calls.as_("reader")
    order = expect_ok(sender.post("/orders", purchase_request(calls, "parcel")), 201)
    body = {"shares": 1, "recipient_id": friend.user_id, "wrapping": PARCEL_WRAPPING}
    gift = expect_ok(sender.post(f"/orders/{order['order_id']}/gifts", body), 201)
    assert eventually(lambda: bool(messages_about(friend, gift)), 5)
    (received,) = messages_about(friend, gift)
    assert received == {
        "message_id": received["message_id"],
        "kind": "gift_received",
        "gift_id": gift["gift_id"],
        "params": {"name": "Sender", "presentation": "parcel"},
        "text": "Sender sent you a parcel.",
        "link": f"{calls.stack['web_url']}/g/{gift['gift_id']}",
        "wrapping": gift["wrapping"],
        "created_at": gift["created_at"],
        "read": False,
    }
    in_chinese = expect_ok(friend.request("GET", "/messages", headers={"Accept-Language": "zh-CN"}))["items"]
    assert in_chinese == [received | {"text": "Sender 送了你一个包裹。"}]
    assert calls.get_counts(friend)["unread"] == 1
    path = f"/messages/{received['message_id']}/read"
    for _ in range(2):
        assert expect_ok(friend.request("POST", path)) == received | {"read": True}
    assert calls.get_counts(friend)["unread"] == 0
    expect_problem(sender.request("POST", path), 404, "not-found")
    shipment_id = expect_ok(claim(friend, gift, address=ADDRESS), 201)["shipment_id"]
    assert eventually(lambda: [each["kind"] for each in messages_about(sender, gift)] == ["gift_claimed"], 5)
    assert messages_about(sender, gift)[0]["text"] == "Reader opened your gift."
    event = {"event_id": "one", "status": "in_transit", "location": "Depot", "occurred_at": "2026-01-01T00:00:00Z"}
    for _ in range(3):
        expect_ok(calls.as_("carl").post(f"/shipments/{shipment_id}/events", event))
    assert eventually(
        lambda: [each["kind"] for each in messages_about(friend, gift)] == ["parcel_update", "gift_received"], 5
    )
    first = expect_ok(friend.get("/messages?limit=1"))
    rest = expect_ok(friend.get(f"/messages?limit=1&cursor={first['next_cursor']}"))
    assert [each["kind"] for each in first["items"] + rest["items"]] == ["parcel_update", "gift_received"]
    expect_problem(friend.get("/messages?limit=0"), 422, "invalid-request")


def test_get_order_center_has_counts_and_lists_and_supports_304(calls: Running) -> None:
    calls.new_users("keeper")
    keeper = calls.as_("keeper")
    assert set(calls.get_counts(keeper).values()) == {0}
    pending = keeper.post("/orders", purchase_request(calls, token="tok_timeout"))
    expect_problem(pending, 503, "payment-unknown")
    order = expect_ok(keeper.post("/orders", purchase_request(calls, quantity=4)), 201)
    path = f"/orders/{order['order_id']}"
    gift = expect_ok(keeper.post(f"{path}/gifts", {"shares": 1, "wrapping": WRAPPING}), 201)
    expect_ok(keeper.post(f"{path}/use", {"quantity": 2}), 201)
    parcel = expect_ok(keeper.post("/orders", purchase_request(calls, "parcel")), 201)
    expect_ok(keeper.post(f"/orders/{parcel['order_id']}/use", {"quantity": 1, "address": ADDRESS}), 201)
    back = expect_ok(keeper.post("/orders", purchase_request(calls)), 201)
    expect_ok(keeper.post(f"/orders/{back['order_id']}/refunds", {"quantity": 1}), 201)
    wanted = {
        "to_pay": 1, "to_give": 1, "awaiting_claim": 1, "to_use": 2, "to_receive": 1, "returned": 0, "refunded": 1, "unread": 0,
    }  # fmt: skip
    assert eventually(lambda: calls.get_counts(keeper) == wanted, 5), calls.get_counts(keeper)
    center = expect_ok(keeper.get("/order-center"))
    assert center["counts"] == expect_ok(keeper.get("/me"))["order_center"]["counts"] == wanted
    assert center["orders"] == expect_ok(keeper.get("/orders?limit=5"))["items"]
    assert center["payments"] == expect_ok(keeper.get("/payments?limit=5"))["items"]
    assert center["gifts_sent"] == expect_ok(keeper.get("/gifts?role=sent&limit=5"))["items"]
    assert [each["gift_id"] for each in center["gifts_sent"]] == [gift["gift_id"]]
    listed = expect_ok(keeper.get("/holdings?limit=5"))["items"]
    assert center["holdings"] == [without_details(each) for each in listed]
    tags: list[str] = []

    def is_unchanged() -> bool:
        tags.append(keeper.get("/order-center").headers["etag"])
        again = keeper.request("GET", "/order-center", headers={"if-none-match": tags[-1]})
        return (again.status_code, again.content) == (304, b"")

    assert eventually(is_unchanged, 5)  # recommendations are updated a moment later
    expect_ok(keeper.post(f"/gifts/{gift['gift_id']}/cancel", None))
    changed = keeper.request("GET", "/order-center", headers={"if-none-match": tags[-1]})
    assert expect_ok(changed)["gifts_sent"][0]["state"] == "cancelled"


def test_get_people_by_handle(calls: Running) -> None:
    alice = calls.as_("alice")
    bob = {"user_id": bob_id(calls), "handle": "bob", "display_name": "Bob"}
    assert expect_ok(alice.get("/people/bob")) == expect_ok(alice.get("/people/BOB")) == bob
    nobody = expect_problem(alice.get("/people/nobody"), 404, "not-found")
    assert expect_problem(alice.get("/people/no-handle"), 404, "not-found") == nobody


def test_get_people_by_handle_is_limited_for_a_caller_with_too_many_requests(calls: Running) -> None:
    dave = calls.as_("dave")
    # More than a bucket's capacity, and more than it refills meanwhile.
    answers = (dave.get(f"/people/guess{number}") for number in range(600))
    late = next(answer for answer in answers if answer.status_code != 404)
    expect_problem(late, 429, "too-many-requests")
    assert int(late.headers["retry-after"]) > 0
    expect_ok(calls.as_("alice").get("/people/bob"))


def test_get_people_with_exchanged_gifts(calls: Running) -> None:
    calls.new_users("una", "ute")
    una, ute = calls.as_("una"), calls.as_("ute")
    gift = calls.give(calls.buy(by="una")["order_id"], by="una")
    for each in (una, ute):
        assert expect_ok(each.get("/people")) == {"items": [], "next_cursor": None}
    expect_ok(claim(ute, gift), 201)
    for each, other, name in ((una, ute, "ute"), (ute, una, "una")):
        known = {"user_id": other.user_id, "handle": name, "display_name": name.title()}
        assert expect_ok(each.get("/people?limit=1")) == {"items": [known], "next_cursor": None}
    expect_problem(una.get("/people?limit=0"), 422, "invalid-request")
    expect_problem(una.get("/people?cursor=x"), 422, "invalid-request")


def give_one(client: Client, order_id: str, **more: Any) -> httpx.Response:
    return client.post(f"/orders/{order_id}/gifts", {"shares": 1, "wrapping": WRAPPING, **more})


def test_gifts_from(calls: Running) -> None:
    calls.new_users("ina", "ida")
    ina, ida = calls.as_("ina"), calls.as_("ida")
    assert expect_ok(ida.get("/me"))["gifts_from"] == "everybody"
    order = calls.buy(1, by="ina")["order_id"]

    def name(user_id: str | None) -> Any:
        return expect_problem(give_one(ina, order, recipient_id=user_id), 422, "recipient-unknown")

    unknown = name("nobody-with-this-id")
    for value in ("nobody", "people_i_know"):
        assert expect_ok(ida.request("PATCH", "/me", json={"gifts_from": value}))["gifts_from"] == value
        assert name(ida.user_id) == unknown
    expect_problem(ida.request("PATCH", "/me", json={"gifts_from": "friends"}), 422, "invalid-request")
    expect_ok(ida.request("PATCH", "/me", json={"gifts_from": "everybody"}))
    expect_ok(give_one(ina, order, recipient_id=ida.user_id), 201)


def test_blocked(calls: Running) -> None:
    calls.new_users("ole", "oda")
    ole, oda = calls.as_("ole"), calls.as_("oda")
    order = calls.buy(2, by="ole")["order_id"]
    gift = expect_ok(give_one(ole, order, recipient_id=oda.user_id), 201)
    for _ in range(2):
        answer = oda.request("PUT", f"/blocked/{ole.user_id}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert expect_ok(ole.get(f"/gifts/{gift['gift_id']}"))["state"] == "declined"
    unwanted = expect_problem(give_one(ole, order, recipient_id=oda.user_id), 422, "recipient-unknown")
    assert unwanted == expect_problem(
        give_one(ole, order, recipient_id="nobody-with-this-id"), 422, "recipient-unknown"
    )
    assert eventually(lambda: len(expect_ok(oda.get("/blocked"))["items"]) == 1, 5)
    (blocked,) = expect_ok(oda.get("/blocked"))["items"]
    assert blocked == {
        "user_id": ole.user_id,
        "handle": "ole",
        "display_name": "Ole",
        "blocked_at": blocked["blocked_at"],
    }
    assert TIME.fullmatch(blocked["blocked_at"])
    for _ in range(2):
        assert oda.request("DELETE", f"/blocked/{ole.user_id}").status_code == 204
    for method in ("PUT", "DELETE"):
        expect_problem(oda.request(method, "/blocked/nobody-with-this-id"), 404, "not-found")
        expect_problem(oda.request(method, f"/blocked/{oda.user_id}"), 422, "invalid-request")
    expect_problem(oda.get("/blocked?limit=0"), 422, "invalid-request")


def test_too_many_gifts_to_a_stranger(calls: Running) -> None:
    calls.new_users("gus", "gry")
    gus, gry = calls.as_("gus"), calls.as_("gry")
    order = calls.buy(5, by="gus")["order_id"]
    for _ in range(3):
        expect_ok(give_one(gus, order, recipient_id=gry.user_id), 201)
    refused = give_one(gus, order, recipient_id=gry.user_id)
    expect_problem(refused, 429, "too-many-gifts")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    gift = expect_ok(give_one(gus, order), 201)
    at_end = {"then": "give_to", "recipient_id": gry.user_id}
    expect_problem(gus.request("PUT", f"/gifts/{gift['gift_id']}/at-end", json=at_end), 429, "too-many-gifts")


# --- test clock ---------------------------------------------------------------------------------------------------


def test_advance_test_clock(calls: Running) -> None:
    alice = calls.as_("alice")
    before = expect_ok(alice.get("/test/clock"))
    advanced = expect_ok(alice.post("/test/clock", {"advance_seconds": 1}))
    assert advanced["done"]
    assert advanced["offset_seconds"] == before["offset_seconds"] + 1
    assert expect_ok(calls.as_("mia").get("/test/clock"))["now"] > advanced["now"]


@pytest.mark.parametrize("seconds", [0, 31_536_001, 1.5, "60", None])
def test_post_test_clock_with_other_than_seconds_is_invalid(calls: Running, seconds: object) -> None:
    expect_problem(calls.as_("alice").post("/test/clock", {"advance_seconds": seconds}), 422, "invalid-request")


# --- validation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "user"),
    [
        ("GET", "/holdings?limit=0", "alice"),
        ("GET", "/orders/{order}/gifts?cursor=forged", "alice"),
        ("GET", "/stores/{store}/products?limit=x", "alice"),
        ("POST", "/gifts/{gift}/ask-again", "bob"),
        ("PUT", "/stores/{store}", "mia"),
    ],
)
def test_a_request_of_the_wrong_shape_is_reported_by_field(
    calls: Running, expiring: dict[str, Any], method: str, path: str, user: str
) -> None:
    gift, store = expiring["anybodys"], calls.stack["users"]["mia"]["store_id"]
    path = path.format(order=gift["order_id"], gift=gift["gift_id"], store=store)
    content = {} if method == "GET" else {"json": {"more": 1}, "headers": {"idempotency-key": new_key()}}
    assert expect_problem(calls.as_(user).request(method, path, **content), 422, "invalid-request")["errors"]


# Access is checked before the body; a test of its own sends claimers' bodies of the wrong shape.
ACCESS_FIRST = ("POST /gifts/{gift_id}/thanks",)
CREATING = [route for route in access.rules() if "IdempotencyKey" in str(access.operations()[route].get("parameters"))]


@pytest.mark.parametrize("route", CREATING)
def test_a_creating_call_needs_a_key_and_the_right_shape(calls: Running, route: str) -> None:
    role = next(role for role in ("giver", "merchant") if access.expected_of_unknown(route, role) == "404 not-found")
    caller, path = calls.as_(access.USERS[role]), re.sub(r"{\w+}", "x", route.split()[1])
    expect_problem(caller.request("POST", path, json={}), 400, "idempotency-key-required")
    if "requestBody" not in access.operations()[route]:
        return
    if route in ACCESS_FIRST:
        expect_problem(caller.post(path, {"more": 1}), 404, "not-found")
    else:
        assert expect_problem(caller.post(path, {"more": 1}), 422, "invalid-request")["errors"]


@pytest.mark.parametrize("route", [route for route in access.rules() if access.parameters(route)])
def test_an_unknown_id_is_not_found(calls: Running, route: str) -> None:
    if route in access.PAGES:
        pytest.skip("its problems are pages")
    products = calls.stack["products"]
    nothing = access.World("nothing", "voucher", products["voucher"], set())
    roles = ("giver", "merchant", "carrier")
    role = next(role for role in roles if access.expected_of_unknown(route, role) == "404 not-found")
    path = access.unknown_path(route, nothing)
    assert path is not None
    body = access.build_body(route, role, nothing, products)
    key = {"idempotency-key": new_key()}
    expect_problem(
        calls.as_(access.USERS[role]).request(route.split()[0], path, json=body, headers=key), 404, "not-found"
    )


@contextmanager
def environment_of(live: Running, *logical_ids: str, **more: str) -> Iterator[None]:
    """Run functions with other environment variables, as in a stack with other parameters."""
    client = live.aws("lambda")
    before = {
        name: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for name in map(live.physical, logical_ids)
    }
    try:
        for name, variables in before.items():
            changed = {"Variables": variables | more}
            client.update_function_configuration(FunctionName=name, Environment=changed)
        yield
    finally:
        for name, variables in before.items():
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def test_without_a_payment_provider_nothing_is_sold_and_the_same_key_works_later(calls: Running) -> None:
    alice, bob, order_key, gift_key = calls.as_("alice"), calls.as_("bob"), new_key(), new_key()
    gift = calls.give(calls.buy()["order_id"])
    expect_ok(claim(bob, gift), 201)
    path, order = f"/gifts/{gift['gift_id']}/return-gifts", purchase_request(calls)
    back = {"product_id": calls.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    with environment_of(calls, "PurchaseFunction", "ReturnGiftFunction", PAYMENT_PROVIDER="none"):
        expect_problem(alice.post("/orders", order, key=order_key), 409, "no-payment-provider")
        expect_problem(bob.post(path, back, key=gift_key), 409, "no-payment-provider")
    expect_ok(alice.post("/orders", order, key=order_key), 201)
    expect_ok(bob.post(path, back, key=gift_key), 201)


def test_an_order_ends_under_the_policy_that_it_was_bought_under(calls: Running) -> None:
    alice = calls.as_("alice")
    with environment_of(calls, "PurchaseFunction", POLICY="wechat"):
        order = calls.buy()
    gift = calls.give(order["order_id"])
    assert expect_ok(alice.get(f"/gifts/{gift['gift_id']}"))["refusals"] == [
        {"action": "cancel", "rule": "giver_cancel"},
        {"action": "choose_end", "rule": "giver_may_choose"},
    ]
    answer = alice.post(f"/gifts/{gift['gift_id']}/cancel", {})
    assert expect_problem(answer, 409, "not-allowed")["rule"] == "giver_cancel"
    assert gift["at_end"] == {"then": "refund"}
    answer = alice.put(f"/gifts/{gift['gift_id']}/at-end", {"then": "order"})
    assert expect_problem(answer, 409, "not-allowed")["rule"] == "giver_may_choose"
    with environment_of(calls, "PurchaseFunction", POLICY="wechat"):
        order = calls.buy()
    body = {"shares": 1, "wrapping": WRAPPING, "at_end": {"then": "order"}}
    answer = alice.post(f"/orders/{order['order_id']}/gifts", body, key=new_key())
    assert expect_problem(answer, 409, "not-allowed")["rule"] == "giver_may_choose"


# --- all routes ---------------------------------------------------------------------------------------------------

# These take longer than a test may; the integration tests of the handlers cover them.
NOT_HERE = {
    "too-many-events": "it takes five hundred reports",
    "busy": "nobody contends that much",
}
NOT_HERE_FOR = {
    ("POST /orders/{order_id}/gifts", "wrong-secret"): "functions keep the keys of links for five minutes",
    ("POST /gifts/{gift_id}/link", "wrong-secret"): "functions keep the keys of links for five minutes",
    ("POST /gifts/{gift_id}/return-gifts", "recipient-unknown"): "a giver is erased after seven days: test_time.py",
    ("POST /gifts/{gift_id}/decline", "not-allowed"): "every policy lets recipients decline",
}
BUSY = 503


@pytest.mark.parametrize("route", [name for name, route in ROUTES.items() if not route.public])
def test_every_private_route_without_a_token_is_unauthorized(calls: Running, route: str) -> None:
    method, _, path = route.partition(" ")
    answer = calls.as_(None).request(method, re.sub(r"{\w+}", "x", path), json={})
    assert answer.status_code == 401


def test_every_declared_status_and_code_was_seen_on_the_running_stack(
    calls: Running, request: pytest.FixtureRequest
) -> None:
    here = [item for item in request.session.items if item.path == request.path]
    if len(here) < 40 + len(ROUTES) // 2:
        pytest.skip("says something about the whole file only")
    modules = {name: openapi.handlers(openapi.load(name)) for name in {route.function for route in ROUTES.values()}}
    missing = set()
    for name, route in ROUTES.items():
        operation = modules[route.function][route.method, route.path].operation
        wanted: set[tuple[int, str | None]] = {(status, None) for status in operation.responses if status != BUSY}
        implied: list[type[errors.ApiProblem]] = [errors.NotFound] if route.parameters else []
        implied += [errors.InvalidRequest] if operation.body or operation.query else []
        implied += [errors.IdempotencyKeyRequired] if operation.idempotent else []
        implied += [errors.IdempotencyKeyReused] if operation.idempotent and operation.body else []
        wanted |= {
            (STATUS[problem.code], problem.code)
            for problem in (*operation.problems, *implied)
            # Some problems are pages.
            if problem.code not in NOT_HERE
            and (name, problem.code) not in NOT_HERE_FOR
            and STATUS[problem.code] not in operation.responses
        }
        seen = {(status, code) for operation_name, status, code in calls.seen if operation_name == name}
        missing |= {(name, *each) for each in wanted - seen}
    assert not missing, "\n" + "\n".join(sorted(map(str, missing)))
