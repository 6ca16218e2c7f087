"""Decisions about an order or a gift: which actions are possible, for which user, and which problem the others get."""

from dataclasses import replace

import pytest

from handsel.domain import errors, ids, policy, rules
from handsel.domain.models import Address, Gift, Kind, Money, Page, Product, Reservation, UnitCounts
from handsel.domain.states import GiftAction, GiftState, OrderAction, OrderState, VoucherState
from testkit.factories import EXPIRES, NOW, gift, order, product, voucher

KEYS = {"1": "an old key", "2": "the key of today"}
SECRET = ids.derive_link_secret(KEYS, "1", "gift")
ADDRESS = Address("Bob", "1", ["Street 1"], "City", "1", "DE")
DAY = 86_400_000
DOUYIN = policy.newest("douyin")
GIFT, USE, REFUND = OrderAction.GIFT, OrderAction.USE, OrderAction.REFUND


# --- giving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        (replace(product(), store_giftable=False), "This store does not offer gifts."),
        (replace(product(), giftable=False), "The store does not offer this product as a gift."),
        (replace(product(), category="jewelry"), "Products of the category jewelry cannot be given."),
        (replace(product(), original_price=Money(1_000_001, "CNY")), "The original price is over 10,000.00 CNY."),
    ],
)
def test_a_product_that_cannot_be_given_is_rejected_with_the_reason(changed: Product, detail: str) -> None:
    with pytest.raises(errors.NotGiftable) as raised:
        rules.check_giftable(changed, DOUYIN)
    assert raised.value.detail == detail
    with pytest.raises(errors.NotGiftable) as raised:
        rules.check_can_give(order(), changed, DOUYIN, now=NOW)
    assert raised.value.detail == detail


def test_a_paid_order_of_a_giftable_product_can_be_given() -> None:
    rules.check_giftable(product(), DOUYIN)
    rules.check_can_give(order(), product(), DOUYIN, now=NOW)


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.DECLINED])
def test_only_paid_orders_can_be_given(state: OrderState) -> None:
    with pytest.raises(errors.UnitsNotAvailable):
        rules.check_can_give(order(state=state), product(), DOUYIN, now=NOW)


def test_vouchers_can_be_given_until_shortly_before_the_end_of_their_validity() -> None:
    bought = replace(order(), product=replace(product(), validity_days=2))
    end = NOW + 2 * DAY
    assert bought.valid_until == end
    rules.check_can_give(bought, product(), DOUYIN, now=end - 60_000)
    assert not rules.is_validity_over(bought, now=end - 1)
    assert rules.is_validity_over(bought, now=end)
    for now, detail in ((end - 59_999, "expire too soon"), (end - 1, "expire too soon"), (end, "are no longer valid")):
        with pytest.raises(errors.NotGiftable) as raised:
            rules.check_can_give(bought, product(), DOUYIN, now=now)
        assert (raised.value.detail, raised.value.rule) == (f"The vouchers of this order {detail}.", "minimum_window")
        assert rules.find_rule_against_giving(bought, product(), DOUYIN, now=now) == "minimum_window"


def test_a_window_that_is_shorter_than_the_minimum_needs_no_more_validity() -> None:
    bought, short = replace(order(), product=replace(product(), validity_days=2)), DOUYIN.with_window(3000)
    rules.check_can_give(bought, product(), short, now=NOW + 2 * DAY - 3000)
    with pytest.raises(errors.NotGiftable):
        rules.check_can_give(bought, product(), short, now=NOW + 2 * DAY - 2999)


def test_an_order_without_an_end_of_validity_is_never_over() -> None:
    assert not rules.is_validity_over(order(), now=NOW + 10_000 * DAY)
    assert not rules.is_validity_over(
        replace(order(paid_at=None), product=replace(product(), validity_days=2)), now=NOW
    )


def test_gifts_that_are_due_at_the_same_time_are_ordered_by_id() -> None:
    waiting = {
        "b": Reservation(1, NOW),
        "c": Reservation(2, NOW - 1),
        "a": Reservation(3, NOW),
        "d": Reservation(4, NOW + 1),
    }
    found = rules.find_expired_reservations(order(reservations=waiting), now=NOW)
    assert list(found.items()) == [(gift_id, waiting[gift_id]) for gift_id in ("c", "a", "b")]


def test_units_of_several_gifts_are_added_up() -> None:
    gifts = [
        gift("bob", shares=4, gift_id="one"),
        gift("bob", "carol", shares=4, gift_id="two"),
        gift("bob", shares=8, gift_id="three", state=GiftState.CANCELLED),
    ]
    assert rules.count_units(order(available=1, gifted=2, used=3, refunded=4), gifts, now=NOW) == UnitCounts(
        available=1 + 7, in_gift=3 + 2, gifted=2 + 1 + 2 + 1, used=3, refunded=4
    )


