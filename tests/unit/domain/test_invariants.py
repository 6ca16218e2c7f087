"""The invariants, checked against data that a damaged table could hold."""

from dataclasses import replace

import pytest

from handsel.domain import invariants
from handsel.domain.invariants import Violation, ViolationType
from handsel.domain.models import Claim, Gift, Holding, Kind, Order, Reservation
from handsel.domain.states import GiftState, OrderState
from testkit.factories import CODE, EXPIRES, NOW, gift, holding_id, order, parcel, product, voucher

LISTED = {"gift": Reservation(2, EXPIRES)}


def broken(of: Order, *gifts: Gift) -> list[Violation]:
    return list(invariants.find_order_violations(of, {each.gift_id: each for each in gifts}))


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_whose_units_are_each_in_one_place_keeps_the_law() -> None:
    assert broken(order(quantity=3, available=3)) == []
    assert broken(order(quantity=9, available=2, used=3, refunded=4)) == []
    assert broken(order(quantity=3, available=1, reservations=LISTED), gift("bob")) == []
    assert (
        broken(order(quantity=3, available=2, gifted=1, expired_gifts=1), gift("bob", state=GiftState.RETURNED)) == []
    )
    assert broken(order(quantity=3, available=2, gifted=1), gift("bob", state=GiftState.CANCELLED)) == []


def test_a_gift_taken_to_the_last_share_may_still_be_listed() -> None:
    assert broken(order(available=1, reservations=LISTED), gift("bob", "carol", state=GiftState.CLAIMED)) == []


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.DECLINED])
def test_an_order_that_nobody_paid_has_nothing(state: OrderState) -> None:
    nothing = order(available=0, state=state)
    assert broken(nothing) == []
    said = [Violation(ViolationType.UNIT_COUNTS_INCONSISTENT, "order", f"is {state} and has units")]
    for something in (
        replace(nothing, available=1),
        replace(nothing, gifted=1),
        replace(nothing, used=1),
        replace(nothing, refunded=1),
        replace(nothing, reservations=LISTED),
    ):
        assert broken(something) == said
    assert broken(nothing, gift()) == said


def test_a_unit_too_few_or_too_many_is_said_with_where_all_of_them_are() -> None:
    said = "5 units bought, {} found: {} available, 1 gifted, 1 used, 1 refunded, 1 in_gift"
    for available, found in ((0, 4), (2, 6)):
        wrong = order(quantity=5, available=available, used=1, refunded=1, reservations=LISTED)
        assert broken(wrong, gift("bob")) == [
            Violation(ViolationType.UNIT_COUNTS_INCONSISTENT, "order", said.format(found, available))
        ]


@pytest.mark.parametrize(
    "less",
    [
        order(available=-1, used=2, refunded=2),
        order(available=2, used=-1, refunded=2),
        order(available=2, used=2, refunded=-1),
    ],
)
def test_no_place_has_less_than_nothing_even_where_the_sum_is_right(less: Order) -> None:
    (found,) = broken(less)
    assert (found.type, found.about) == (ViolationType.UNIT_COUNTS_INCONSISTENT, "order")


def test_a_gift_that_is_listed_and_not_there_is_told_and_its_units_are_missing() -> None:
    assert broken(order(available=1, reservations=LISTED)) == [
        Violation(
            ViolationType.UNIT_COUNTS_INCONSISTENT,
            "order",
            "3 units bought, 1 found: 1 available, 0 gifted, 0 used, 0 refunded, 0 in_gift",
        ),
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", "order order lists it: it does not exist"),
    ]


@pytest.mark.parametrize("state", [GiftState.RETURNED, GiftState.CANCELLED, GiftState.DECLINED])
def test_a_gift_that_ended_is_not_listed(state: GiftState) -> None:
    assert broken(order(available=1, reservations=LISTED), gift(state=state)) == [
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", f"order order lists it: it is {state}")
    ]


@pytest.mark.parametrize("entry", [Reservation(3, EXPIRES), Reservation(2, EXPIRES + 1)])
def test_a_gift_is_listed_as_it_is(entry: Reservation) -> None:
    said = f"order order lists it: with {entry.shares} shares until {entry.expires_at}; it has 2 until {EXPIRES}"
    assert broken(order(available=1, reservations={"gift": entry}), gift()) == [
        Violation(ViolationType.GIFT_LISTED_WRONGLY, "gift", said)
    ]


@pytest.mark.parametrize("state", [GiftState.OPEN, GiftState.CLAIMED])
def test_a_gift_that_did_not_come_back_is_listed(state: GiftState) -> None:
    said = f"is {state}, and order order does not list it"
    assert broken(order(), gift(state=state)) == [Violation(ViolationType.GIFT_NOT_LISTED, "gift", said)]


