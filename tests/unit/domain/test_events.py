"""What the bus is told of a change, and what it is not told."""

from dataclasses import replace

import pytest

from handsel.domain import events, ids
from handsel.domain.models import Kind, Presentation
from handsel.domain.states import GiftState, OrderState, ShipmentStatus
from testkit.factories import EXPIRES, NOW, gift, order, shipment, voucher

# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_that_was_paid_is_an_event_of_the_time_it_was() -> None:
    pending = order(state=OrderState.PENDING, paid_at=None)
    assert list(events.derive_order_events(pending, order(paid_at=NOW + 5), at=NOW + 9)) == [
        events.Event(
            id=ids.derive_id("event", "order.paid", "order"),
            type="order.paid",
            at=NOW + 5,
            correlation_id="order",
            audience=("alice",),
            data=events.OrderPaid("order", 3),
        )
    ]


def test_an_order_that_does_not_say_when_was_paid_when_that_was_written() -> None:
    pending = order(state=OrderState.PENDING, paid_at=None)
    (paid,) = events.derive_order_events(pending, order(paid_at=None), at=NOW + 9)
    assert paid.at == NOW + 9


def test_units_that_went_back_for_money_are_counted_now_and_in_all() -> None:
    assert list(events.derive_order_events(order(refunded=1), order(refunded=3), at=NOW + 9)) == [
        events.Event(
            id=ids.derive_id("event", "order.refunded", "order", "3"),
            type="order.refunded",
            at=NOW + 9,
            correlation_id="order",
            audience=("alice",),
            data=events.OrderRefunded("order", 2, 3),
        )
    ]


def test_a_refund_is_never_dated_before_the_payment_whose_time_is_finer() -> None:
    (refunded,) = events.derive_order_events(order(), order(refunded=1, paid_at=NOW + 900), at=NOW)
    assert refunded.at == NOW + 900
    (undated,) = events.derive_order_events(order(), order(refunded=1, paid_at=None), at=NOW)
    assert undated.at == NOW


def test_an_order_that_came_went_or_changed_otherwise_is_no_event() -> None:
    paid, pending = order(), order(state=OrderState.PENDING)
    for before, after in [
        (None, paid),
        (paid, None),
        (None, None),
        (paid, paid),
        (pending, pending),
        (pending, order(state=OrderState.DECLINED)),
        (paid, order(available=2, used=1)),
        (order(refunded=2), order(refunded=1)),
    ]:
        assert list(events.derive_order_events(before, after, at=NOW)) == []


# --- gifts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "presentation"), [(Kind.VOUCHER, Presentation.RED_ENVELOPE), (Kind.PARCEL, Presentation.PARCEL)]
)
def test_a_gift_that_was_given_is_what_its_link_shows(kind: Kind, presentation: Presentation) -> None:
    assert list(events.derive_gift_events(None, gift(kind=kind))) == [
        events.Event(
            id=ids.derive_id("event", "gift.given", "gift"),
            type="gift.given",
            at=NOW,
            correlation_id="order",
            audience=("alice",),
            data=events.GiftChanged("gift", presentation, GiftState.OPEN, 2, 2, EXPIRES),
        )
    ]


def test_each_share_that_was_taken_is_an_event_with_its_number_and_without_a_name() -> None:
    before, after = gift("bob", shares=3), gift("bob", "carol", "dave", shares=3, state=GiftState.CLAIMED)
    data = events.GiftChanged("gift", Presentation.RED_ENVELOPE, GiftState.CLAIMED, 3, 0, EXPIRES)
    assert list(events.derive_gift_events(before, after)) == [
        events.Event(
            ids.derive_id("event", "gift.claimed", "gift", "1"), "gift.claimed", NOW + 2000, "order", ("alice",), data
        ),
        events.Event(
            ids.derive_id("event", "gift.claimed", "gift", "2"), "gift.claimed", NOW + 3000, "order", ("alice",), data
        ),
    ]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (GiftState.RETURNED, "gift.returned"),
        (GiftState.CANCELLED, "gift.cancelled"),
        (GiftState.DECLINED, "gift.declined"),
    ],
)
def test_a_gift_that_ended_is_an_event_once(state: GiftState, kind: str) -> None:
    ended = gift(state=state, ended_at=NOW + 7)
    (event,) = events.derive_gift_events(gift(), ended)
    assert (event.type, event.at, event.id) == (kind, NOW + 7, ids.derive_id("event", kind, "gift"))
    assert list(events.derive_gift_events(ended, ended)) == []


