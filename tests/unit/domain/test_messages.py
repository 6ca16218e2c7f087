"""Messages about gifts, parcels and regift requests: their recipients, parameters and English texts."""

from dataclasses import replace

import pytest

from handsel.domain import ids, messages, texts
from handsel.domain.messages import Message, MessageKind, MessageParams
from handsel.domain.models import HOUR_MS, Kind, Presentation, Wrapping
from handsel.domain.names import ERASED_NAME
from handsel.domain.policy import list_reminders
from handsel.domain.states import GiftState, ShipmentStatus
from testkit.factories import EXPIRES, NOW, gift, shipment

WRAPPING = Wrapping("red-classic", "Enjoy!")


def text_of(message: Message) -> str:
    return texts.render(message.kind, message.values(), "en")


@pytest.mark.parametrize(
    ("kind", "presentation", "looks"),
    [(Kind.VOUCHER, Presentation.RED_ENVELOPE, "a red envelope"), (Kind.PARCEL, Presentation.PARCEL, "a parcel")],
)
def test_a_named_recipient_is_notified_of_a_gift_and_sees_its_presentation(
    kind: Kind, presentation: Presentation, looks: str
) -> None:
    sent = list(messages.derive_gift_messages(None, gift(kind=kind, recipient_id="bob")))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "gift_received", "gift"),
            user_id="bob",
            kind=MessageKind.GIFT_RECEIVED,
            gift_id="gift",
            created_at=NOW,
            params=MessageParams("Alice", presentation),
            wrapping=WRAPPING,
            named_user_id="alice",
        )
    ]
    # The account is named, too, because the gift of a late record may have the name of an erased one.
    assert [text_of(message.named("Alice")) for message in sent] == [f"Alice sent you {looks}."]
    # The account of the giver was deleted.
    for name in (None, ERASED_NAME):
        assert [text_of(message.named(name)) for message in sent] == [f"Someone sent you {looks}."]


def test_a_gift_without_a_recipient_notifies_nobody() -> None:
    assert list(messages.derive_gift_messages(None, gift())) == []


def test_the_giver_is_notified_of_each_claim_with_the_name_of_the_claimer() -> None:
    sent = list(messages.derive_gift_messages(gift("bob", shares=4), gift("bob", "carol", "dave", shares=4)))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "gift_claimed", "gift", claimer),
            user_id="alice",
            kind=MessageKind.GIFT_CLAIMED,
            gift_id="gift",
            created_at=at,
            named_user_id=claimer,
        )
        for claimer, at in (("carol", NOW + 2000), ("dave", NOW + 3000))
    ]
    assert [text_of(message.named("Carol")) for message in sent] == ["Carol opened your gift."] * 2


def test_a_message_stores_the_name_of_the_user_it_is_about_and_not_the_id() -> None:
    asked = messages.build_regift_request("gift", "alice", "carol", at=NOW)
    assert asked.named("Carol") == replace(asked, params=MessageParams(name="Carol"), named_user_id=None)
    assert asked.named(None).values() == {"name": None}


@pytest.mark.parametrize(
    ("shares", "units", "text"),
    [
        (2, 1, "Your gift wasn't opened in time. 1 unit is back in your order."),
        (3, 2, "Your gift wasn't opened in time. 2 units are back in your order."),
    ],
)
def test_the_giver_is_notified_how_many_units_of_an_expired_gift_are_back(shares: int, units: int, text: str) -> None:
    ended = gift("bob", shares=shares, state=GiftState.RETURNED, ended_at=NOW + 7)
    sent = list(messages.derive_gift_messages(gift("bob", shares=shares), ended))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "gift_returned", "gift"),
            user_id="alice",
            kind=MessageKind.GIFT_RETURNED,
            gift_id="gift",
            created_at=NOW + 7,
            params=MessageParams(units=units),
        )
    ]
    assert [text_of(message) for message in sent] == [text]


def test_the_giver_is_notified_of_a_declined_gift() -> None:
    ended = gift(state=GiftState.DECLINED, recipient_id="bob")
    sent = list(messages.derive_gift_messages(gift(recipient_id="bob"), ended))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "gift_declined", "gift"),
            user_id="alice",
            kind=MessageKind.GIFT_DECLINED,
            gift_id="gift",
            created_at=EXPIRES,
        )
    ]
    assert [text_of(message) for message in sent] == ["Your gift was declined and is back in your order."]


def test_a_named_recipient_is_notified_of_a_cancelled_gift_without_its_presentation() -> None:
    ended = gift(state=GiftState.CANCELLED, recipient_id="bob", ended_at=NOW + 7)
    sent = list(messages.derive_gift_messages(gift(recipient_id="bob"), ended))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "gift_cancelled", "gift"),
            user_id="bob",
            kind=MessageKind.GIFT_CANCELLED,
            gift_id="gift",
            created_at=NOW + 7,
            replaces=(
                ids.derive_id("message", "gift_received", "gift"),
                *(ids.derive_id("message", "gift_reminder", "gift", str(lead * 1000)) for lead in list_reminders()),
            ),
        )
    ]
    assert [text_of(message) for message in sent] == ["A gift for you was cancelled."]


