"""The operators' command `explain`: states by the clock, what happens next, and the rule of each decision."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from handsel.domain import policy
from handsel.runtime import settings, wiring
from ops.__main__ import _explain as explain_command
from ops.explain import Decision, Explanation, describe, explain
from ops.scan import WholeTable
from ops.stack import CannotRunError
from ops.stack import Stack as OperatedStack
from testkit.handlers.stack import ADDRESS, DAY, TABLE, Stack


def explained(stack: Stack, identifier: str) -> Explanation:
    found = explain(WholeTable(wiring.table().client, TABLE), identifier, now=stack.now)
    assert found is not None
    return found


def decided(found: Explanation, about: str) -> Decision:
    """Return the first decision about a question; its rule and source have to be those of the policy."""
    decision = next(each for each in found.decisions if each.about == about)
    if decision.rule is not None:
        assert decision.policy == found.policy
        published = policy.find(found.policy).rules[decision.rule]
        assert (decision.value, decision.source) == (published["value"], published["source"])
    return decision


@pytest.fixture
def wechat(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POLICY", "wechat")
    settings.settings.cache_clear()
    yield
    settings.settings.cache_clear()


def test_an_open_gift(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    found = explained(stack, gift["gift_id"])
    assert (found.kind, found.id, found.policy) == ("gift", gift["gift_id"], "douyin@1")
    assert (found.facts["state"], found.facts["stored_state"]) == ("open", "open")
    assert [step.at for step in found.next] == [
        "2026-09-22T08:13:20.000Z", "2026-09-22T13:13:20.000Z", gift["expires_at"],
    ]  # fmt: skip
    assert found.next[-1].what.endswith("available in the order again")
    window = decided(found, "claim window")
    assert (window.answer, window.rule) == ("86400 seconds from giving", "window")
    for about, rule in (("cancel by the giver", "giver_cancel"), ("decline by the recipient", "decline")):
        assert (decided(found, about).answer, decided(found, about).rule) == ("possible", rule)


def test_a_scheduled_gift(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob", send_at="2026-09-24T08:00:00Z")
    found = explained(stack, gift["gift_id"])
    assert (found.facts["state"], found.facts["stored_state"]) == ("scheduled", "open")
    assert found.facts["opens_at"] == gift["opens_at"]
    assert [step.at for step in found.next] == [
        "2026-09-24T08:00:00.000Z", "2026-09-25T02:00:00.000Z", "2026-09-25T07:00:00.000Z", gift["expires_at"],
    ]  # fmt: skip
    assert "opens" in found.next[0].what
    window = decided(found, "claim window")
    assert (window.answer, window.rule) == ("86400 seconds from opening", "window")
    assert decided(found, "cancel by the giver").answer == "possible"
    assert decided(found, "decline by the recipient").answer == "not yet possible"


@pytest.mark.usefixtures("wechat")
def test_what_the_policy_of_the_order_rules_out(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    order = stack.buy()
    # The policy of the stack now does not matter.
    monkeypatch.setenv("POLICY", "eu")
    settings.settings.cache_clear()
    found = explained(stack, stack.give(order)["gift_id"])
    assert found.policy == "wechat@1"
    cancel = decided(found, "cancel by the giver")
    assert (cancel.answer, cancel.rule, cancel.value) == ("ruled out", "giver_cancel", False)
    assert "微信小店" in cancel.source
    assert decided(found, "another end, chosen by the giver").rule == "giver_may_choose"
    assert found.next[-1].what.endswith("refunded to the payer")


def test_an_end_that_the_giver_chose(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    order = stack.buy()
    gift = stack.give(order, at_end={"then": "give_to", "recipient_id": "bob"})
    first = explained(stack, gift["gift_id"])
    end = decided(first, "units that nobody claimed")
    assert (end.rule, end.value) == ("giver_may_choose", True)
    successor = end.answer.rpartition(" ")[2]
    assert first.next[-1].what.endswith(f"become a gift to a second person, {successor}")
    table = WholeTable(wiring.table().client, TABLE)
    stack.now += DAY - 1
    assert explain(table, successor, now=stack.now) is None
    stack.now += 1
    for settled in (False, True):
        if settled:
            stack.sweep()
        second = explained(stack, successor)
        assert (second.facts["state"], second.facts["stored_state"]) == ("open", "open" if settled else None)
        assert second.facts["to"] == "named recipient"
        assert ("in effect" in second.next[0].what) != settled
        assert decided(second, "units that nobody claimed").rule == "at_end"
        assert decided(second, "claim window").rule == "window"


@pytest.mark.parametrize(
    ("ended_by", "rule", "answer"),
    [
        ("cancel", "giver_cancel", "cancelled by the giver"),
        ("decline", "decline", "declined by the recipient"),
        ("expire", "window", "expired"),
        ("claim", None, "all shares were claimed"),
    ],
)
def test_the_rule_that_ended_a_gift(stack: Stack, ended_by: str, rule: str | None, answer: str) -> None:
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    if ended_by == "expire":
        stack.now += DAY
    elif ended_by == "claim":
        stack.claim("bob", gift)
    else:
        stack.call("alice" if ended_by == "cancel" else "bob", "POST", f"/gifts/{gift['gift_id']}/{ended_by}")
    found = explained(stack, gift["gift_id"])
    end = decided(found, "end")
    assert end.rule == rule
    assert end.answer.startswith(answer)
    if ended_by == "expire":
        assert (found.facts["state"], found.facts["stored_state"]) == ("returned", "open")
        assert "in effect" in found.next[0].what
        stack.sweep()
        found = explained(stack, gift["gift_id"])
    assert found.next == []
    assert found.facts["state"] == found.facts["stored_state"]
    assert "possible" not in {
        decided(found, about).answer for about in ("cancel by the giver", "decline by the recipient")
    }


def test_a_window_that_no_rule_set(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    order = stack.buy(quantity=2)
    stack.now += 90 * DAY - 3_600_000
    validity = decided(explained(stack, stack.give(order)["gift_id"]), "claim window")
    assert (validity.answer, validity.rule) == ("3600 seconds from giving", None)
    assert "validity" in validity.source
    monkeypatch.setenv("CLAIM_WINDOW_SECONDS", "180")
    settings.settings.cache_clear()
    parameter = decided(explained(stack, stack.give(order)["gift_id"]), "claim window")
    assert (parameter.answer, parameter.rule) == ("180 seconds from giving", None)
    assert "ClaimWindowSeconds" in parameter.source


@pytest.mark.parametrize(
    ("product", "rule", "answer"),
    [
        ("jewelry", "excluded_categories", "ruled out: Products of the category jewelry"),
        ("price_over_cap", "price_caps", "ruled out: The original price is over"),
        ("voucher", "excluded_categories", "possible"),
    ],
)
def test_why_an_order_cannot_be_given(stack: Stack, product: str, rule: str, answer: str) -> None:
    found = explained(stack, stack.buy(product=product)["order_id"])
    give = decided(found, "give units of this order now")
    assert (found.kind, give.rule) == ("order", rule)
    assert give.answer.startswith(answer)


def test_a_store_narrows_what_can_be_given(stack: Stack) -> None:
    order = stack.buy()
    stack.update_product("voucher", giftable=False)
    give = decided(explained(stack, order["order_id"]), "give units of this order now")
    assert (give.rule, give.policy) == (None, None)
    assert "giftable" in give.source
    stack.update_product("voucher", giftable=True)
    store = {"name": "Tea House", "carrier": "panda", "gift_rules": {"price_caps": {"CNY": 1}}}
    assert stack.call("mia", "PUT", f"/stores/{order['product']['store_id']}", store).status == 200
    give = decided(explained(stack, order["order_id"]), "give units of this order now")
    assert (give.answer.split(":")[0], give.rule) == ("ruled out", None)
    assert "gift_rules" in give.source
    stack.call("mia", "PUT", f"/stores/{order['product']['store_id']}", store | {"gift_rules": None})
    stack.now += 90 * DAY
    assert "no longer valid" in decided(explained(stack, order["order_id"]), "give units of this order now").source


def test_an_order_without_available_units(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    for identifier in (order["order_id"], gift["gift_id"]):
        give = decided(explained(stack, identifier), "give units of this order now")
        assert (give.answer, give.source) == ("not possible", "no unit of the order is available")
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    (pending,) = stack.call("alice", "GET", "/orders?state=pending").body["items"]
    found = explained(stack, pending["order_id"])
    assert decided(found, "give units of this order now").source == "the order is pending"
    assert [step.at for step in found.next] == [pending["payment"]["expires_at"]]


def test_an_order_with_its_gifts(stack: Stack) -> None:
    order = stack.buy(quantity=3)
    gift_ids = {stack.give(order)["gift_id"] for _ in range(2)}
    found = explained(stack, order["order_id"])
    assert {each.id for each in found.gifts} == gift_ids
    assert found.facts["units"] == {"available": 1, "in_gift": 2, "gifted": 0, "used": 0, "refunded": 0}
    lines = list(describe(found))
    assert [line.split()[1].rstrip(",") for line in lines if line.startswith("gift ")] == [
        each.id for each in found.gifts
    ]


@pytest.mark.parametrize("unknown", ["unknown", "", "a#b", "é", "x" * 3000])
def test_an_unknown_id_is_neither(stack: Stack, unknown: str) -> None:
    assert explain(WholeTable(wiring.table().client, TABLE), unknown, now=stack.now) is None


@pytest.mark.corrupts
def test_a_policy_that_this_version_does_not_have(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.put_directly({**(stack.item(f"GIFT#{gift['gift_id']}") or {}), "policy": "douyin@99"})
    table = WholeTable(wiring.table().client, TABLE)
    with pytest.raises(CannotRunError, match="there is no policy douyin@99"):
        explain_command(table, OperatedStack(TABLE), Namespace(id=gift["gift_id"], json=False))


def test_the_output_has_nothing_private(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    order = stack.buy(product="parcel", quantity=2)
    link, named = stack.give(order), stack.give(order, recipient_id="bob")
    stack.claim("bob", named)
    stack.claim("carol", link)
    voucher = stack.give(stack.buy())
    code = stack.claim("carol", voucher).body["code"]
    private = {link["secret"], voucher["secret"], code, "alice", "Alice", "bob", "Bob", "carol", "Carol"}
    private |= {str(each) for each in ADDRESS.values() if each != ADDRESS["lines"] and len(str(each)) > 2}
    private |= {*ADDRESS["lines"], order["product"]["title"]}
    for identifier in (order["order_id"], link["gift_id"], named["gift_id"], voucher["gift_id"]):
        found = explained(stack, identifier)
        output = json.dumps(asdict(found), ensure_ascii=False) + "\n".join(describe(found))
        assert [each for each in private if each in output] == []
