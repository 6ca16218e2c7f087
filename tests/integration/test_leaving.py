"""Leave: ask for the erasure of an account, keep it, and what the job deletes, passes on and settles."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from handsel.api import http
from handsel.domain.names import ERASED_NAME
from handsel.runtime import clock, wiring
from handsel.store.keys import parse_time
from handsel.use_cases.operations import erasing
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import DAY, RESOURCES, START, Answer, Stack
from tests.integration.test_policies import follow

WEEK = 7 * DAY
MINUTE = 60_000
# The user who leaves. No other item contains these words.
LEAVER, NAME, HANDLE, EMAIL = "f00dfeed-leaver", "Quirina Zabel", "quirina.z", "quirina@zabel.example"
CLAIMS = {"name": NAME, "preferred_username": HANDLE, "email": EMAIL}
PSEUDONYM = "erased-0123456789abcdef"


@pytest.fixture(autouse=True)
def leaver(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the leaver a name, a handle and an e-mail address; make the pseudonym predictable."""
    of_others = Stack.claims
    monkeypatch.setattr(
        Stack, "claims", staticmethod(lambda user: {"sub": user, **CLAIMS} if user == LEAVER else of_others(user))
    )
    monkeypatch.setattr(clock, "pseudonym", lambda: PSEUDONYM)


def leave(stack: Stack, user: str = LEAVER) -> dict[str, Any]:
    answer = stack.call(user, "DELETE", "/me")
    assert answer.status == 202, answer.raw
    body: dict[str, Any] = answer.body
    return body


def erase(stack: Stack, user: str = LEAVER) -> None:
    """Let the week pass, and the sweeps do their work."""
    leave(stack, user)
    stack.now += WEEK
    finish(stack)


def finish(stack: Stack) -> None:
    """Sweep each minute until nothing of the erasure is left to do."""
    for _ in range(5):
        assert stack.sweep()["failed"] == 0
        stack.now += MINUTE
    due = [item for item in stack.all_items() if item.get("due_pk", "").startswith("ERASURES#")]
    # Only the pseudonym is looked at again, later.
    assert not [item for item in due if item["pk"] != f"USER#{PSEUDONYM}" or parse_time(item["due_sk"]) <= stack.now]


def ask(stack: Stack) -> None:
    """Ask for the erasure, and let the week pass but for the last minute: what is made now is open at the end."""
    stack.call(LEAVER, "GET", "/me")
    leave(stack)
    stack.now += WEEK - MINUTE


def is_gone(stack: Stack, user: str = LEAVER) -> bool:
    answer = stack.call(user, "GET", "/me")
    return (answer.status, answer.body.get("code")) == (410, "account-erased")


def find_traces(stack: Stack) -> list[str]:
    """Return where the table has something of the leaver, except for the key of the tombstone and the reserved handle."""
    found = []
    for item in stack.all_items():
        about = f"{item['pk']}/{item['sk']}"
        if item["pk"] == f"USER#{LEAVER}" and item["sk"] in ("ACCOUNT", "SUMMARY", "PREFERENCES"):
            item = {name: value for name, value in item.items() if name not in ("pk", "user_id")}
        if item.get("sk") == "HANDLE":
            del item["pk"]
        text = json.dumps(item, default=str)
        found += [f"{about}: {word}" for word in (LEAVER, NAME, HANDLE, EMAIL) if word in text]
    return found


# --- asking, and keeping ------------------------------------------------------------------------------------------


def test_an_account_is_erased_a_week_after_its_user_asked(stack: Stack) -> None:
    first = leave(stack)
    assert first["erase_at"] == "2026-09-28T14:13:20.000Z"
    stack.now += DAY
    assert leave(stack) == first
    assert stack.call(LEAVER, "GET", "/me").body["erase_at"] == first["erase_at"]
    stack.now = START + WEEK - 1
    assert stack.call(LEAVER, "GET", "/orders").status == 200
    stack.now += 1
    assert is_gone(stack)
    assert stack.call(LEAVER, "POST", "/me/keep").status == 410
    assert stack.call(LEAVER, "DELETE", "/me").status == 410


def test_the_answer_lists_what_is_deleted_and_what_is_kept(stack: Stack) -> None:
    answer = leave(stack)
    assert {"messages", "names", "tags_and_views"} <= {each["data"] for each in answer["deleted"]}
    kept = {each["data"]: each for each in answer["kept"]}
    assert {"orders", "gifts", "holdings", "addresses", "handle", "recovery"} == set(kept)
    assert all(each["reason"] for each in kept.values())
    assert kept["handle"]["until"] == "2026-12-27T14:13:20.000Z"
    stack.now += WEEK
    finish(stack)
    tombstone = stack.item(f"USER#{LEAVER}", "ACCOUNT")
    assert tombstone is not None
    assert [each["data"] for each in tombstone["receipt"]] == [
        each["data"] for each in (*answer["deleted"], *answer["kept"])
    ]


