"""The invariants, checked against data that a corrupted table could hold."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from handsel.domain import invariants
from handsel.domain.invariants import Violation, ViolationType
from handsel.domain.models import Claim, Gift, Holding, Kind, Order, Reservation
from handsel.domain.states import GiftState, OrderState
from testkit.factories import CODE, EXPIRES, NOW, gift, holding_id, order, parcel, product, voucher

LISTED = {"gift": Reservation(2, EXPIRES)}


def violations_of(of: Order, *gifts: Gift, holdings: Mapping[str, Holding] | None = None) -> list[Violation]:
    return list(invariants.find_order_violations(of, {each.gift_id: each for each in gifts}, holdings or {}))


# --- orders -----------------------------------------------------------------------------------------------------------


def test_a_consistent_order_has_no_violations() -> None:
    assert violations_of(order(quantity=3, available=3)) == []
    assert violations_of(order(quantity=9, available=2, used=3, refunded=4)) == []
    assert violations_of(order(quantity=3, available=1, reservations=LISTED), gift("bob")) == []
    assert (
        violations_of(order(quantity=3, available=2, gifted=1, expired_gifts=1), gift("bob", state=GiftState.RETURNED))
        == []
    )
    assert violations_of(order(quantity=3, available=2, gifted=1), gift("bob", state=GiftState.CANCELLED)) == []


def test_a_fully_claimed_gift_may_still_be_listed() -> None:
    assert violations_of(order(available=1, reservations=LISTED), gift("bob", "carol", state=GiftState.CLAIMED)) == []


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.DECLINED])
def test_an_unpaid_order_with_units_violates_the_invariant(state: OrderState) -> None:
    nothing = order(available=0, state=state)
    assert violations_of(nothing) == []
    detail = [Violation(ViolationType.UNIT_COUNTS_INCONSISTENT, "order", f"is {state} and has units")]
    for something in (
        replace(nothing, available=1),
        replace(nothing, gifted=1),
        replace(nothing, used=1),
        replace(nothing, refunded=1),
        replace(nothing, reservations=LISTED),
    ):
        assert violations_of(something) == detail
    assert violations_of(nothing, gift()) == detail


def test_a_missing_or_extra_unit_is_reported_with_the_counts_of_all_places() -> None:
    detail = "5 units bought, {} found: {} available, 1 gifted, 1 used, 1 refunded, 1 in_gift"
    for available, found in ((0, 4), (2, 6)):
        wrong = order(quantity=5, available=available, used=1, refunded=1, reservations=LISTED)
        assert violations_of(wrong, gift("bob")) == [
            Violation(ViolationType.UNIT_COUNTS_INCONSISTENT, "order", detail.format(found, available))
        ]


@pytest.mark.parametrize(
    "negative",
    [
        order(available=-1, used=2, refunded=2),
        order(available=2, used=-1, refunded=2),
        order(available=2, used=2, refunded=-1),
    ],
)
def test_no_count_is_negative_even_if_the_sum_is_right(negative: Order) -> None:
    (found,) = violations_of(negative)
    assert (found.type, found.about) == (ViolationType.UNIT_COUNTS_INCONSISTENT, "order")


def test_a_listed_gift_that_does_not_exist_is_reported_and_its_units_are_missing() -> None:
    assert violations_of(order(available=1, reservations=LISTED)) == [
        Violation(
            ViolationType.UNIT_COUNTS_INCONSISTENT,
            "order",
            "3 units bought, 1 found: 1 available, 0 gifted, 0 used, 0 refunded, 0 in_gift",
        ),
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", "order order lists it: it does not exist"),
    ]


@pytest.mark.parametrize("state", [GiftState.RETURNED, GiftState.CANCELLED, GiftState.DECLINED])
def test_an_ended_gift_must_not_be_listed(state: GiftState) -> None:
    assert violations_of(order(available=1, reservations=LISTED), gift(state=state)) == [
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", f"order order lists it: it is {state}")
    ]


@pytest.mark.parametrize("entry", [Reservation(3, EXPIRES), Reservation(2, EXPIRES + 1)])
def test_a_gift_must_be_listed_with_its_shares_and_its_end(entry: Reservation) -> None:
    detail = f"order order lists it: with {entry.shares} shares until {entry.expires_at}; it has 2 until {EXPIRES}"
    assert violations_of(order(available=1, reservations={"gift": entry}), gift()) == [
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", detail)
    ]


@pytest.mark.parametrize("state", [GiftState.OPEN, GiftState.CLAIMED])
def test_a_gift_that_was_not_released_must_be_listed(state: GiftState) -> None:
    detail = f"is {state}, and order order does not list it"
    assert violations_of(order(), gift(state=state)) == [Violation(ViolationType.GIFT_NOT_LISTED, "gift", detail)]


def test_the_counters_of_an_order_equal_the_sums_of_its_ended_gifts() -> None:
    ended = (
        gift("bob", gift_id="one", shares=3, state=GiftState.RETURNED),
        gift("bob", "carol", gift_id="two", shares=3, state=GiftState.CANCELLED),
        gift(gift_id="three", state=GiftState.RETURNED),
    )
    assert violations_of(order(available=0, gifted=3, expired_gifts=2), *ended) == []
    for gifted, returned in ((3, 1), (3, 3), (2, 2), (4, 2)):
        detail = f"counts {gifted} gifted, {returned} returned; its ended gifts 3, 2"
        wrong = order(quantity=gifted, available=0, gifted=gifted, expired_gifts=returned)
        assert violations_of(wrong, *ended) == [Violation(ViolationType.GIFTED_DIFFERS, "order", detail)]


@pytest.mark.parametrize("refunded", [{"refunded_at": NOW}, {"expired_at": NOW}])
def test_refunded_claims_are_not_gifted_units(refunded: Mapping[str, int]) -> None:
    holdings = {f"{CODE}{number}": voucher() for number in range(2)}
    taken = gift("bob", "carol", state=GiftState.CLAIMED)
    taken = replace(
        taken,
        claims={
            name: replace(claim, holding_id=f"{CODE}{number}")
            for number, (name, claim) in enumerate(taken.claims.items())
        },
    )
    holdings[f"{CODE}0"] = replace(voucher(), **refunded)  # type: ignore[arg-type]
    # The gift still counts both claims, so the counter of the order is negative.
    listed = order(available=1, gifted=-1, refunded=1, reservations=LISTED)
    assert violations_of(listed, taken, holdings=holdings) == []
    ended = order(available=1, gifted=1, refunded=1)
    left = replace(taken, shares=3, remaining=1, state=GiftState.CANCELLED)
    assert violations_of(ended, left, holdings=holdings) == []
    for gifted in (0, -2):
        detail = f"counts {gifted} gifted, 0 returned; its ended gifts -1, 0, less 1 refunded claims"
        wrong = order(available=1 - gifted - 1, gifted=gifted, refunded=1, reservations=LISTED)
        assert violations_of(wrong, taken, holdings=holdings) == [
            Violation(ViolationType.GIFTED_DIFFERS, "order", detail)
        ]


# --- gifts ------------------------------------------------------------------------------------------------------------


def test_a_gift_with_a_holding_for_each_claim_has_no_violations() -> None:
    holdings = {holding_id(f"{CODE}0"): voucher()}
    assert list(invariants.find_gift_violations(gift("bob"), holdings)) == []
    assert list(invariants.find_gift_violations(gift("bob", shares=1, state=GiftState.CLAIMED), holdings)) == []
    assert list(invariants.find_gift_violations(gift(state=GiftState.RETURNED), {})) == []


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        (replace(gift("bob"), remaining=2), "is open with 1 claims and 2 left of 2 shares"),
        (replace(gift("bob"), shares=3), "is open with 1 claims and 1 left of 3 shares"),
        (gift("bob", shares=1), "is open with 1 claims and 0 left of 1 shares"),
        (gift("bob", shares=1, state=GiftState.RETURNED), "is returned with 1 claims and 0 left of 1 shares"),
        (gift("bob", state=GiftState.CLAIMED), "is claimed with 1 claims and 1 left of 2 shares"),
    ],
)
def test_claims_shares_and_state_of_a_gift_must_agree(wrong: Gift, detail: str) -> None:
    holdings = {holding_id(f"{CODE}0"): voucher()}
    assert list(invariants.find_gift_violations(wrong, holdings)) == [
        Violation(ViolationType.CLAIMS_DIFFER, "gift", detail)
    ]


def test_each_claim_without_its_holding_is_reported() -> None:
    taken = gift("bob", "carol", shares=3)
    assert list(invariants.find_gift_violations(taken, {})) == [
        Violation(
            ViolationType.HOLDING_MISSING, holding_id(f"{CODE}{number}"), "does not exist, but gift gift has its claim"
        )
        for number in range(2)
    ]


@pytest.mark.parametrize(
    "other",
    [
        replace(voucher(), holder_id="carol"),
        replace(voucher(), gift_id="other"),
        replace(voucher(), gift_id=None),
        replace(voucher(), order_id="other"),
        replace(voucher(), quantity=2),
        replace(voucher(), received_at=NOW),
    ],
)
def test_a_holding_must_agree_with_its_claim(other: Holding) -> None:
    detail = "differs from its claim in gift gift"
    assert list(invariants.find_gift_violations(gift("bob"), {other.holding_id: other})) == [
        Violation(ViolationType.HOLDING_DIFFERS, other.holding_id, detail)
    ]


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        (replace(voucher(), product=product(product_id="jam")), "is of another product than gift gift"),
        (voucher(valid_until=EXPIRES), "has another end of validity than its gift"),
    ],
)
def test_a_holding_must_have_the_product_and_validity_of_its_gift(other: Holding, detail: str) -> None:
    assert list(invariants.find_gift_violations(gift("bob"), {other.holding_id: other})) == [
        Violation(ViolationType.HOLDING_DIFFERS, other.holding_id, detail)
    ]


def test_a_parcel_has_no_validity_to_compare() -> None:
    given = gift("bob", kind=Kind.PARCEL)
    holding = replace(voucher(valid_until=EXPIRES), product=given.product)
    assert list(invariants.find_gift_violations(given, {holding.holding_id: holding})) == []


# --- holdings ---------------------------------------------------------------------------------------------------------


def test_a_consistent_voucher_or_parcel_has_no_violations() -> None:
    for holding in (voucher(), parcel(), parcel(quantity=5)):
        assert list(invariants.find_holding_violations(holding)) == []


@pytest.mark.parametrize(
    ("holding", "detail"),
    [
        (replace(voucher(), code=None), "is a voucher whose id is not derived from its code"),
        (replace(voucher(), code="another"), "is a voucher whose id is not derived from its code"),
        (replace(voucher(), shipment_id="shipment"), "is a voucher whose id is not derived from its code"),
        (replace(voucher(), quantity=0), "is a voucher whose id is not derived from its code"),
        (replace(parcel(), shipment_id=None), "is a parcel whose shipment id is not derived from its id"),
        (replace(parcel(), shipment_id="another"), "is a parcel whose shipment id is not derived from its id"),
        (replace(parcel(), code=CODE), "is a parcel whose shipment id is not derived from its id"),
        (replace(parcel(), quantity=0), "is a parcel whose shipment id is not derived from its id"),
    ],
)
def test_a_holding_must_be_consistent(holding: Holding, detail: str) -> None:
    assert list(invariants.find_holding_violations(holding)) == [
        Violation(ViolationType.HOLDING_DIFFERS, holding.holding_id, detail)
    ]


@pytest.mark.parametrize("first", ["redeemed_at", "refunded_at", "expired_at"])
@pytest.mark.parametrize("second", ["redeemed_at", "refunded_at", "expired_at"])
def test_a_voucher_is_redeemed_or_refunded_once(first: str, second: str) -> None:
    ended = replace(voucher(), **{first: NOW, second: NOW})  # type: ignore[arg-type]
    detail = "was redeemed or refunded several times"
    wrong = [Violation(ViolationType.HOLDING_DIFFERS, ended.holding_id, detail)]
    assert list(invariants.find_holding_violations(ended)) == ([] if first == second else wrong)


# --- orders with their gifts and holdings -----------------------------------------------------------------------------


def test_an_order_is_checked_with_its_gifts_and_their_holdings() -> None:
    whole = order(available=1, reservations=LISTED)
    holding = voucher()
    assert list(invariants.find_violations(whole, [gift("bob")], {holding.holding_id: holding})) == []
    assert [each.type for each in invariants.find_violations(whole, [], {})] == [
        ViolationType.UNIT_COUNTS_INCONSISTENT,
        ViolationType.GIFT_LISTED_WRONGLY,
    ]
    assert [each.type for each in invariants.find_violations(whole, [gift("bob")], {})] == [
        ViolationType.HOLDING_MISSING
    ]


def test_each_holding_of_a_claim_is_also_checked_by_itself() -> None:
    whole = order(available=1, reservations=LISTED)
    taken = gift("bob", "carol")
    taken = replace(taken, state=GiftState.CLAIMED, claims={**taken.claims, "bob": Claim(NOW + 1000, "gone")})
    holding = replace(voucher(f"{CODE}1", holder_id="carol", received_at=NOW + 2000), code="another")
    assert [
        (each.type, each.about) for each in invariants.find_violations(whole, [taken], {holding.holding_id: holding})
    ] == [
        (ViolationType.HOLDING_MISSING, "gone"),
        (ViolationType.HOLDING_DIFFERS, holding.holding_id),
    ]