def test_a_cancelled_gift_without_a_recipient_notifies_nobody() -> None:
    assert list(messages.derive_gift_messages(gift(), gift(state=GiftState.CANCELLED))) == []


@pytest.mark.parametrize("state", [GiftState.RETURNED, GiftState.CANCELLED, GiftState.DECLINED])
def test_the_end_of_a_gift_is_notified_once(state: GiftState) -> None:
    ended = gift(state=state, recipient_id="bob")
    assert list(messages.derive_gift_messages(ended, ended)) == []


def test_a_deleted_gift_notifies_nobody() -> None:
    assert list(messages.derive_gift_messages(gift(), None)) == []


# --- reminders --------------------------------------------------------------------------------------------------------


def test_a_named_recipient_is_reminded_six_hours_and_one_hour_before_the_end() -> None:
    waiting = gift(recipient_id="bob")
    assert messages.list_reminder_times(waiting) == [EXPIRES - 6 * 3_600_000, EXPIRES - 3_600_000]
    assert messages.list_reminder_times(gift()) == []


@pytest.mark.parametrize(("hours", "leads"), [(1, []), (2, [HOUR_MS]), (6, [HOUR_MS]), (7, [6 * HOUR_MS, HOUR_MS])])
def test_a_window_as_short_as_a_reminders_lead_time_has_no_such_reminder(hours: int, leads: list[int]) -> None:
    waiting = replace(gift(recipient_id="bob"), created_at=EXPIRES - hours * HOUR_MS)
    assert messages.list_reminder_times(waiting) == [EXPIRES - lead for lead in leads]


@pytest.mark.parametrize(
    ("kind", "lead_ms", "params", "text"),
    [
        (
            Kind.VOUCHER,
            6 * HOUR_MS,
            MessageParams("Alice", Presentation.RED_ENVELOPE, 6),
            "You have 6 hours left to open the red envelope from Alice.",
        ),
        (
            Kind.PARCEL,
            HOUR_MS,
            MessageParams("Alice", Presentation.PARCEL, 1),
            "You have 1 hour left to open the parcel from Alice.",
        ),
    ],
)
def test_a_reminder_tells_how_much_time_is_left(kind: Kind, lead_ms: int, params: MessageParams, text: str) -> None:
    message = messages.build_reminder(gift(kind=kind, recipient_id="bob"), lead_ms)
    assert message == Message(
        message_id=ids.derive_id("message", "gift_reminder", "gift", str(lead_ms)),
        user_id="bob",
        kind=MessageKind.GIFT_REMINDER,
        gift_id="gift",
        created_at=EXPIRES - lead_ms,
        params=params,
        wrapping=WRAPPING,
    )
    assert text_of(message) == text


def test_a_reminder_needs_a_named_recipient() -> None:
    with pytest.raises(ValueError, match=r"^the gift has no named recipient$"):
        messages.build_reminder(gift(), HOUR_MS)


# --- parcels and regift requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (ShipmentStatus.PICKED_UP, "Your parcel was picked up by the carrier."),
        (ShipmentStatus.IN_TRANSIT, "Your parcel is in transit."),
        (ShipmentStatus.OUT_FOR_DELIVERY, "Your parcel is out for delivery."),
        (ShipmentStatus.DELIVERED, "Your parcel was delivered."),
        (ShipmentStatus.DELIVERY_FAILED, "Your parcel couldn't be delivered. The carrier will try again."),
        (ShipmentStatus.RETURNING, "Your parcel is on its way back to the store."),
        (ShipmentStatus.RETURNED, "Your parcel was returned to the store."),
        (ShipmentStatus.LOST, "Your parcel was lost. You can ask for a refund."),
    ],
)
def test_the_holder_of_a_parcel_is_notified_of_each_status(status: ShipmentStatus, text: str) -> None:
    sent = list(messages.derive_shipment_messages(shipment(), shipment(status, version=4, updated_at=NOW + 7)))
    assert sent == [
        Message(
            message_id=ids.derive_id("message", "parcel_update", "shipment", "4"),
            user_id="bob",
            kind=MessageKind.PARCEL_UPDATE,
            gift_id="gift",
            created_at=NOW + 7,
            params=MessageParams(status=status),
        )
    ]
    assert [text_of(message) for message in sent] == [text]


def test_a_parcel_with_an_unchanged_status_notifies_nobody() -> None:
    picked_up = shipment(ShipmentStatus.PICKED_UP)
    for before, after in [(None, picked_up), (shipment(), None), (picked_up, picked_up)]:
        assert list(messages.derive_shipment_messages(before, after)) == []


def test_each_user_sends_one_regift_request_for_a_gift() -> None:
    message = messages.build_regift_request("gift", "alice", "carol", at=NOW)
    assert message == Message(
        message_id=ids.derive_id("message", "asked_again", "gift", "carol"),
        user_id="alice",
        kind=MessageKind.ASKED_AGAIN,
        gift_id="gift",
        created_at=NOW,
        named_user_id="carol",
    )
    assert text_of(message.named("Carol")) == "Carol missed your gift and would love another chance."