def test_an_account_can_be_kept_until_it_is_erased(stack: Stack) -> None:
    assert stack.call(LEAVER, "POST", "/me/keep").body["erase_at"] is None
    leave(stack)
    stack.now += WEEK - 1
    for _ in range(2):
        answer = stack.call(LEAVER, "POST", "/me/keep")
        assert (answer.status, answer.body["erase_at"], answer.body["display_name"]) == (200, None, NAME)
    stack.now += 1
    assert stack.call(LEAVER, "GET", "/me").status == 200
    finish(stack)
    assert stack.call(LEAVER, "GET", "/me").body["handle"] == HANDLE
    account = stack.item(f"USER#{LEAVER}", "ACCOUNT")
    assert account is not None
    assert not {"erase_at", "pseudonym", "due_pk", "due_sk"} & account.keys()


def test_an_account_cannot_be_kept_if_its_time_comes_during_the_call(stack: Stack) -> None:
    leave(stack)
    stack.now += WEEK - 1

    def wait() -> None:
        stack.now = START + WEEK

    with inject_faults(READS, {0: run_before(wait)}):
        answer = stack.call(LEAVER, "POST", "/me/keep")
    assert (answer.status, answer.body["code"]) == (410, "account-erased")
    assert is_gone(stack)


def test_the_end_of_an_account_costs_no_further_read(stack: Stack) -> None:
    leave(stack)
    stack.now += WEEK - MINUTE
    assert stack.call(LEAVER, "GET", "/gifts?role=sent").status == 200
    stack.now += MINUTE
    assert is_gone(stack)
    with inject_faults(READS, {}) as counted:
        assert is_gone(stack)
    assert counted.calls == 0


def test_a_process_that_saw_the_account_before_it_was_kept_asks_again(stack: Stack) -> None:
    leave(stack)
    stack.now += WEEK - 1
    assert stack.call(LEAVER, "GET", "/gifts?role=sent").status == 200
    seen = dict(http._known_accounts)
    assert stack.call(LEAVER, "POST", "/me/keep").status == 200
    http._known_accounts.clear()
    http._known_accounts.update(seen)
    stack.now += 1
    assert stack.call(LEAVER, "GET", "/gifts?role=sent").status == 200


def test_a_process_that_knows_the_account_reads_it_again_after_an_hour(stack: Stack) -> None:
    assert stack.call(LEAVER, "GET", "/gifts?role=sent").status == 200
    seen = dict(http._known_accounts)
    leave(stack)
    http._known_accounts.clear()
    http._known_accounts.update(seen)
    stack.now += WEEK
    assert is_gone(stack)


OPERATIONS = [
    (source["Properties"]["Method"], source["Properties"]["Path"])
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function" and resource.get("Condition") != "HasTestClock"
    for source in resource["Properties"].get("Events", {}).values()
    if source["Type"] == "HttpApi" and "Auth" not in source["Properties"] and source["Properties"]["Method"] != "ANY"
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(each) for each in OPERATIONS])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_every_operation_is_refused_from_then_on(stack: Stack, method: str, path: str, is_deleted: bool) -> None:
    leave(stack)
    stack.now += WEEK
    if is_deleted:
        finish(stack)
    for parameter in ("store_id", "product_id", "order_id", "gift_id", "holding_id", "shipment_id"):
        path = path.replace(f"{{{parameter}}}", "a" * 32)
    path = path.replace("{handle}", "alice").replace("{message_id}", "a" * 32).replace("{code}", "A" * 16)
    body: object = None if method in ("GET", "DELETE") else {}
    answer = stack.call(LEAVER, method, path.replace("{", "").replace("}", ""), body)
    assert (answer.status, answer.body["code"]) == (410, "account-erased"), answer.raw


def test_a_sign_up_of_an_erased_subject_creates_nothing(stack: Stack) -> None:
    erase(stack)
    before = stack.save()
    confirmed = {
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {"sub": LEAVER, "name": NAME, "preferred_username": "quirina.again"}},
    }
    assert stack.invoke("PostConfirmationFunction", confirmed) == confirmed
    assert stack.save() == before
    assert is_gone(stack)


def test_the_user_of_the_pool_is_deleted_and_a_failure_is_retried(stack: Stack) -> None:
    leave(stack)
    stack.now += WEEK
    stack.simulation.users.is_down = True
    assert stack.sweep()["failed"] == 1
    stack.now += 10 * MINUTE
    assert stack.sweep()["failed"] == 1
    stack.simulation.users.is_down = False
    finish(stack)
    assert stack.simulation.users.deleted == [LEAVER]


# --- what the job leaves ------------------------------------------------------------------------------------------


