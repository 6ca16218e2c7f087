"""The main path over HTTP, including the API gateway."""

import httpx
import pytest

from local.client import payment
from tests.e2e.conftest import WRAPPING, Running

pytestmark = pytest.mark.e2e


def test_a_gift_is_bought_given_and_claimed_and_a_return_gift_too(live: Running) -> None:
    alice, bob, anyone = live.as_("alice"), live.as_("bob"), live.as_(None)
    order = live.buy(3)
    gift = live.give(order["order_id"])

    preview = anyone.get(f"/gifts/{gift['gift_id']}/preview")
    assert preview.status_code == 200
    assert gift["secret"] not in preview.text
    assert order["product"]["title"] not in preview.text

    claim = bob.post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert claim.status_code == 201
    assert claim.json()["code"]
    assert claim.json()["code"] not in alice.get(f"/gifts/{gift['gift_id']}").text

    body = {"product_id": live.stack["products"]["voucher"], "payment": payment(), "wrapping": WRAPPING}
    back = bob.post(f"/gifts/{gift['gift_id']}/return-gifts", body)
    assert back.status_code == 201
    assert back.json()["gift"]["recipient_id"] == alice.user_id
    assert alice.post(f"/gifts/{back.json()['gift']['gift_id']}/claims", {}).status_code == 201

    units = alice.get(f"/orders/{order['order_id']}").json()["units"]
    assert units == {"available": 2, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 0}


def test_a_replay_with_the_same_key_returns_the_same_and_has_no_further_effect(live: Running) -> None:
    alice = live.as_("alice")
    body = {"product_id": live.stack["products"]["voucher"], "quantity": 2, "payment": payment()}
    first, second = (alice.post("/orders", body, key="replayed-order-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["order_id"] == second.json()["order_id"]

    order_id = first.json()["order_id"]
    body = {"shares": 1, "wrapping": WRAPPING}
    first, second = (alice.post(f"/orders/{order_id}/gifts", body, key="replayed-gift-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["share_url"] == second.json()["share_url"]
    assert first.json()["gift_id"] == second.json()["gift_id"]

    gift = first.json()
    bob = live.as_("bob")
    first, second = (bob.post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["code"] == second.json()["code"]
    assert alice.get(f"/orders/{order_id}").json()["units"]["available"] == 1


def test_a_key_used_for_another_request_is_rejected(live: Running) -> None:
    alice = live.as_("alice")
    body = {"product_id": live.stack["products"]["voucher"], "quantity": 1, "payment": payment()}
    assert alice.post("/orders", body, key="used-twice-1").status_code == 201
    answer = alice.post("/orders", body | {"quantity": 2}, key="used-twice-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


def test_a_declined_payment_stays_declined(live: Running) -> None:
    body = {"product_id": live.stack["products"]["voucher"], "quantity": 1, "payment": payment("tok_declined")}
    for _ in range(2):
        answer = live.as_("alice").post("/orders", body, key="declined-payment-1")
        assert (answer.status_code, answer.json()["code"]) == (402, "payment-declined")


def test_a_payment_whose_answer_was_lost_is_found_by_a_retry(live: Running) -> None:
    body = {"product_id": live.stack["products"]["voucher"], "quantity": 1, "payment": payment("tok_timeout")}
    lost = live.as_("alice").post("/orders", body, key="lost-answer-1")
    assert (lost.status_code, lost.json()["code"]) == (503, "payment-unknown")
    assert int(lost.headers["retry-after"]) > 0
    found = live.as_("alice").post("/orders", body, key="lost-answer-1")
    assert (found.status_code, found.json()["state"]) == (201, "paid")


def test_jewelry_can_be_bought_but_not_given(live: Running) -> None:
    order = live.buy(product="jewelry")
    answer = live.as_("alice").post(f"/orders/{order['order_id']}/gifts", {"shares": 1, "wrapping": WRAPPING})
    assert (answer.status_code, answer.json()["code"]) == (422, "not-giftable")


def test_the_pictures_of_demo_products_are_served(live: Running) -> None:
    for product_id in live.stack["products"].values():
        url = live.as_("alice").get(f"/products/{product_id}").json()["image_url"]
        with httpx.Client() as caller:
            picture, head, afterwards = caller.get(url), caller.head(url), caller.get(url + "?size=1")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
        assert picture.text.startswith("<svg")
        assert picture.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(picture.content)))
        assert afterwards.content == picture.content


def test_only_pictures_are_served_in_addition_to_the_api(live: Running) -> None:
    for path in ("/pictures/none.svg", "/pictures/../seed.py", "/pictures/", "/pictures/%2e%2e/seed.py"):
        assert live.as_(None).request("GET", path).status_code == 404
    known = live.as_("alice").get(f"/products/{live.stack['products']['voucher']}").json()["image_url"]
    assert live.as_(None).request("POST", known, json={}).status_code == 404
