"""Domain events that a change of an item produces, and changes that produce none."""

from dataclasses import replace

import pytest

from handsel.domain import events, ids
from handsel.domain.models import Kind, Presentation
from handsel.domain.states import GiftState, OrderState, ShipmentStatus
from testkit.factories import EXPIRES, NOW, gift, order, shipment, voucher

# --- orders -----------------------------------------------------------------------------------------------------------


def test_a_payment_produces_an_event_with_the_time_of_payment() -> None:
    pending = order(state=OrderState.PENDING, paid_at=None)
    assert list(events.derive_order_events(pending, order(paid_at=NOW + 5), at=NOW + 9)) == [
        events.Event(
            id=ids.derive_id("event", "order.paid", "order"),
            type="order.paid",
            at=NOW + 5,
            correlation_id="order",
            audience=("alice",),
            data=events.OrderPaid(
                "order",
                3,
                store_id=pending.product.store_id,
                product_id=pending.product.product_id,
                total=pending.payment.total,
                external_id=None,
                metadata={},
            ),
        )
    ]


def test_a_payment_without_a_time_has_the_time_of_the_write() -> None:
    pending = order(state=OrderState.PENDING, paid_at=None)
    (paid,) = events.derive_order_events(pending, order(paid_at=None), at=NOW + 9)
    assert paid.at == NOW + 9


def test_a_refund_event_has_the_refunded_units_and_the_total() -> None:
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


def test_a_refund_is_never_dated_before_the_payment() -> None:
    (refunded,) = events.derive_order_events(order(), order(refunded=1, paid_at=NOW + 900), at=NOW)
    assert refunded.at == NOW + 900
    (undated,) = events.derive_order_events(order(), order(refunded=1, paid_at=None), at=NOW)
    assert undated.at == NOW


def test_other_changes_of_an_order_produce_no_event() -> None:
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
def test_a_given_gift_produces_an_event_with_the_data_of_the_link_preview(
    kind: Kind, presentation: Presentation
) -> None:
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


def test_each_claimed_share_produces_a_numbered_event_without_names() -> None:
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
def test_the_end_of_a_gift_produces_one_event(state: GiftState, kind: str) -> None:
    ended = gift(state=state, ended_at=NOW + 7)
    (event,) = events.derive_gift_events(gift(), ended)
    assert (event.type, event.at, event.id) == (kind, NOW + 7, ids.derive_id("event", kind, "gift"))
    assert list(events.derive_gift_events(ended, ended)) == []


def test_a_gift_without_an_end_time_ended_with_its_window() -> None:
    (event,) = events.derive_gift_events(gift(), gift(state=GiftState.RETURNED))
    assert event.at == EXPIRES


def test_a_deleted_or_unchanged_gift_produces_no_event() -> None:
    assert list(events.derive_gift_events(gift(), None)) == []
    assert list(events.derive_gift_events(gift("bob"), gift("bob"))) == []


# --- holdings ---------------------------------------------------------------------------------------------------------


def test_redeeming_a_voucher_of_a_gift_does_not_reveal_its_order() -> None:
    holding = voucher()
    assert list(events.derive_holding_events(holding, voucher(redeemed_at=NOW + 7))) == [
        events.Event(
            id=ids.derive_id("event", "holding.redeemed", holding.holding_id, "redemption"),
            type="holding.redeemed",
            at=NOW + 7,
            correlation_id=holding.holding_id,
            audience=("bob",),
            data=events.VoucherRedeemed(holding.holding_id),
        )
    ]


def test_undoing_a_redemption_has_its_own_time() -> None:
    holding = replace(voucher(), undone_at=NOW + 9)
    assert list(events.derive_holding_events(voucher(redeemed_at=NOW + 7), holding)) == [
        events.Event(
            id=ids.derive_id("event", "holding.redemption_undone", holding.holding_id, "redemption"),
            type="holding.redemption_undone",
            at=NOW + 9,
            correlation_id=holding.holding_id,
            audience=("bob",),
            data=events.RedemptionUndone(holding.holding_id),
        )
    ]


def test_events_of_two_redemptions_of_a_voucher_differ() -> None:
    holding, first = voucher(), voucher(redeemed_at=NOW)
    second = replace(first, redemption="second")
    found = {
        event.id
        for redeemed in (first, second)
        for change in ((holding, redeemed), (redeemed, holding))
        for event in events.derive_holding_events(*change)
    }
    assert len(found) == 4


def test_redeeming_a_voucher_of_the_callers_own_order_is_correlated_with_the_order() -> None:
    for change in ((voucher(), voucher(redeemed_at=NOW)), (voucher(redeemed_at=NOW), voucher())):
        before, after = (replace(each, gift_id=None) for each in change)
        (event,) = events.derive_holding_events(before, after)
        assert event.correlation_id == "order"


def test_a_voucher_without_a_new_redemption_produces_no_event() -> None:
    holding, redeemed = voucher(), voucher(redeemed_at=NOW)
    for before, after in [(holding, holding), (redeemed, redeemed), (None, redeemed), (holding, None)]:
        assert list(events.derive_holding_events(before, after)) == []


def test_an_update_of_a_gifted_parcel_is_for_its_holder_and_does_not_reveal_the_order() -> None:
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


def test_a_corrected_address_is_an_event_of_its_own() -> None:
    before = shipment()
    after = replace(before, address_version=1, version=2)
    (event,) = events.derive_shipment_events(before, after)
    assert (event.type, event.data) == ("shipment.address_changed", events.ShipmentAddressChanged("shipment"))


def test_an_update_of_the_callers_own_parcel_is_correlated_with_the_order() -> None:
    (event,) = events.derive_shipment_events(shipment(gift_id=None), shipment(gift_id=None, version=2))
    assert event.correlation_id == "order"


@pytest.mark.parametrize(("gift_id", "correlation_id"), [("gift", "shipment"), (None, "order")])
def test_a_new_parcel_is_an_event_for_its_store_and_notifies_nobody(gift_id: str | None, correlation_id: str) -> None:
    new = shipment(gift_id=gift_id)
    (event,) = events.derive_shipment_events(None, new)
    assert (event.type, event.at, event.correlation_id) == ("shipment.created", new.created_at, correlation_id)
    assert event.audience == ()
    assert event.data == events.ShipmentCreated(
        "shipment", new.store_id, new.product.product_id, new.quantity, gift=gift_id is not None
    )


def test_a_deleted_or_unchanged_parcel_produces_no_event() -> None:
    for before, after in [(shipment(), None), (shipment(), shipment())]:
        assert list(events.derive_shipment_events(before, after)) == []


# --- on the bus -------------------------------------------------------------------------------------------------------


def test_an_event_on_the_bus_is_json_with_timestamps_as_text() -> None:
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