def _everything(stack: Stack, *, is_delivered: bool = True) -> dict[str, Any]:
    """Let the leaver touch everything that there is. Return what is looked at afterwards."""
    stack.start_recording()
    for user in ("alice", "bob", "carol", LEAVER):
        stack.call(user, "GET", "/me")
    made: dict[str, Any] = {}
    # An order with units in every place, and gifts in every state.
    made["order"] = order = stack.buy(LEAVER, 7)
    made["open"] = stack.give(order, 2)
    made["claimed"] = stack.give(order)
    assert stack.claim("bob", made["claimed"]).status == 201
    made["named"] = stack.give(order, recipient_id="alice")
    assert stack.call("alice", "GET", "/messages").status == 200
    made["cancelled"] = stack.give(order)
    assert stack.call(LEAVER, "POST", f"/gifts/{made['cancelled']['gift_id']}/cancel").status == 200
    use = stack.call(LEAVER, "POST", f"/orders/{order['order_id']}/use", {"quantity": 1})
    made["own_voucher"] = use.body["holdings"][0]
    # An order whose payment has no outcome.
    made["pending"] = stack.call(LEAVER, "POST", "/orders", stack.order_request(token="tok_no_reply"))
    # Gifts of others: a voucher by link, a parcel, one that is open and named, one that expired.
    others = stack.buy("alice", 6)
    made["others"] = others
    made["received"] = stack.give(others)
    made["voucher"] = stack.claim(LEAVER, made["received"]).body
    made["named_to"] = stack.give(others, recipient_id=LEAVER)
    made["second"] = stack.give(others, at_end={"then": "give_to", "recipient_id": LEAVER})
    made["second_claimed"] = stack.give(others, at_end={"then": "give_to", "recipient_id": LEAVER})
    assert stack.claim("carol", made["second_claimed"]).status == 201
    parcels = stack.buy("alice", 1, "parcel")
    made["parcel_gift"] = stack.give(parcels)
    made["parcel"] = stack.claim(LEAVER, made["parcel_gift"]).body
    # A return gift to the leaver, and one by the leaver.
    answered = stack.call(
        "bob",
        "POST",
        f"/gifts/{made['claimed']['gift_id']}/return-gifts",
        {
            "product_id": stack.products["voucher"],
            "payment": {"method": "card", "token": "tok_ok"},
            "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"},
        },
    )
    assert answered.status == 201, answered.raw
    made["return_gift"] = answered.body["gift"]
    answered = stack.call(
        LEAVER,
        "POST",
        f"/gifts/{made['received']['gift_id']}/return-gifts",
        {
            "product_id": stack.products["voucher"],
            "payment": {"method": "card", "token": "tok_ok"},
            "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"},
        },
    )
    assert answered.status == 201, answered.raw
    assert stack.call(LEAVER, "PUT", f"/tagged/{stack.products['voucher']}").status == 204
    assert stack.call(LEAVER, "GET", f"/products/{stack.products['parcel']}").status == 200
    # A changed handle, and a request for a gift that expired.
    assert stack.call(LEAVER, "PATCH", "/me", {"handle": "quirina.zz"}).status == 200
    assert stack.call(LEAVER, "PATCH", "/me", {"handle": HANDLE}).status == 200
    if is_delivered:
        stack.deliver_records()
    return made


@pytest.mark.parametrize("is_open", [False, True], ids=["ended", "open"])
def test_nothing_of_the_user_is_left_but_the_tombstone(stack: Stack, is_open: bool) -> None:
    expired = stack.give(stack.buy("carol"))
    given = stack.give(stack.buy(LEAVER))
    ask(stack)
    stack.sweep()
    for user, gift in ((LEAVER, expired), ("bob", given)):
        path = f"/gifts/{gift['gift_id']}/ask-again"
        assert stack.call(user, "POST", path, {"secret": gift["secret"]}).status == 202
    if not is_open:
        stack.now -= 2 * DAY
    _everything(stack)
    assert find_traces(stack)
    stack.now += MINUTE if is_open else 2 * DAY + MINUTE
    finish(stack)
    assert find_traces(stack) == []
    stack.deliver_records()
    assert find_traces(stack) == []
    assert not stack.audit_findings()


