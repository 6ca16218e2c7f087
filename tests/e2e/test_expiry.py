"""Expiry of unclaimed gifts, on the whole stack and with the sweep alone."""

import json
import signal
from typing import Any

import pytest

from testkit.crash.killer import send, workers
from tests.e2e.conftest import Running, eventually

pytestmark = pytest.mark.e2e

BACK = {"available": 1, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}


def state_of(running: Running, gift_id: str) -> str:
    item = running.item("GIFT", gift_id)
    assert item is not None
    return str(item["state"]["S"])


def test_an_unclaimed_gift_is_settled_in_the_table_without_a_request(live: Running) -> None:
    order = live.buy()
    gift = live.give(order["order_id"])
    assert state_of(live, gift["gift_id"]) == "open"
    live.jump_to(gift["expires_at"])
    assert eventually(lambda: state_of(live, gift["gift_id"]) == "returned", 20)
    assert live.item("WINDOW", gift["gift_id"]) is None
    assert live.as_("alice").get(f"/orders/{order['order_id']}").json()["units"] == BACK


def test_a_gift_is_settled_on_time_while_the_projector_hangs(live: Running) -> None:
    bob_id = live.stack["users"]["bob"]["user_id"]

    def kinds_of_messages(gift: dict[str, Any]) -> set[str]:
        items = [item for user in ("alice", "bob") for item in live.as_(user).get("/messages").json()["items"]]
        return {item["kind"] for item in items if item["gift_id"] == gift["gift_id"]}

    order = live.buy(2)
    before = live.give(order["order_id"], recipient_id=bob_id)
    assert eventually(lambda: "gift_received" in kinds_of_messages(before), 20)  # the projector runs
    consumer = workers(live.folder)["ProjectorFunction"]
    assert send(signal.SIGSTOP, consumer) > 0
    try:
        gift = live.give(order["order_id"], recipient_id=bob_id)
        live.jump_to(gift["expires_at"])
        assert eventually(lambda: state_of(live, gift["gift_id"]) == "returned", 10)
        assert kinds_of_messages(gift) == set()
    finally:
        send(signal.SIGCONT, consumer)
    assert eventually(lambda: kinds_of_messages(gift) == {"gift_received", "gift_returned"}, 20)


def test_from_the_deadline_on_every_read_shows_the_gift_returned(silent: Running) -> None:
    alice = silent.as_("alice")
    order = silent.buy()
    gift = silent.give(order["order_id"])
    silent.jump_to(gift["expires_at"])
    assert alice.get(f"/gifts/{gift['gift_id']}").json()["state"] == "returned"
    assert silent.as_(None).get(f"/gifts/{gift['gift_id']}/preview").json()["state"] == "returned"
    assert alice.get(f"/orders/{order['order_id']}").json()["units"] == BACK


def test_at_the_deadline_a_claim_is_too_late(silent: Running) -> None:
    gift = silent.give(silent.buy()["order_id"])
    silent.jump_to(gift["expires_at"])
    answer = silent.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")


def test_expired_units_can_be_used_at_once_although_nothing_settled_them(silent: Running) -> None:
    order = silent.buy()
    gift = silent.give(order["order_id"])
    silent.jump_to(gift["expires_at"])
    answer = silent.as_("alice").post(f"/orders/{order['order_id']}/use", {"quantity": 1})
    assert answer.status_code == 201, answer.text
    assert answer.json()["holdings"][0]["code"]
    units = silent.as_("alice").get(f"/orders/{order['order_id']}").json()["units"]
    assert units == {"available": 0, "in_gift": 0, "gifted": 0, "used": 1, "refunded": 0}


def test_the_sweep_alone_settles_when_the_stream_is_silent(silent: Running) -> None:
    order = silent.buy()
    gift = silent.give(order["order_id"])
    silent.jump_to(gift["expires_at"])
    answer = silent.aws("lambda").invoke(FunctionName=silent.physical("SweepFunction"), Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert json.loads(answer["Payload"].read())["failed"] == 0
    assert state_of(silent, gift["gift_id"]) == "returned"
    # The timer item still exists: neither time to live nor the stream settled the gift.
    assert silent.item("WINDOW", gift["gift_id"]) is not None
    assert silent.as_("alice").get(f"/orders/{order['order_id']}").json()["units"] == BACK


def test_an_expired_gift_can_be_given_again_and_the_old_link_stays_invalid(live: Running) -> None:
    order = live.buy()
    old = live.give(order["order_id"])
    live.advance_to(old["expires_at"])
    new = live.give(order["order_id"])
    assert new["secret"] != old["secret"]
    bob = live.as_("bob")
    assert bob.post(f"/gifts/{old['gift_id']}/claims", {"secret": old["secret"]}).status_code == 410
    assert bob.post(f"/gifts/{new['gift_id']}/claims", {"secret": new["secret"]}).status_code == 201