# --- actions of a buyer -----------------------------------------------------------------------------------------------


def test_available_units_can_be_given_used_and_refunded() -> None:
    units = UnitCounts(available=1, in_gift=0, gifted=0, used=0, refunded=0)
    assert rules.list_order_actions(order(), product(), units, DOUYIN, now=NOW) == [GIFT, USE, REFUND]
    assert rules.list_order_actions(order(), replace(product(), giftable=False), units, DOUYIN, now=NOW) == [
        USE,
        REFUND,
    ]


def test_expired_vouchers_can_only_be_refunded() -> None:
    over = replace(order(), product=replace(product(), validity_days=1))
    units = UnitCounts(available=2, in_gift=0, gifted=0, used=0, refunded=0)
    assert rules.list_order_actions(over, product(), units, DOUYIN, now=NOW + DAY) == [REFUND]


def test_without_available_units_no_action_is_possible() -> None:
    assert rules.list_order_actions(order(), product(), None, DOUYIN, now=NOW) == []
    assert rules.list_order_actions(order(), product(), UnitCounts(0, 1, 1, 1, 1), DOUYIN, now=NOW) == []


# --- opening a gift ---------------------------------------------------------------------------------------------------


def test_a_gift_without_a_recipient_can_be_opened_with_the_secret_of_its_link() -> None:
    rules.check_may_open(gift(), "bob", SECRET, KEYS)
    for wrong in (None, "", SECRET[:-1], ids.derive_link_secret(KEYS, "2", "gift")):
        with pytest.raises(errors.WrongSecret):
            rules.check_may_open(gift(), "bob", wrong, KEYS)


def test_a_gift_without_a_link_accepts_no_secret() -> None:
    assert not rules.is_secret_valid(replace(gift(), secret_version=None), SECRET, KEYS)
    assert rules.is_secret_valid(gift(), SECRET, KEYS) is True


def test_a_gift_with_a_recipient_can_be_opened_by_the_recipient_without_the_secret_and_by_nobody_else() -> None:
    rules.check_may_open(gift(recipient_id="bob"), "bob", None, KEYS)
    with pytest.raises(errors.NotTheRecipient):
        rules.check_may_open(gift(recipient_id="bob"), "carol", SECRET, KEYS)


@pytest.mark.parametrize("given", [gift(), gift(recipient_id="bob"), gift(recipient_id="alice")])
def test_users_cannot_open_their_own_gifts(given: Gift) -> None:
    with pytest.raises(errors.OwnGift):
        rules.check_may_open(given, "alice", SECRET, KEYS)


@pytest.mark.parametrize(("remaining", "action"), [(1, "claim_last_share"), (2, "claim_share"), (3, "claim_share")])
def test_a_claim_takes_a_share_or_the_last_share(remaining: int, action: GiftAction) -> None:
    assert rules.check_can_claim(gift(shares=remaining), "bob", SECRET, None, KEYS, now=NOW) is GiftAction(action)


def test_a_claim_of_a_parcel_needs_an_address_and_a_claim_of_a_voucher_does_not() -> None:
    given = gift(kind=Kind.PARCEL)
    with pytest.raises(errors.AddressRequired):
        rules.check_can_claim(given, "bob", SECRET, None, KEYS, now=NOW)
    assert rules.check_can_claim(given, "bob", SECRET, ADDRESS, KEYS, now=NOW) is GiftAction.CLAIM_SHARE
    assert rules.check_can_claim(gift(), "bob", SECRET, ADDRESS, KEYS, now=NOW) is GiftAction.CLAIM_SHARE


LATE = [
    (gift("dave", shares=1, state=GiftState.CLAIMED), NOW, errors.AlreadyClaimed),
    (gift(state=GiftState.CANCELLED), NOW, errors.Cancelled),
    (gift(state=GiftState.DECLINED), NOW, errors.Declined),
]


@pytest.mark.parametrize(("given", "now", "problem"), [*LATE, (gift(kind=Kind.PARCEL), EXPIRES, errors.Expired)])
def test_a_late_claim_fails_with_the_state_of_the_gift(given: Gift, now: int, problem: type[errors.ApiProblem]) -> None:
    with pytest.raises(problem):
        rules.check_can_claim(given, "bob", SECRET, None, KEYS, now=now)


def test_callers_who_may_not_open_a_gift_do_not_learn_its_state() -> None:
    for check in (
        lambda: rules.check_can_claim(gift(), "bob", "wrong", None, KEYS, now=EXPIRES),
        lambda: rules.check_can_ask_again(gift(), "bob", "wrong", KEYS, now=NOW),
    ):
        with pytest.raises(errors.WrongSecret):
            check()
    with pytest.raises(errors.OwnGift):
        rules.check_can_claim(gift(), "alice", SECRET, None, KEYS, now=EXPIRES)
    with pytest.raises(errors.OwnGift):
        rules.check_can_ask_again(gift(), "alice", SECRET, KEYS, now=NOW)