def test_what_others_have_goes_on_without_the_name(stack: Stack) -> None:
    ask(stack)
    made = _everything(stack)
    stack.now += MINUTE
    finish(stack)
    stack.deliver_records()
    # The gifts of the user: the open ones are cancelled, what was claimed stays.
    assert preview(stack, made["open"])["state"] == "cancelled"
    claimed = stack.call("bob", "GET", f"/gifts/{made['claimed']['gift_id']}").body
    assert (claimed["state"], claimed["giver_name"]) == ("claimed", ERASED_NAME)
    page = stack.call(None, "GET", f"/g/{made['claimed']['gift_id']}", headers={"accept-language": "zh"})
    assert "已注销用户 送你一份礼物" in page.raw
    assert stack.call("alice", "GET", f"/gifts/{made['named']['gift_id']}").body["state"] == "cancelled"
    # Gifts to the user: declined; one that would be passed on to them ends in the order.
    assert stack.call("alice", "GET", f"/gifts/{made['named_to']['gift_id']}").body["state"] == "declined"
    second = stack.call("alice", "GET", f"/gifts/{made['second']['gift_id']}").body
    assert (second["at_end"], second["successor_gift_id"]) == ({"then": "order"}, None)
    # The voucher that they held is refunded to its payer, who learns that money came back.
    received = stack.call("alice", "GET", f"/gifts/{made['received']['gift_id']}").body
    assert [each["display_name"] for each in received["claims"]] == [ERASED_NAME]
    units = stack.units(made["others"])
    assert units["refunded"] == 1
    assert sum(units.values()) == 6
    # The parcel goes on, with its address, and its giver sees its progress.
    shipment_id = made["parcel"]["shipment_id"]
    assert stack.call("mia", "GET", "/stores/store-mia/shipments").status in (200, 404)
    assert stack.report(shipment_id, "delivered").status == 200
    # The return gift to them was declined, so its unit is back in the order of its buyer.
    returned = stack.call("bob", "GET", f"/gifts/{made['return_gift']['gift_id']}").body
    assert returned["state"] == "declined"
    texts = [
        each["text"]
        for user in ("alice", "bob", "carol")
        for each in stack.call(user, "GET", "/messages").body["items"]
    ]
    assert not [text for text in texts if NAME in text]


def test_units_and_orders_of_the_user_are_settled(stack: Stack) -> None:
    ask(stack)
    made = _everything(stack)
    stack.now += MINUTE
    finish(stack)
    order = stack.item(f"ORDER#{made['order']['order_id']}")
    assert order is not None
    assert (order["available"], order["buyer_id"]) == (0, PSEUDONYM)
    # Two of the open gift, one each of the cancelled and of the named one, one that was not given, one taken for own use.
    # The one that bob claimed stays his.
    assert (order["refunded"], order["gifted"] + order["used"]) == (6, 0)
    found = [item for item in stack.all_items() if item["sk"] == "REFUND" and item["order_id"] == order["order_id"]]
    assert sum(each["quantity"] for each in found) == 6
    assert {each["cause"] for each in found} == {"erasure"}
    assert sum(each["total"]["amount"] for each in found) == 6 * made["order"]["payment"]["total"]["amount"] // 7
    pending = [
        item for item in stack.all_items() if item["sk"] == "ORDER" and item["state"] in ("pending", "cancelled")
    ]
    assert [each["state"] for each in pending] == ["cancelled"]