def test_what_ended_gifts_came_to_is_what_the_order_counts() -> None:
    ended = (
        gift("bob", gift_id="one", shares=3, state=GiftState.RETURNED),
        gift("bob", "carol", gift_id="two", shares=3, state=GiftState.CANCELLED),
        gift(gift_id="three", state=GiftState.RETURNED),
    )
    assert broken(order(available=0, gifted=3, expired_gifts=2), *ended) == []
    for gifted, returned in ((3, 1), (3, 3), (2, 2), (4, 2)):
        said = f"counts {gifted} gifted, {returned} returned; its ended gifts 3, 2"
        wrong = order(quantity=gifted, available=0, gifted=gifted, expired_gifts=returned)
        assert broken(wrong, *ended) == [Violation(ViolationType.GIFTED_DIFFERS, "order", said)]


# --- gifts ------------------------------------------------------------------------------------------------------------


def test_a_gift_whose_claims_are_holdings_keeps_the_law() -> None:
    held = {holding_id(f"{CODE}0"): voucher()}
    assert list(invariants.find_gift_violations(gift("bob"), held)) == []
    assert list(invariants.find_gift_violations(gift("bob", shares=1, state=GiftState.CLAIMED), held)) == []
    assert list(invariants.find_gift_violations(gift(state=GiftState.RETURNED), {})) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(gift("bob"), remaining=2), "is open with 1 claims and 2 left of 2 shares"),
        (replace(gift("bob"), shares=3), "is open with 1 claims and 1 left of 3 shares"),
        (gift("bob", shares=1), "is open with 1 claims and 0 left of 1 shares"),
        (gift("bob", shares=1, state=GiftState.RETURNED), "is returned with 1 claims and 0 left of 1 shares"),
        (gift("bob", state=GiftState.CLAIMED), "is claimed with 1 claims and 1 left of 2 shares"),
    ],
)
def test_claims_shares_and_state_of_a_gift_agree(wrong: Gift, said: str) -> None:
    held = {holding_id(f"{CODE}0"): voucher()}
    assert list(invariants.find_gift_violations(wrong, held)) == [Violation(ViolationType.CLAIMS_DIFFER, "gift", said)]


def test_a_claim_without_its_holding_is_told_and_the_next_one_is_looked_at() -> None:
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
def test_a_holding_is_what_its_claim_made(other: Holding) -> None:
    said = "differs from its claim in gift gift"
    assert list(invariants.find_gift_violations(gift("bob"), {other.holding_id: other})) == [
        Violation(ViolationType.HOLDING_DIFFERS, other.holding_id, said)
    ]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(voucher(), product=product(product_id="jam")), "is of another product than gift gift"),
        (voucher(valid_until=EXPIRES), "has another end of validity than its gift"),
    ],
)
def test_a_holding_is_of_its_gifts_product_for_as_long_as_that_says(other: Holding, said: str) -> None:
    assert list(invariants.find_gift_violations(gift("bob"), {other.holding_id: other})) == [
        Violation(ViolationType.HOLDING_DIFFERS, other.holding_id, said)
    ]


def test_a_parcel_has_no_validity_to_agree_about() -> None:
    given = gift("bob", kind=Kind.PARCEL)
    held = replace(voucher(valid_until=EXPIRES), product=given.product)
    assert list(invariants.find_gift_violations(given, {held.holding_id: held})) == []


# --- holdings ---------------------------------------------------------------------------------------------------------


def test_a_voucher_with_its_code_and_a_parcel_with_its_shipment_keep_the_law() -> None:
    for held in (voucher(), parcel(), parcel(quantity=5)):
        assert list(invariants.find_holding_violations(held)) == []


@pytest.mark.parametrize(
    ("held", "said"),
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
def test_a_holding_is_one_whole_thing(held: Holding, said: str) -> None:
    assert list(invariants.find_holding_violations(held)) == [
        Violation(ViolationType.HOLDING_DIFFERS, held.holding_id, said)
    ]


# --- all of it --------------------------------------------------------------------------------------------------------


def test_an_order_its_gifts_and_their_holdings_are_looked_at_together() -> None:
    whole = order(available=1, reservations=LISTED)
    held = voucher()
    assert list(invariants.find_violations(whole, [gift("bob")], {held.holding_id: held})) == []
    assert [each.type for each in invariants.find_violations(whole, [], {})] == [
        ViolationType.UNIT_COUNTS_INCONSISTENT,
        ViolationType.GIFT_LISTED_WRONGLY,
    ]
    assert [each.type for each in invariants.find_violations(whole, [gift("bob")], {})] == [
        ViolationType.HOLDING_MISSING
    ]


def test_each_holding_of_a_claim_is_looked_at_by_itself_too() -> None:
    whole = order(available=1, reservations=LISTED)
    taken = gift("bob", "carol")
    taken = replace(taken, state=GiftState.CLAIMED, claims={**taken.claims, "bob": Claim(NOW + 1000, "gone")})
    held = replace(voucher(f"{CODE}1", holder_id="carol", received_at=NOW + 2000), code="another")
    assert [
        (each.type, each.about) for each in invariants.find_violations(whole, [taken], {held.holding_id: held})
    ] == [
        (ViolationType.HOLDING_MISSING, "gone"),
        (ViolationType.HOLDING_DIFFERS, held.holding_id),
    ]