def test_a_regift_request_is_possible_for_an_expired_gift() -> None:
    rules.check_can_ask_again(gift(), "bob", SECRET, KEYS, now=EXPIRES)
    rules.check_can_ask_again(gift("carol", state=GiftState.RETURNED), "bob", SECRET, KEYS, now=NOW)
    with pytest.raises(errors.StillOpen):
        rules.check_can_ask_again(gift("bob"), "bob", SECRET, KEYS, now=EXPIRES - 1)


@pytest.mark.parametrize(("given", "now", "problem"), [*LATE, (gift("bob"), EXPIRES, errors.AlreadyClaimed)])
def test_a_regift_request_fails_for_any_other_gift(given: Gift, now: int, problem: type[errors.ApiProblem]) -> None:
    with pytest.raises(problem):
        rules.check_can_ask_again(given, "bob", SECRET, KEYS, now=now)


# --- values -----------------------------------------------------------------------------------------------------------


def test_a_price_is_multiplied_by_the_quantity() -> None:
    assert Money(250, "CNY").multiply(3) == Money(750, "CNY")


@pytest.mark.parametrize(("now", "state"), [(EXPIRES - 1, GiftState.OPEN), (EXPIRES, GiftState.RETURNED)])
def test_an_open_gift_is_returned_from_the_moment_its_window_ends(now: int, state: GiftState) -> None:
    assert gift().state_at(now) is state
    for ended in (GiftState.CLAIMED, GiftState.CANCELLED, GiftState.DECLINED):
        assert gift(state=ended).state_at(now) is ended


def test_a_voucher_is_usable_until_it_is_redeemed_or_expires() -> None:
    assert voucher().state_at(NOW) is VoucherState.USABLE
    assert voucher(valid_until=NOW + 1).state_at(NOW) is VoucherState.USABLE
    assert voucher(valid_until=NOW).state_at(NOW) is VoucherState.EXPIRED
    assert voucher(valid_until=NOW, redeemed_at=0).state_at(NOW) is VoucherState.REDEEMED


def test_a_full_page_has_a_position_after_its_last_row() -> None:
    rows = [("position 1", 1), ("position 2", 2), ("position 3", 3)]
    assert Page.from_rows(["a"], rows, 3) == Page(["a"], "position 3")
    assert Page.from_rows(["a", "b"], rows, 4) == Page(["a", "b"], None)


# --- problems ---------------------------------------------------------------------------------------------------------


def test_a_problem_reads_as_its_title_unless_it_has_a_detail() -> None:
    assert (str(errors.OutOfStock()), errors.OutOfStock().detail) == ("Not enough units in stock.", None)
    assert (str(errors.OutOfStock("Two are left.")), errors.OutOfStock("Two are left.").detail) == (
        "Two are left.",
    ) * 2


def test_a_problem_carries_the_values_of_its_response() -> None:
    assert errors.AlreadyRedeemed(NOW).redeemed_at == NOW
    wrong = errors.FieldError("/quantity", "Too many.")
    assert errors.InvalidRequest([wrong]).fields == (wrong,)
    assert errors.InvalidRequest().fields == ()


# --- ids --------------------------------------------------------------------------------------------------------------


def test_derived_ids_and_secrets_never_change() -> None:
    assert ids.derive_id("order", "alice", "key") == "yg3kvftfgd3atd5is32iiixsxuk5br3u"
    assert ids.derive_voucher_id(ids.normalize_voucher_code("code-1")) == ids.derive_id("voucher", "C0DE1")
    assert ids.derive_parcel_id("use") == ids.derive_id("parcel", "use")
    assert ids.derive_shipment_id("held") == ids.derive_id("shipment", "held")
    assert ids.hash_request("/gifts", {"b": "é", "a": [1, None]}) == "8bbf0c6cff72ee7c13de6766a50c9977"
    assert SECRET == "dz6xylx5lm3ybsxthoqjworjrue6m7kk"


def test_a_voucher_code_is_normalized() -> None:
    assert ids.normalize_voucher_code("o1il-0abc def") == "01110ABCDEF"
    assert ids.normalize_voucher_code("ab\u00e9") == "AB?"


@pytest.mark.parametrize(
    ("entity_id", "fits"),
    [("aZ09_-", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a b", False), ("a\n", False)],
)
def test_a_client_chosen_id_is_url_safe(entity_id: str, *, fits: bool) -> None:
    assert ids.is_valid_client_id(entity_id) is fits


def test_secrets_are_compared_for_equality() -> None:
    assert ids.are_secrets_equal("\u00e9", "\u00e9") is True
    assert ids.are_secrets_equal("a", "b") is False