def _received(stack: Stack, product: str = "voucher") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an order of alice and what the leaver, who is about to be erased, claimed of it."""
    ask(stack)
    order = stack.buy(product=product)
    return order, stack.claim(LEAVER, stack.give(order)).body


def _repaid(stack: Stack) -> list[dict[str, Any]]:
    return [item for item in stack.all_items() if item["sk"] == "REFUND" and item["status"] == "refunded"]


def _due_of_pseudonym(stack: Stack) -> bool:
    return "due_pk" in (stack.item(f"USER#{PSEUDONYM}", "ACCOUNT") or {})


@pytest.mark.parametrize("validity_days", [90, None])
def test_a_voucher_that_is_usable_again_after_the_erasure_is_refunded(stack: Stack, validity_days: int | None) -> None:
    stack.update_product("voucher", validity_days=validity_days)
    order, voucher = _received(stack)
    path = f"/vouchers/{voucher['code']}/redemptions"
    redemption_id = stack.call("mia", "POST", path).body["redemption_id"]
    stack.now += MINUTE
    finish(stack)
    assert (_repaid(stack), _due_of_pseudonym(stack)) == ([], True)
    undone = stack.call("mia", "POST", f"{path}/{redemption_id}/undo", {"reason": "Wrong voucher"})
    assert undone.status == 200, undone.raw
    stack.now += 60 * MINUTE
    finish(stack)
    (refund,) = _repaid(stack)
    assert (refund["cause"], refund["quantity"]) == ("erasure", 1)
    assert stack.units(order) == {"refunded": 1}
    assert stack.call("mia", "POST", path).body["code"] == "voucher-refunded"
    assert not _due_of_pseudonym(stack)


def test_a_redemption_that_stays_ends_the_watch_after_the_time_to_undo_it(stack: Stack) -> None:
    order, voucher = _received(stack)
    assert stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions").status == 201
    stack.now += 62 * MINUTE
    finish(stack)
    assert (_repaid(stack), _due_of_pseudonym(stack)) == ([], False)
    assert stack.units(order) == {"gifted": 1}


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("status", ["lost", "returned"])
def test_a_parcel_of_an_erased_user_that_never_arrives_is_refunded(
    stack: Stack, status: str, *, is_before: bool
) -> None:
    order, parcel = _received(stack, "parcel")
    if is_before:
        stack.report(parcel["shipment_id"], status)
    stack.now += MINUTE
    finish(stack)
    assert len(_repaid(stack)) == is_before
    if not is_before:
        stack.now += 20 * DAY
        finish(stack)
        assert _repaid(stack) == []
        stack.report(parcel["shipment_id"], status)
        stack.now += DAY
        finish(stack)
    (refund,) = _repaid(stack)
    assert (refund["cause"], refund["holding_ids"]) == ("erasure", [parcel["holding_id"]])
    assert stack.units(order) == {"refunded": 1}
    assert not _due_of_pseudonym(stack)


def test_a_parcel_of_an_erased_user_that_is_never_shipped_is_refunded_once_its_address_is_erased(stack: Stack) -> None:
    order, parcel = _received(stack, "parcel")
    stack.now += MINUTE
    finish(stack)
    stack.now += 179 * DAY
    finish(stack)
    assert stack.units(order) == {"gifted": 1}
    stack.now += DAY
    finish(stack)
    assert stack.units(order) == {"refunded": 1}
    assert len(_repaid(stack)) == 1
    assert stack.report(parcel["shipment_id"], "picked_up").body["status"] == "cancelled"
    assert not _due_of_pseudonym(stack)


def test_a_delivered_parcel_of_an_erased_user_is_not_refunded(stack: Stack) -> None:
    order, parcel = _received(stack, "parcel")
    stack.now += MINUTE
    finish(stack)
    assert stack.report(parcel["shipment_id"], "delivered").status == 200
    stack.now += DAY
    finish(stack)
    assert (stack.units(order), _due_of_pseudonym(stack)) == ({"gifted": 1}, False)


@pytest.mark.parametrize("role", ["payer", "holder"])
def test_earlier_refund_requests_of_a_holding_lose_the_user_too(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    follow(monkeypatch, "eu")
    payer, holder = (LEAVER, "bob") if role == "payer" else ("alice", LEAVER)
    asker = "bob" if role == "payer" else "alice"
    goods = stack.claim(holder, stack.give(stack.buy(payer, product="parcel"))).body
    stack.report(goods["shipment_id"], "delivered")
    path = f"/holdings/{goods['holding_id']}/refund-requests"
    for _ in range(3):
        request = stack.call(asker, "POST", path, {"reason": "unwanted"}).body
        assert stack.call(asker, "POST", f"/refund-requests/{request['refund_request_id']}/withdraw").status == 200
    erase(stack)
    assert find_traces(stack) == []


def test_a_gift_that_another_one_has_now_stays_open_when_its_earlier_recipient_is_erased(stack: Stack) -> None:
    ask(stack)
    for user in ("alice", "bob"):
        stack.call(user, "GET", "/me")
    stack.start_recording()
    gift = stack.give(stack.buy("alice"), recipient_id=LEAVER)
    path = f"/gifts/{gift['gift_id']}"
    for user in ("bob", LEAVER, "bob"):
        assert stack.call("alice", "PUT", f"{path}/recipient", {"recipient_id": user}).status == 200
    stack.deliver_records()
    stack.now += MINUTE
    finish(stack)
    assert find_traces(stack) == []
    item = stack.item(f"GIFT#{gift['gift_id']}")
    assert item is not None
    assert [each["user_id"] for each in item["former_recipients"]] == [PSEUDONYM, "bob", PSEUDONYM]
    assert stack.call("bob", "GET", path).body["state"] == "open"
    stack.deliver_records()
    assert find_traces(stack) == []
    assert stack.call("bob", "POST", f"{path}/claims", {}).status == 201


def test_two_earlier_recipients_who_are_erased_at_once_are_both_removed(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    pseudonyms = iter(["pseudonym-1", "pseudonym-2"])
    monkeypatch.setattr(clock, "pseudonym", lambda: next(pseudonyms))
    for user in ("alice", "bob", "carol", "dave"):
        stack.call(user, "GET", "/me")
    for user in ("bob", "carol"):
        leave(stack, user)
    stack.now += WEEK - MINUTE
    gift = stack.give(stack.buy("alice"), recipient_id="bob")
    for user in ("carol", "dave"):
        body = {"recipient_id": user}
        assert stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/recipient", body).status == 200
    stack.now += MINUTE
    saved = stack.save()
    with inject_faults(WRITES, {}) as counted:
        stack.sweep()
    for number in range(counted.calls):
        stack.load(saved)
        with inject_faults(WRITES, {number: run_before(stack.sweep)}):
            stack.sweep()
        stack.now += 3 * MINUTE
        stack.sweep()
        item = stack.item(f"GIFT#{gift['gift_id']}")
        assert item is not None
        assert {each["user_id"] for each in item["former_recipients"]} == {"pseudonym-1", "pseudonym-2"}, number
        stack.now -= 3 * MINUTE


def test_the_name_of_an_erased_giver_is_replaced_in_the_messages_to_all_recipients(stack: Stack) -> None:
    ask(stack)
    stack.start_recording()
    for user in ("bob", "carol"):
        stack.call(user, "GET", "/me")
    gift = stack.give(stack.buy(LEAVER), recipient_id="bob")
    stack.deliver_records()
    for message in stack.call("bob", "GET", "/messages").body["items"]:
        stack.call("bob", "POST", f"/messages/{message['message_id']}/read")  # so that no cancellation replaces it
    path = f"/gifts/{gift['gift_id']}"
    assert stack.call(LEAVER, "PUT", f"{path}/recipient", {"recipient_id": "carol"}).status == 200
    assert stack.call(LEAVER, "POST", f"{path}/remind").status == 202
    stack.deliver_records()
    for message in stack.call("carol", "GET", "/messages").body["items"]:
        assert message["params"]["name"] == NAME
        stack.call("carol", "POST", f"/messages/{message['message_id']}/read")
    stack.now += MINUTE
    finish(stack)
    stack.deliver_records()
    assert find_traces(stack) == []


def test_nobody_can_name_an_erased_user(stack: Stack) -> None:
    for user in ("alice", LEAVER):
        stack.call(user, "GET", "/me")
    order = stack.buy("alice", 4)
    received = stack.give(stack.buy(LEAVER))
    assert stack.claim("alice", received).status == 201
    open_gift = stack.give(order)
    leave(stack)
    assert stack.call("alice", "GET", f"/people/{HANDLE}").status == 200
    stack.now += WEEK
    for step in range(2):
        if step:
            finish(stack)
        assert stack.call("alice", "GET", f"/people/{HANDLE}").status == 404
        assert LEAVER not in stack.call("alice", "GET", "/people").raw
        for body in (
            {"recipient_id": LEAVER},
            {"recipient_id": PSEUDONYM},
            {"at_end": {"then": "give_to", "recipient_id": LEAVER}},
        ):
            answer = stack.call(
                "alice",
                "POST",
                f"/orders/{order['order_id']}/gifts",
                {"shares": 1, "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"}, **body},
            )
            assert (answer.status, answer.body["code"]) == (422, "recipient-unknown"), answer.raw
        answer = stack.call("alice", "POST", f"/gifts/{received['gift_id']}/return-gifts", _return_gift(stack))
        assert (answer.status, answer.body["code"]) == (422, "recipient-unknown"), answer.raw
    assert open_gift


def _return_gift(stack: Stack, token: str = "tok_ok") -> dict[str, Any]:
    return {
        "product_id": stack.products["voucher"],
        "payment": {"method": "card", "token": token},
        "wrapping": {"cover_id": "red-classic", "blessing_id": "best-wishes"},
    }


def preview(stack: Stack, gift: Any) -> dict[str, Any]:
    body: dict[str, Any] = stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body
    return body


def test_a_return_gift_that_is_paid_after_the_erasure_becomes_units_of_its_buyer(stack: Stack) -> None:
    received = stack.give(stack.buy(LEAVER))
    assert stack.claim("alice", received).status == 201
    leave(stack)
    stack.now += WEEK - 1000
    path = f"/gifts/{received['gift_id']}/return-gifts"
    assert stack.call("alice", "POST", path, _return_gift(stack, "tok_timeout"), key="return-gift-1").status == 503
    stack.now += 1000
    answer = stack.call("alice", "POST", path, _return_gift(stack, "tok_timeout"), key="return-gift-1")
    assert (answer.status, answer.body["order"]["state"]) == (202, "paid"), answer.raw
    assert answer.body["order"]["units"]["available"] == 1
    finish(stack)
    assert find_traces(stack) == []
    assert stack.units(answer.body["order"]) == {"available": 1}


# --- killed anywhere ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_the_job_ends_the_same_if_it_is_killed_at_any_write(stack: Stack, fault: str) -> None:
    ask(stack)
    _everything(stack)
    stack.stop_recording()
    stack.now += MINUTE
    saved, at = stack.save(), stack.now
    with inject_faults(WRITES, {}) as counted:
        finish(stack)
    wanted = _without_times(stack)
    assert counted.calls > 40
    for number in range(counted.calls):
        stack.load(saved)
        stack.simulation.users.deleted.clear()
        stack.now = at
        with inject_faults(WRITES, {number: FAULTS[fault]}), suppress(Crashed):
            for _ in range(5):
                stack.sweep()
                stack.now += MINUTE
        finish(stack)
        assert find_traces(stack) == [], number
        assert _without_times(stack) == wanted, number
        assert not stack.audit_findings(), number


def _without_times(stack: Stack) -> list[dict[str, Any]]:
    """Return all items, without what depends on when a step was taken."""
    hidden = {"ended_at", "updated_at", "version", "created_at", "owner_sk", "refund_id", "refunded_at", "due_sk", "pk"}
    items = [{name: value for name, value in item.items() if name not in hidden} for item in stack.all_items()]
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))


def test_a_giver_of_many_gifts_is_erased_in_short_passes(stack: Stack) -> None:
    ask(stack)
    order = stack.buy(LEAVER, 12)
    for _ in range(11):
        assert stack.claim("bob", stack.give(order)).status == 201
    voucher = stack.claim(LEAVER, stack.give(stack.buy())).body
    stack.now += MINUTE
    for _ in range(40):
        _pass_with_time_for(stack, 16)
    # The tombstone is due until a pass finds nothing.
    assert [each for each in find_traces(stack) if not each.startswith(f"USER#{LEAVER}/ACCOUNT")] == []
    assert stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions").body["code"] == "voucher-refunded"
    finish(stack)
    assert find_traces(stack) == []


def _pass_with_time_for(stack: Stack, looks: int) -> None:
    """Make one pass of the erasure, whose time is up after some looks at the clock."""
    ticks = count(stack.now)
    table, provider, identities = wiring.table(), wiring.payments(), wiring.identities()
    erasing.erase(table, provider, identities, LEAVER, clock=lambda: next(ticks), deadline=stack.now + looks)


# --- late records -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_late_stream_records_bring_nothing_back(stack: Stack, seed: int) -> None:
    order = random.Random(seed)  # noqa: S311 - repeatable
    ask(stack)
    _everything(stack, is_delivered=False)
    early = order.sample(stack.records, len(stack.records) * seed // 8)
    _project(stack, early, order)
    stack.now += MINUTE
    stack.sweep()
    _project(stack, order.sample(stack.records, len(stack.records) // 2), order)
    finish(stack)
    assert find_traces(stack) == []
    for _ in range(2):
        _project(stack, order.sample(stack.records, len(stack.records)), order)
        assert find_traces(stack) == []
    assert not stack.audit_findings()
    claimed = [
        item for item in stack.all_items() if item["sk"].startswith("MESSAGE#") and item["kind"] == "gift_claimed"
    ]
    assert len(claimed) == len({(item["user_id"], item["gift_id"]) for item in claimed})


def _project(stack: Stack, records: list[dict[str, Any]], order: random.Random) -> None:
    """Deliver records in batches of random sizes."""
    while records:
        size = order.randint(1, 10)
        batch, records = records[:size], records[size:]
        assert stack.project(*batch) == []


# --- calls at the time of the erasure -----------------------------------------------------------------------------


def _call_at_the_end(stack: Stack, name: str) -> Callable[[], Answer]:
    """Prepare a call that is in progress while the user is erased, and return it."""
    for user in ("alice", "bob", LEAVER):
        stack.call(user, "GET", "/me")
    match name:
        case "give to the user":
            order = stack.buy("alice")
            body = {"shares": 1, "wrapping": _return_gift(stack)["wrapping"], "recipient_id": LEAVER}
            return lambda: stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body, key="in-progress-1")
        case "pass on to the user":
            gift = stack.give(stack.buy("alice"))
            end = {"then": "give_to", "recipient_id": LEAVER}
            return lambda: stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/at-end", end)
        case "name the user instead of another one":
            gift = stack.give(stack.buy("alice"), recipient_id="bob")
            path = f"/gifts/{gift['gift_id']}/recipient"
            return lambda: stack.call("alice", "PUT", path, {"recipient_id": LEAVER})
        case "name another one instead of the user":
            gift = stack.give(stack.buy("alice"), recipient_id=LEAVER)
            path = f"/gifts/{gift['gift_id']}/recipient"
            return lambda: stack.call("alice", "PUT", path, {"recipient_id": "bob"})
        case "remind the user":
            gift = stack.give(stack.buy("alice"), recipient_id=LEAVER)
            return lambda: stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/remind")
        case "the user reminds":
            gift = stack.give(stack.buy(LEAVER), recipient_id="bob")
            return lambda: stack.call(LEAVER, "POST", f"/gifts/{gift['gift_id']}/remind")
        case "the user makes a link":
            gift = stack.give(stack.buy(LEAVER))
            return lambda: stack.call(LEAVER, "POST", f"/gifts/{gift['gift_id']}/link", key="in-progress-1")
        case "return a gift to the user":
            gift = stack.give(stack.buy(LEAVER))
            assert stack.claim("alice", gift).status == 201
            path = f"/gifts/{gift['gift_id']}/return-gifts"
            return lambda: stack.call("alice", "POST", path, _return_gift(stack), key="in-progress-1")
        case "claim a gift of the user":
            gift = stack.give(stack.buy(LEAVER, 2), 2)
            return lambda: stack.claim("alice", gift)
        case "redeem a voucher of the user":
            code = stack.claim(LEAVER, stack.give(stack.buy("alice"))).body["code"]
            return lambda: stack.call("mia", "POST", f"/vouchers/{code}/redemptions")
        case "the user claims":
            gift = stack.give(stack.buy("alice", 2), 2)
            return lambda: stack.claim(LEAVER, gift)
        case "the user buys":
            body = stack.order_request(quantity=3)
            return lambda: stack.call(LEAVER, "POST", "/orders", body, key="in-progress-1")
        case "the user gives":
            order = stack.buy(LEAVER, 2)
            body = {"shares": 1, "wrapping": _return_gift(stack)["wrapping"]}
            return lambda: stack.call(LEAVER, "POST", f"/orders/{order['order_id']}/gifts", body, key="in-progress-1")
        case "the user uses":
            order = stack.buy(LEAVER, 2)
            path = f"/orders/{order['order_id']}/use"
            return lambda: stack.call(LEAVER, "POST", path, {"quantity": 2}, key="in-progress-1")
        case "the user tags":
            return lambda: stack.call(LEAVER, "PUT", f"/tagged/{stack.products['voucher']}")
        case "the user changes the handle":
            return lambda: stack.call(LEAVER, "PATCH", "/me", {"handle": "quirina.zz", "recommendations": False})
        case "the user asks again":
            gift = stack.give(stack.buy("alice"))
            stack.now += DAY + MINUTE
            path = f"/gifts/{gift['gift_id']}/ask-again"
            return lambda: stack.call(LEAVER, "POST", path, {"secret": gift["secret"]})
        case "the user keeps the account":
            return lambda: stack.call(LEAVER, "POST", "/me/keep")
    raise ValueError(name)


AT_THE_END = (
    "give to the user",
    "pass on to the user",
    "name the user instead of another one",
    "name another one instead of the user",
    "remind the user",
    "the user reminds",
    "the user makes a link",
    "return a gift to the user",
    "claim a gift of the user",
    "redeem a voucher of the user",
    "the user claims",
    "the user buys",
    "the user gives",
    "the user uses",
    "the user tags",
    "the user changes the handle",
    "the user asks again",
    "the user keeps the account",
)


@pytest.mark.parametrize("name", AT_THE_END)
def test_a_call_in_progress_leaves_nothing(stack: Stack, name: str) -> None:
    """Run the first pass of the job before each request of a call to the table, and the second one after the call."""
    ask(stack)
    call = _call_at_the_end(stack, name)
    saved, asked_at = stack.save(), stack.now
    http._known_accounts.clear()
    with inject_faults(WRITES | READS, {}) as counted:
        call()

    def erase_now() -> None:
        stack.now = START + WEEK
        stack.sweep()

    for number in range(counted.calls):
        stack.load(saved)
        stack.simulation.users.deleted.clear()
        stack.now = asked_at
        with inject_faults(WRITES | READS, {number: run_before(erase_now)}):
            answer = call()
        assert answer.status < 500 or answer.body["code"] in ("busy", "payment-unknown"), (number, answer.raw)
        stack.now = max(stack.now, START + WEEK)
        finish(stack)
        if is_gone(stack):
            assert find_traces(stack) == [], number
        else:
            assert name == "the user keeps the account"
        assert not stack.audit_findings(), number
        _check_units(stack)


def _check_units(stack: Stack) -> None:
    """Check that no unit waits for a user who cannot come back: none is available, in an open gift, or a usable voucher."""
    for item in stack.all_items():
        if item["sk"] == "ORDER" and item["buyer_id"] == PSEUDONYM:
            assert item["available"] == 0
            assert item["state"] != "pending"
        if item["sk"] == "GIFT" and PSEUDONYM in (item["giver_id"], item.get("recipient_id")):
            assert item["state"] != "open"
        if item["sk"] == "HOLDING" and item["holder_id"] == PSEUDONYM and "code" in item:
            assert "refunded_at" in item or "redeemed_at" in item


def test_a_repayment_that_is_refused_for_good_does_not_keep_the_user(stack: Stack) -> None:
    ask(stack)
    body = stack.order_request(token="tok_no_refund")
    assert stack.call(LEAVER, "POST", "/orders", body).status == 201
    stack.now += MINUTE
    finish(stack)
    (refund,) = [item for item in stack.all_items() if item["sk"] == "REFUND"]
    assert (refund["status"], refund["payer_id"]) == ("manual", PSEUDONYM)
    assert find_traces(stack) == []