def test_a_gift_that_does_not_say_when_it_ended_did_when_its_window_was_over() -> None:
    (event,) = events.derive_gift_events(gift(), gift(state=GiftState.RETURNED))
    assert event.at == EXPIRES


def test_a_gift_that_is_gone_or_as_it_was_is_no_event() -> None:
    assert list(events.derive_gift_events(gift(), None)) == []
    assert list(events.derive_gift_events(gift("bob"), gift("bob"))) == []


# --- what is held -----------------------------------------------------------------------------------------------------


def test_what_was_redeemed_out_of_a_gift_does_not_lead_to_its_order() -> None:
    held = voucher()
    assert list(events.derive_holding_events(held, replace(held, redeemed_at=NOW + 7))) == [
        events.Event(
            id=ids.derive_id("event", "holding.redeemed", held.holding_id),
            type="holding.redeemed",
            at=NOW + 7,
            correlation_id=held.holding_id,
            audience=("bob",),
            data=events.VoucherRedeemed(held.holding_id),
        )
    ]


def test_what_was_redeemed_out_of_ones_own_order_does() -> None:
    held = voucher(gift_id=None)
    (event,) = events.derive_holding_events(held, replace(held, redeemed_at=NOW))
    assert event.correlation_id == "order"


def test_a_voucher_is_redeemed_once() -> None:
    held, redeemed = voucher(), voucher(redeemed_at=NOW)
    for before, after in [(held, held), (redeemed, redeemed), (None, redeemed), (held, None), (redeemed, held)]:
        assert list(events.derive_holding_events(before, after)) == []


def test_a_parcel_of_a_gift_tells_its_holder_and_does_not_lead_to_the_order() -> None:
    after = shipment(ShipmentStatus.PICKED_UP, version=2, updated_at=NOW + 7)
    assert list(events.derive_shipment_events(shipment(), after)) == [
        events.Event(
            id=ids.derive_id("event", "shipment.updated", "shipment", "2"),
            type="shipment.updated",
            at=NOW + 7,
            correlation_id="shipment",
            audience=("bob",),
            data=events.ShipmentUpdated("shipment", ShipmentStatus.PICKED_UP),
        )
    ]


def test_a_parcel_of_ones_own_order_leads_to_it() -> None:
    (event,) = events.derive_shipment_events(shipment(gift_id=None), shipment(gift_id=None, version=2))
    assert event.correlation_id == "order"


def test_a_parcel_that_came_went_or_did_not_change_is_no_event() -> None:
    for before, after in [(None, shipment(version=2)), (shipment(), None), (shipment(), shipment())]:
        assert list(events.derive_shipment_events(before, after)) == []


# --- on the bus -------------------------------------------------------------------------------------------------------


def test_an_event_on_the_bus_is_plain_json_with_its_times_written_out() -> None:
    (given,) = events.derive_gift_events(None, gift())
    assert events.to_envelope(given) == {
        "id": given.id,
        "type": "gift.given",
        "version": 1,
        "time": "2026-09-21T14:13:20.000Z",
        "correlation_id": "order",
        "audience": ["alice"],
        "data": {
            "gift_id": "gift",
            "presentation": "red_envelope",
            "state": "open",
            "shares": 2,
            "remaining": 2,
            "expires_at": "2026-09-22T14:13:20.000Z",
        },
    }
