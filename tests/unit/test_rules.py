"""Eligibility, claim windows and units, computed from values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.domain.models import (
    Gift,
    Money,
    Order,
    Payment,
    Product,
    Reservation,
    UnitCounts,
    Wrapping,
    compute_window_end,
)
from handsel.domain.policy import newest
from handsel.domain.rules import count_units, find_expired_reservations, find_not_giftable_reason
from handsel.domain.states import GiftState, OrderState
from testkit import factories

PRODUCT = factories.product()
NOW = 1_000_000


@pytest.mark.parametrize(
    ("product", "giftable"),
    [
        (PRODUCT, True),
        (replace(PRODUCT, giftable=False), False),
        (replace(PRODUCT, category="jewelry"), False),
        (replace(PRODUCT, category="education"), False),
        (replace(PRODUCT, original_price=Money(1_000_000, "CNY")), True),
        (replace(PRODUCT, original_price=Money(1_000_001, "CNY")), False),
        (replace(PRODUCT, price=Money(1_000_001, "CNY")), True),
        # The rules state no limit for it, and not that there is none.
        (replace(PRODUCT, original_price=Money(1, "EUR")), False),
        (replace(PRODUCT, original_price=Money(1, "JPY")), False),
    ],
)
def test_eligibility_depends_on_store_category_and_original_price(product: Product, *, giftable: bool) -> None:
    assert (find_not_giftable_reason(product, newest("douyin")) is None) is giftable


@pytest.mark.parametrize(("valid_until", "end"), [(None, 150), (200, 150), (150, 150), (120, 120)])
def test_a_claim_window_ends_no_later_than_the_validity(valid_until: int | None, end: int) -> None:
    assert compute_window_end(100, 50, valid_until) == end


def _order(available: int, gifted: int, reservations: dict[str, Reservation], **more: int) -> Order:
    taken = available + gifted + sum(entry.shares for entry in reservations.values()) + sum(more.values())
    return Order(
        order_id="o",
        buyer_id="alice",
        state=OrderState.PAID,
        product=PRODUCT,
        quantity=taken,
        available=available,
        gifted=gifted,
        used=more.get("used", 0),
        refunded=more.get("refunded", 0),
        reservations=reservations,
        payment=Payment("card", Money(100, "CNY")),
        created_at=0,
        request_hash="",
    )


def _gift(
    gift_id: str, shares: int, remaining: int, state: GiftState, expires_at: int, opens_at: int | None = None
) -> Gift:
    return Gift(
        gift_id=gift_id,
        order_id="o",
        giver_id="alice",
        giver_name="Alice",
        recipient_id=None,
        product=PRODUCT,
        valid_until=None,
        wrapping=Wrapping("c", "b"),
        shares=shares,
        remaining=remaining,
        state=state,
        claims={},
        expires_at=expires_at,
        created_at=0,
        secret_version="1",
        in_return_for=None,
        request_hash="",
        opens_at=opens_at,
    )


def test_a_gift_that_ended_after_its_order_was_read_counts_with_its_final_state() -> None:
    order = _order(1, 0, {"g": Reservation(3, NOW + 1)})
    for state in (GiftState.RETURNED, GiftState.CANCELLED, GiftState.DECLINED):
        units = count_units(order, [_gift("g", 3, 2, state, NOW + 1)], now=NOW)
        assert units == UnitCounts(available=3, in_gift=0, gifted=1, used=0, refunded=0)


@st.composite
def orders_with_gifts(draw: st.DrawFn) -> tuple[Order, list[Gift]]:
    gifts = []
    for number in range(draw(st.integers(0, 6))):
        shares = draw(st.integers(1, 8))
        state = draw(st.sampled_from([state for state in GiftState if state is not GiftState.SCHEDULED]))
        remaining = 0 if state is GiftState.CLAIMED else draw(st.integers(1, shares))
        expires_at = NOW + draw(st.integers(-2, 2))
        opens_at = draw(st.none() | st.integers(NOW - 4, expires_at - 1))
        gifts.append(_gift(f"g{number}", shares, remaining, state, expires_at, opens_at))
    counts = {name: draw(st.integers(0, 5)) for name in ("available", "gifted", "used", "refunded")}
    return _order(reservations={gift.gift_id: gift.reservation for gift in gifts}, **counts), gifts


@given(orders_with_gifts())
def test_every_unit_is_in_exactly_one_place_at_any_time(drawn: tuple[Order, list[Gift]]) -> None:
    order, gifts = drawn
    units = count_units(order, gifts, now=NOW)
    assert units is not None
    places = (units.available, units.in_gift, units.gifted, units.used, units.refunded)
    assert sum(places) == order.quantity
    assert min(places) >= 0


@given(orders_with_gifts())
def test_after_the_deadline_no_unit_is_left_in_a_gift(drawn: tuple[Order, list[Gift]]) -> None:
    order, gifts = drawn
    units = count_units(order, gifts, now=NOW + 2)
    assert units is not None
    assert units.in_gift == 0


def test_due_gifts_are_sorted_by_time_and_others_are_left_out() -> None:
    order = _order(0, 0, {"c": Reservation(1, NOW), "a": Reservation(1, NOW - 1), "d": Reservation(1, NOW + 1)})
    assert list(find_expired_reservations(order, now=NOW)) == ["a", "c"]


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.DECLINED])
def test_an_unpaid_order_has_no_units(state: OrderState) -> None:
    assert count_units(replace(_order(0, 0, {}), state=state), [], now=NOW) is None
