"""Policies: their data, its form, and the policy that a stack or an order has."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handsel.domain import errors, policy, rules
from handsel.domain.models import FIRST_POLICY, Gift, Kind, Money, Order, Product, UnitCounts
from handsel.domain.policy import InvalidPolicies, Policy
from handsel.domain.reasons import NotGiftableCode
from handsel.domain.states import GiftAction, OrderAction
from local import template
from local.settings import ROOT, Settings
from testkit.factories import NOW, gift, order, product

WRITTEN: dict[str, Any] = json.loads(Path(policy.__file__).with_name("policies.json").read_text())
DOUYIN, WECHAT, KAKAO, EU = map(policy.newest, ("douyin", "wechat", "kakao", "eu"))
UNITS = UnitCounts(available=1, in_gift=0, gifted=0, used=0, refunded=0)
DAY = 86_400


# --- the data -----------------------------------------------------------------------------------------------------------


def test_every_version_of_every_policy_is_found_by_its_reference() -> None:
    loaded = policy.load_policies()
    assert set(loaded) == {"douyin", "wechat", "kakao", "eu"}
    for policy_id, versions in loaded.items():
        assert [each.version for each in versions] == list(range(1, len(versions) + 1))
        assert policy.newest(policy_id) is versions[-1]
        assert all(policy.find(each.ref) is each for each in versions)


def test_a_stack_can_have_every_policy_and_has_the_same_default_everywhere() -> None:
    parameter = template.read()["Parameters"]["Policy"]
    assert parameter["AllowedValues"] == list(policy.load_policies())
    assert parameter["Default"] == Settings().policy == policy.find(FIRST_POLICY).policy_id


def test_the_document_says_that_every_rule_is_in_effect() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| .* \| (yes|later) \|$", (ROOT / "docs" / "policies.md").read_text(), re.M)
    later = {name for names, effect in rows if effect == "later" for name in re.findall(r"\w+", names)}
    assert later == set()
    assert {name for names, _ in rows for name in re.findall(r"\w+", names)} == set(DOUYIN.rules)


def test_what_was_stored_before_policies_has_the_rules_of_that_time() -> None:
    first = policy.find(FIRST_POLICY)
    assert first.window == {Kind.VOUCHER: DAY, Kind.PARCEL: DAY}
    assert (first.at_end, first.giver_may_choose, first.giver_cancel, first.decline) == ("order", True, True, True)
    assert (first.price_caps, first.price_cap_on) == ({"CNY": 1_000_000}, "original_price")
    assert {name for name, _ in first.excluded_categories} == {"jewelry", "education"}
    assert (first.reminders, first.message_length) == ((6 * 3600, 3600), 60)


@pytest.mark.parametrize("ref", ["", "douyin", "douyin@", "douyin@0", "douyin@01", "douyin@999", "nobody@1", "@1"])
def test_an_unknown_reference_is_an_inconsistency(ref: str) -> None:
    with pytest.raises(errors.DataIntegrityError, match="there is no policy"):
        policy.find(ref)


def test_the_profiles_differ_where_their_platforms_do() -> None:
    assert (WECHAT.at_end, WECHAT.giver_may_choose, WECHAT.giver_cancel) == ("refund", False, False)
    assert KAKAO.window == {Kind.VOUCHER: 93 * DAY, Kind.PARCEL: 7 * DAY}
    assert KAKAO.decline
    assert EU.return_days == 14


def rule(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(written: dict[str, Any]) -> None:
        written["douyin"][0]["rules"][name]["value"] = value

    return change


def entry(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    return lambda written: change(written["douyin"][0])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda written: written.clear(), "policies.json: write an object"),
        (lambda written: written.update({"Not an id": []}), "policies.json: Not an id: write the id"),
        (lambda written: written.update(other=[]), "policies.json: other has to be a list of versions"),
        (lambda written: written.update(other={}), "policies.json: other has to be a list of versions"),
        (
            lambda written: written["douyin"].append(written["douyin"][0]),
            "policies.json: douyin[1]: version has to be 2",
        ),
        (lambda written: written["douyin"].append(1), "policies.json: douyin[1]: write it as"),
        (entry(lambda version: version.update(more=1)), "policies.json: douyin[0]: write it as"),
        (entry(lambda version: version.update(version=True)), "policies.json: douyin[0]: version has to be 1"),
        (entry(lambda version: version.update(rules=[])), "policies.json: douyin[0]: rules has to be an object"),
        (entry(lambda version: version["rules"].pop("decline")), "policies.json: douyin[0] lacks the rule 'decline'"),
        (entry(lambda version: version["rules"].update(more={})), "policies.json: douyin[0] has a rule 'more'"),
        (entry(lambda version: version["rules"].update(decline=True)), "policies.json: douyin[0].decline: write it as"),
        (
            entry(lambda version: version["rules"]["decline"].update(source=" ")),
            "policies.json: douyin[0].decline: source: name the rule",
        ),
        (rule("decline", 1), "decline: write true or false, not 1"),
        (rule("at_end", "give_to"), "at_end: write one of order, refund, not 'give_to'"),
        (rule("at_end", ["order"]), "at_end: write one of"),
        (rule("message_length", 61), "message_length: write a whole number from 1 to 60, not 61"),
        (rule("message_length", 0), "message_length: write a whole number from 1 to 60, not 0"),
        (rule("return_days", True), "return_days: write a whole number"),
        (rule("return_days", 1.5), "return_days: write a whole number"),
        (rule("window", {"voucher": 60}), "window: write the seconds of each of voucher, parcel"),
        (rule("window", {"voucher": 60, "parcel": 0}), "window: write a whole number from 1 to"),
        (rule("window", {"voucher": 59, "parcel": 86400}), "minimum_window: no window can be shorter"),
        (rule("reminders", [3600, 21600]), "reminders: list multiples of 3600, longest first"),
        (rule("reminders", [3600, 3600]), "reminders: list multiples of 3600, longest first"),
        (rule("reminders", [5400]), "reminders: list multiples of 3600, longest first"),
        (rule("reminders", 3600), "reminders: list multiples of 3600, longest first"),
        (rule("voucher_reminder_days", [1, 7]), "voucher_reminder_days: list whole numbers, longest first"),
        (rule("excluded_categories", []), "excluded_categories: write"),
        (rule("excluded_categories", {"jewelry": ["jewel"]}), "excluded_categories: write"),
        (rule("excluded_categories", {"jewelry": ["jewelry", "Jewels"]}), "excluded_categories: write"),
        (rule("excluded_categories", {"jewelry": ["jewelry", "jewelry"]}), "excluded_categories: write"),
        (rule("excluded_categories", {"jewelry": ["jewelry", ""]}), "excluded_categories: write"),
        (rule("price_caps", {"yuan": 1}), "price_caps: write"),
        (rule("price_caps", {"CNY": 0}), "price_caps: write"),
        (rule("price_caps", {"CNY": True}), "price_caps: write"),
        (rule("price_caps", []), "price_caps: write"),
        (rule("shown_before_claim", ["envelope"]), "shown_before_claim: list envelope, blessing, voucher_title"),
        (rule("shown_before_claim", [{}]), "shown_before_claim: list envelope, blessing, voucher_title"),
        (rule("extend", {"gift_seconds": 0}), "extend: write"),
        (rule("extend", {"gift_seconds": 0, "voucher_days": -1}), "extend: write a whole number"),
    ],
)
def test_data_of_the_wrong_form_is_rejected_with_its_place(
    change: Callable[[dict[str, Any]], None], where: str
) -> None:
    written = deepcopy(WRITTEN)
    change(written)
    with pytest.raises(InvalidPolicies) as raised:
        policy.parse(json.dumps(written))
    assert where in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"), [(b"", "is not JSON"), (b"[]", "write an object"), (b"\xff", "is not JSON")]
)
def test_data_that_is_no_object_is_rejected(text: bytes, message: str) -> None:
    with pytest.raises(InvalidPolicies, match=message):
        policy.parse(text)


# --- the claim window ---------------------------------------------------------------------------------------------------


def test_the_window_of_a_stack_overrides_that_of_the_policy_and_is_published() -> None:
    own = KAKAO.with_window(3000)
    assert {own.window_ms(kind) for kind in Kind} == {3000} == {own.longest_window_ms}
    assert own.rules["window"]["value"] == {"voucher": 3, "parcel": 3}
    assert "ClaimWindowSeconds" in own.rules["window"]["source"]
    assert (own.ref, own.decline, own.rules["decline"]) == (KAKAO.ref, KAKAO.decline, KAKAO.rules["decline"])


def test_without_an_override_the_policy_decides_by_kind() -> None:
    assert KAKAO.with_window(None) is KAKAO
    assert KAKAO.window_ms(Kind.PARCEL) == 7 * DAY * 1000
    assert KAKAO.longest_window_ms == KAKAO.window_ms(Kind.VOUCHER) == 93 * DAY * 1000


# --- what can be given --------------------------------------------------------------------------------------------------


def priced(amount: int, currency: str = "CNY", **more: Any) -> Product:
    return replace(product(), original_price=Money(amount, currency), **more)


CAPPED = replace(EU, price_caps={"EUR": 500, "JPY": None, "*": 100}, excluded_categories=())


@pytest.mark.parametrize(
    ("terms", "given", "code", "name"),
    [
        (DOUYIN, priced(1_000_000), None, None),
        (DOUYIN, priced(1_000_001), NotGiftableCode.PRICE, "price_caps"),
        (DOUYIN, priced(1, "EUR"), NotGiftableCode.CURRENCY, "price_caps"),
        (DOUYIN, priced(1, category="Fine jewellery"), NotGiftableCode.CATEGORY, "excluded_categories"),
        (DOUYIN, priced(1, giftable=False), NotGiftableCode.PRODUCT, "giftable"),
        (DOUYIN, priced(1, store_giftable=False), NotGiftableCode.STORE, "giftable"),
        (EU, priced(10**9, "EUR", category="jewelry"), None, None),
        (CAPPED, priced(500, "EUR"), None, None),
        (CAPPED, priced(501, "EUR"), NotGiftableCode.PRICE, "price_caps"),
        (CAPPED, priced(10**9, "JPY"), None, None),
        (CAPPED, priced(100, "KRW"), None, None),
        (CAPPED, priced(101, "KRW"), NotGiftableCode.PRICE, "price_caps"),
        (replace(CAPPED, price_cap_on="price"), priced(501, "EUR", price=Money(500, "EUR")), None, None),
        (
            replace(CAPPED, price_cap_on="price"),
            priced(1, "EUR", price=Money(501, "EUR")),
            NotGiftableCode.PRICE,
            "price_caps",
        ),
    ],
)
def test_the_policy_decides_what_can_be_given(
    terms: Policy, given: Product, code: NotGiftableCode | None, name: str | None
) -> None:
    reason = rules.find_not_giftable_reason(given, terms)
    assert (reason and reason.code, reason and reason.rule) == (code, name)


def test_the_reason_names_the_price_that_is_limited() -> None:
    on_price = replace(CAPPED, price_cap_on="price")
    assert str(rules.find_not_giftable_reason(priced(501, "EUR"), CAPPED)) == "The original price is over 5.00 EUR."
    given = priced(501, "EUR", price=Money(501, "EUR"))
    assert str(rules.find_not_giftable_reason(given, on_price)) == "The price is over 5.00 EUR."


@pytest.mark.parametrize(
    ("terms", "amount", "category", "is_giftable"),
    [
        (DOUYIN, 500, "food", True),
        (DOUYIN, 501, "food", False),
        (EU, 501, "food", False),  # no cap, but the store has one
        (DOUYIN, 1, "Alcohol", False),
        (DOUYIN, 1, "Food > alcohol", False),
        (DOUYIN, 1, "Health & Beauty", False),
        (DOUYIN, 1, "Health", True),
        (DOUYIN, 1, "jewelry", False),
    ],
)
def test_a_store_can_exclude_more_than_the_policy(terms: Policy, amount: int, category: str, is_giftable: bool) -> None:
    given = priced(
        amount,
        category=category,
        store_excluded_categories=["alcohol", "health beauty"],
        store_price_caps={"CNY": 500},
    )
    assert (rules.find_not_giftable_reason(given, terms) is None) is is_giftable


def test_a_store_cannot_allow_what_the_policy_excludes() -> None:
    high = {"CNY": 10**9, "EUR": 10**9}
    assert rules.find_not_giftable_reason(priced(1_000_001, store_price_caps=high), DOUYIN)
    assert rules.find_not_giftable_reason(priced(1, "EUR", store_price_caps=high), DOUYIN)


# --- what the giver and the recipient may do --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "terms", "name"),
    [
        (GiftAction.CANCEL, DOUYIN, None),
        (GiftAction.CANCEL, WECHAT, "giver_cancel"),
        (GiftAction.CANCEL, replace(DOUYIN, decline=False), None),
        (GiftAction.DECLINE, DOUYIN, None),
        (GiftAction.DECLINE, WECHAT, None),
        (GiftAction.DECLINE, replace(DOUYIN, decline=False), "decline"),
        (GiftAction.EXPIRE, replace(DOUYIN, decline=False, giver_cancel=False), None),
    ],
)
def test_the_policy_decides_who_can_end_a_gift(action: GiftAction, terms: Policy, name: str | None) -> None:
    assert rules.find_rule_against(action, terms) == name


def order_refusals(
    terms: Policy, bought: Order, sold: Product, units: UnitCounts | None = UNITS
) -> list[tuple[str, str]]:
    return rules.list_order_refusals(bought, sold, units, terms, now=NOW)


def test_the_refusals_of_an_order_are_about_its_available_units() -> None:
    jewelry = replace(product(), category="jewelry")
    assert order_refusals(DOUYIN, order(), product()) == []
    assert order_refusals(DOUYIN, order(), jewelry) == [("gift", "excluded_categories")]
    assert order_refusals(WECHAT, order(), product()) == [("choose_end", "giver_may_choose")]
    assert order_refusals(DOUYIN, order(), jewelry, None) == []
    assert order_refusals(WECHAT, order(), jewelry, UnitCounts(0, 1, 0, 0, 0)) == []
    assert OrderAction.GIFT not in rules.list_order_actions(order(), jewelry, UNITS, DOUYIN, now=NOW)


def test_the_refusals_of_a_gift_are_about_an_open_gift() -> None:
    def refusals(terms: Policy, given: Gift, now: int = NOW) -> list[tuple[str, str]]:
        return rules.list_giver_refusals(given, terms, now=now)

    assert refusals(DOUYIN, gift()) == []
    assert refusals(WECHAT, gift()) == [("cancel", "giver_cancel"), ("choose_end", "giver_may_choose")]
    assert refusals(WECHAT, gift(), gift().expires_at) == []
