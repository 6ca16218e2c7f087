"""Private messages: what is told to whom. One fact is one message, however often it is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain import ids
from handsel.domain.events import new_claims
from handsel.domain.models import Gift, Presentation, Shipment, Wrapping
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.states import GiftState, ShipmentStatus

HOUR_MS = 3_600_000
# How long before the end of its window a waiting gift is brought to mind; in windows no longer than that it is not.
REMINDERS_MS = (6 * HOUR_MS, HOUR_MS)


class MessageKind(StrEnum):
    GIFT_RECEIVED = "gift_received"
    GIFT_REMINDER = "gift_reminder"
    GIFT_CANCELLED = "gift_cancelled"
    GIFT_CLAIMED = "gift_claimed"
    GIFT_RETURNED = "gift_returned"
    GIFT_DECLINED = "gift_declined"
    ASKED_AGAIN = "asked_again"
    PARCEL_UPDATE = "parcel_update"


@dataclass(frozen=True, slots=True)
class Message:
    """
    Attributes:
        gift_id: None where it is about something bought for oneself.
        about: whose display name stands for `{name}` in the text, if it is anybody's.
        wrapping: how the gift looks that it is about, where that is told.
    """

    message_id: str
    user_id: str
    kind: MessageKind
    gift_id: str | None
    text: str
    created_at: int
    wrapping: Wrapping | None = None
    about: str | None = None
    read: bool = False


_LOOKS = {Presentation.RED_ENVELOPE: "a red envelope", Presentation.PARCEL: "a parcel"}
_PARCEL: Mapping[ShipmentStatus, str] = {
    ShipmentStatus.READY_TO_SHIP: "Your parcel is ready to be shipped.",
    ShipmentStatus.PICKED_UP: "Your parcel was picked up by its carrier.",
    ShipmentStatus.IN_TRANSIT: "Your parcel is on its way.",
    ShipmentStatus.OUT_FOR_DELIVERY: "Your parcel is out for delivery.",
    ShipmentStatus.DELIVERED: "Your parcel was delivered.",
    ShipmentStatus.DELIVERY_FAILED: "Your parcel could not be delivered; its carrier tries again.",
    ShipmentStatus.RETURNING: "Your parcel is on its way back to the store.",
    ShipmentStatus.RETURNED: "Your parcel went back to the store.",
    ShipmentStatus.LOST: "Your parcel was lost on its way.",
}


def of_gift(before: Gift | None, after: Gift | None) -> Iterator[Message]:
    if after is None:
        return
    if before is None:
        if after.recipient_id is not None:
            said = f"{after.giver_name} sent you {_looks(after)}."
            yield _to_recipient(after, MessageKind.GIFT_RECEIVED, after.created_at, said)
        return
    for claimer, at in new_claims(before, after):
        if may_see(Viewer.GIVER, Fact.CLAIMERS):
            yield _to_giver(after, MessageKind.GIFT_CLAIMED, at, "{name} opened your gift.", claimer)
    if before.state is not GiftState.OPEN:
        return
    ended_at = after.ended_at or after.expires_at
    match after.state:
        case GiftState.RETURNED:
            said = f"{_units(after.remaining)} of your gift went back to your order: nobody opened it in time."
            yield _to_giver(after, MessageKind.GIFT_RETURNED, ended_at, said)
        case GiftState.DECLINED:
            yield _to_giver(
                after, MessageKind.GIFT_DECLINED, ended_at, "Your gift was declined; it is back in your order."
            )
        case GiftState.CANCELLED if after.recipient_id is not None:
            yield _to_recipient(after, MessageKind.GIFT_CANCELLED, ended_at, "A gift for you is no longer there.")


def of_shipment(before: Shipment | None, after: Shipment | None) -> Iterator[Message]:
    if before is None or after is None or before.status is after.status:
        return
    if may_see(Viewer.CLAIMER, Fact.LOGISTICS_STATUS, own=True):
        yield Message(
            message_id=ids.derive("message", MessageKind.PARCEL_UPDATE, after.shipment_id, str(after.version)),
            user_id=after.holder_id,
            kind=MessageKind.PARCEL_UPDATE,
            gift_id=after.gift_id,
            text=_PARCEL[after.status],
            created_at=after.updated_at,
        )


def asked_again(gift_id: str, giver_id: str, asker: str, *, at: int) -> Message:
    return Message(
        message_id=ids.derive("message", MessageKind.ASKED_AGAIN, gift_id, asker),
        user_id=giver_id,
        kind=MessageKind.ASKED_AGAIN,
        gift_id=gift_id,
        text="{name} came too late for your gift, and would be glad to get it again.",
        created_at=at,
        about=asker,
    )


def reminder(gift: Gift, lead_ms: int) -> Message:
    """What the named recipient is told `lead_ms` before the end of the window."""
    hours = lead_ms // HOUR_MS
    left = "an hour" if hours == 1 else f"{hours} hours"
    said = f"You have {left} left to open {_looks(gift)} from {gift.giver_name}."
    return _to_recipient(gift, MessageKind.GIFT_REMINDER, gift.expires_at - lead_ms, said, str(lead_ms))


def reminders(gift: Gift) -> list[int]:
    """When a gift is brought to its named recipient's mind, and no one else's, earliest first."""
    window = gift.expires_at - gift.created_at
    return [] if gift.recipient_id is None else [gift.expires_at - lead for lead in REMINDERS_MS if lead < window]


def _to_recipient(gift: Gift, kind: MessageKind, at: int, said: str, *what: str) -> Message:
    if gift.recipient_id is None:
        raise ValueError("nobody is named as the recipient")
    shown = may_see(Viewer.RECIPIENT, Fact.ENVELOPE) and kind is not MessageKind.GIFT_CANCELLED
    return Message(
        message_id=ids.derive("message", kind, gift.gift_id, *what),
        user_id=gift.recipient_id,
        kind=kind,
        gift_id=gift.gift_id,
        text=said,
        created_at=at,
        wrapping=gift.wrapping if shown else None,
    )


def _to_giver(gift: Gift, kind: MessageKind, at: int, said: str, claimer: str | None = None) -> Message:
    return Message(
        message_id=ids.derive("message", kind, gift.gift_id, *([] if claimer is None else [claimer])),
        user_id=gift.giver_id,
        kind=kind,
        gift_id=gift.gift_id,
        text=said,
        created_at=at,
        about=claimer,
    )


def _looks(gift: Gift) -> str:
    return _LOOKS[gift.product.kind.presentation]


def _units(count: int) -> str:
    return "One unit" if count == 1 else f"{count} units"
