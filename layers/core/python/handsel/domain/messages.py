"""Messages to users, derived from changes. A message is data; `domain/texts.py` has its text.

The id of a message is derived from the change, so that a change results in one message, however often it is processed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from handsel.domain import ids
from handsel.domain.events import find_new_claims, find_new_thanks, find_redemption_change, is_newly_opened
from handsel.domain.models import (
    DAY_MS,
    HOUR_MS,
    SPARSE,
    Gift,
    Holding,
    NotShipped,
    Presentation,
    Refund,
    RefundRequest,
    Shipment,
    Wrapping,
)
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.states import (
    IS_SENT,
    EndAction,
    GiftState,
    RefundCause,
    RefundRequestState,
    RefundStatus,
    ShipmentStatus,
    VoucherState,
)


class MessageKind(StrEnum):
    """Kind of a message. It determines the text and the `params`.

    - `gift_received`: someone gave the caller a gift. Params: `name`, `presentation`.
    - `gift_reminder`: a gift for the caller expires soon. Params: `name`, `presentation`, `hours`.
    - `gift_cancelled`: a gift for the caller was cancelled.
    - `gift_opened`: someone opened the caller's gift, without claiming it yet.
    - `gift_claimed`: someone claimed a share of the caller's gift. Params: `name`.
    - `gift_thanked`: someone who claimed a share of the caller's gift thanked the caller. Params: `name`.
    - `gift_returned`: the caller's gift expired and its units are available in the order again. Params: `units`.
    - `gift_refunded`: the caller's gift expired and its units are refunded. Params: `units`.
    - `gift_passed_on`: the caller's gift expired and became a new gift to the second person. Params: `name`.
    - `gift_declined`: the caller's gift was declined.
    - `asked_again`: someone asks the caller to give an expired gift again. Params: `name`.
    - `refund_decided`: a refund request of the caller, or about a holding of the caller, was decided or went on without a
      decision. Params: `state` of the request, and `holding_id`, which is null unless the caller is the holder.
    - `refund_issued`: units of an order of the caller were refunded after they had been claimed or taken, or because the
      validity of vouchers ended, and the money was repaid. Params: `units`, `order_id`, and `holding_id`, which is null
      if it is about several holdings or none.
    - `parcel_update`: the status of a parcel for the caller changed. Params: `status`.
    - `parcel_not_shipped`: a parcel for the caller, or of the caller's store, was not shipped in time. Params: `shipment_id`,
      and `holding_id`, which is null for the merchant.
    - `voucher_redeemed`: a voucher of the caller was redeemed. Params: `holding_id`.
    - `voucher_usable_again`: the redemption of a voucher of the caller was undone. Params: `holding_id`.
    - `voucher_expiring`: a voucher of the caller expires soon. Params: `holding_id`, `days`.
    """

    GIFT_RECEIVED = "gift_received"
    GIFT_REMINDER = "gift_reminder"
    GIFT_CANCELLED = "gift_cancelled"
    GIFT_OPENED = "gift_opened"
    GIFT_CLAIMED = "gift_claimed"
    GIFT_THANKED = "gift_thanked"
    GIFT_RETURNED = "gift_returned"
    GIFT_REFUNDED = "gift_refunded"
    GIFT_PASSED_ON = "gift_passed_on"
    GIFT_DECLINED = "gift_declined"
    ASKED_AGAIN = "asked_again"
    REFUND_DECIDED = "refund_decided"
    REFUND_ISSUED = "refund_issued"
    PARCEL_UPDATE = "parcel_update"
    PARCEL_NOT_SHIPPED = "parcel_not_shipped"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_USABLE_AGAIN = "voucher_usable_again"
    VOUCHER_EXPIRING = "voucher_expiring"


@dataclass(frozen=True, slots=True)
class MessageParams:
    """The values in the text of a message. Those that its kind does not have (`PARAMS`) are None.

    Attributes:
        name: display name of the giver, the claimer, the second person or the user who requests the gift again; None if
            it is unknown.
        presentation: how the gift looks before it is opened.
        hours: time left to open the gift.
        units: units released to the order, or refunded.
        status: of the shipment.
        state: of the refund request.
        holding_id: the holding that the message is about.
        shipment_id: the shipment that the message is about.
        order_id: the order whose units were refunded.
        days: the days until the end of a voucher's validity.
    """

    name: str | None = None
    presentation: Presentation | None = None
    hours: int | None = None
    units: int | None = None
    status: ShipmentStatus | None = None
    state: RefundRequestState | None = None
    holding_id: str | None = None
    shipment_id: str | None = None
    order_id: str | None = None
    days: int | None = None


PARAMS: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.GIFT_RECEIVED: ("name", "presentation"),
    MessageKind.GIFT_REMINDER: ("name", "presentation", "hours"),
    MessageKind.GIFT_CANCELLED: (),
    MessageKind.GIFT_OPENED: (),
    MessageKind.GIFT_CLAIMED: ("name",),
    MessageKind.GIFT_THANKED: ("name",),
    MessageKind.GIFT_RETURNED: ("units",),
    MessageKind.GIFT_REFUNDED: ("units",),
    MessageKind.GIFT_PASSED_ON: ("name",),
    MessageKind.GIFT_DECLINED: (),
    MessageKind.ASKED_AGAIN: ("name",),
    MessageKind.REFUND_DECIDED: ("state", "holding_id"),
    MessageKind.REFUND_ISSUED: ("units", "order_id", "holding_id"),
    MessageKind.PARCEL_UPDATE: ("status",),
    MessageKind.PARCEL_NOT_SHIPPED: ("holding_id", "shipment_id"),
    MessageKind.VOUCHER_REDEEMED: ("holding_id",),
    MessageKind.VOUCHER_USABLE_AGAIN: ("holding_id",),
    MessageKind.VOUCHER_EXPIRING: ("holding_id", "days"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the inbox of a user.

    Attributes:
        gift_id: None if the message is about units bought for own use.
        wrapping: of a gift to the reader, if the reader may see it.
        named_user_id: the user whose display name becomes `params.name` when the message is written, if there is none; None
            from then on.
        changes: how often the recipient of the gift had been changed; a part of the ids of messages to a recipient.
        replaces: the ids of messages that it replaces while they are unread: those that announced a gift, if it is cancelled.
            They are not stored.
    """

    message_id: str
    user_id: str
    kind: MessageKind
    gift_id: str | None
    created_at: int
    params: MessageParams = MessageParams()
    wrapping: Wrapping | None = None
    named_user_id: str | None = None
    read: bool = False
    changes: int = field(default=0, metadata=SPARSE)
    replaces: tuple[str, ...] = field(default=(), metadata=SPARSE)

    def named(self, name: str | None) -> "Message":
        """Return the message with the display name of `named_user_id`, as it is stored."""
        return replace(self, params=replace(self.params, name=name), named_user_id=None)

    def values(self) -> dict[str, str | int | None]:
        """Return the params of the kind, by name."""
        return {name: getattr(self.params, name) for name in PARAMS[self.kind]}


def derive_gift_messages(before: Gift | None, after: Gift | None) -> Iterator[Message]:
    """Derive the messages of a change of a gift.

    Args:
        before: the gift before the change, or None if it is new.
        after: the gift after the change.
    """
    if after is None:
        return
    if before is None:
        if after.recipient_id is not None and after.opens_at is None:
            yield build_announcement(after)
        return
    if after.changes > before.changes:
        replaced = after.former_recipients[-1]
        if before.recipient_id is not None and replaced.was_sent(after):
            yield build_cancellation(before, replaced.until)
        if after.recipient_id is not None and IS_SENT.holds(after.opens_at, now=replaced.until):
            yield build_announcement(after)
    if len(after.reminded_at) > len(before.reminded_at):
        yield _remind_by_giver(after)
    for claimer, at in find_new_claims(before, after):
        if may_see(Viewer.GIVER, Fact.CLAIMERS):
            yield _to_giver(after, MessageKind.GIFT_CLAIMED, at, named=claimer)
    yield from _derive_answers(before, after)
    if before.state is not GiftState.OPEN:
        return
    ended_at = after.ended_at or after.expires_at
    match after.state:
        case GiftState.RETURNED:
            second = None if after.at_end is None else after.at_end.recipient_id
            params = MessageParams(units=after.remaining if second is None else None)
            yield _to_giver(after, _EXPIRED[after.then], ended_at, params, named=second)
        case GiftState.DECLINED:
            yield _to_giver(after, MessageKind.GIFT_DECLINED, ended_at)
        # The recipient of a gift that was cancelled before it opened does not know of it.
        case GiftState.CANCELLED if after.recipient_id is not None and after.is_sent_at(ended_at):
            yield build_cancellation(after, ended_at)


def _derive_answers(before: Gift, after: Gift) -> Iterator[Message]:
    """Derive the messages to the giver that the gift was opened for the first time, and that claimers thanked."""
    if is_newly_opened(before, after) and may_see(Viewer.GIVER, Fact.OPENED):
        # Without a name: a link may have been opened by anybody. Each named recipient can be the first one to open it.
        message = _to_giver(after, MessageKind.GIFT_OPENED, after.opened_at or 0)
        changes = after.changes
        yield replace(message, message_id=_derive_id(message.kind, after.gift_id, *([str(changes)] if changes else [])))
    for claimer, claim in find_new_thanks(before, after):
        if claim.thanks is not None and may_see(Viewer.GIVER, Fact.THANKS):
            yield _to_giver(after, MessageKind.GIFT_THANKED, claim.thanks.at, named=claimer)


def build_cancellation(gift: Gift, at: int) -> Message:
    """Return the message to the named recipient of a gift that is not theirs any more, or not at all."""
    message = _to_recipient(gift, MessageKind.GIFT_CANCELLED, at)
    return replace(message, replaces=tuple(_list_announcement_ids(gift, gift.changes)))


def _remind_by_giver(gift: Gift) -> Message:
    """Return the message to the named recipient of a gift whose giver has just reminded them."""
    number, at = len(gift.reminded_at), gift.reminded_at[-1]
    hours = max(1, (gift.expires_at - at) // HOUR_MS)
    params = MessageParams(presentation=gift.product.kind.presentation, hours=hours)
    return _name_giver(gift, MessageKind.GIFT_REMINDER, at, params, *_BY_GIVER[number - 1])


def _name_giver(gift: Gift, kind: MessageKind, at: int, params: MessageParams, *parts: str) -> Message:
    """Return a message to the named recipient with the name of the giver, if strangers may see it.

    It is the name with which the gift was given: a later one is not checked. The account is named too, because a late record
    may have the name of an erased one.
    """
    name = _shown_name(gift)
    named = None if name is None else gift.giver_id
    return replace(_to_recipient(gift, kind, at, replace(params, name=name), *parts), named_user_id=named)


# The parts of the ids of the reminders that a giver sends.
_BY_GIVER = (("by giver", "1"), ("by giver", "2"))
# The message to the giver of an expired gift, by what happened at its end.
_EXPIRED: Mapping[EndAction, MessageKind] = {
    EndAction.ORDER: MessageKind.GIFT_RETURNED,
    EndAction.REFUND: MessageKind.GIFT_REFUNDED,
    EndAction.GIVE_TO: MessageKind.GIFT_PASSED_ON,
}

# The messages that announce a gift to its named recipient.
_ANNOUNCEMENTS = (MessageKind.GIFT_RECEIVED, MessageKind.GIFT_REMINDER)


def _list_announcement_ids(gift: Gift, changes: int) -> list[str]:
    """Return the ids of all messages that can announce a gift to the recipient that it had after some changes.

    They are the reminders of all policies: a gift may be of any.
    """
    from handsel.domain import policy  # imported here, because few gifts are cancelled

    leads = [(str(lead * 1000),) for lead in policy.list_reminders()]
    extended = [(*lead, _EXTENDED) for lead in leads] if gift.extended_ms else []
    reminders = [*leads, *extended, *_BY_GIVER[: len(gift.reminded_at)]]
    return [
        _derive_id(MessageKind.GIFT_RECEIVED, gift.gift_id, *_tell_apart(changes)),
        *(_derive_id(MessageKind.GIFT_REMINDER, gift.gift_id, *parts, *_tell_apart(changes)) for parts in reminders),
    ]


def find_replacing_id(message: Message) -> str | None:
    """Return the id of the message that replaces a message, whether it exists or not; None if nothing replaces it."""
    if message.gift_id is None or message.kind not in _ANNOUNCEMENTS:
        return None
    return _derive_id(MessageKind.GIFT_CANCELLED, message.gift_id, *_tell_apart(message.changes))


def list_naming(gift: Gift, user_id: str) -> list[tuple[str, str]]:
    """Return the messages to others about a gift that contain the name of a user, as (reader, message id) pairs."""
    found: list[tuple[str, str]] = []
    if user_id == gift.giver_id:
        recipients = *(each.user_id for each in gift.former_recipients), gift.recipient_id
        found += [
            (recipient_id, message_id)
            for changes, recipient_id in enumerate(recipients)
            if recipient_id is not None
            for message_id in _list_announcement_ids(gift, changes)
        ]
    if user_id in gift.claims:
        kinds = MessageKind.GIFT_CLAIMED, MessageKind.GIFT_THANKED
        found += [(gift.giver_id, _derive_id(kind, gift.gift_id, user_id)) for kind in kinds]
    if gift.at_end is not None and gift.at_end.recipient_id == user_id:
        found.append((gift.giver_id, _derive_id(MessageKind.GIFT_PASSED_ON, gift.gift_id, user_id)))
    return found


def derive_shipment_messages(before: Shipment | None, after: Shipment | None) -> Iterator[Message]:
    """Derive the message of a shipment whose status changed, and those of one that was not shipped in time."""
    if before is None or after is None:
        return
    if after.not_shipped is not None and before.not_shipped is None:
        yield from _report_not_shipped(after, after.not_shipped)
    if before.status is after.status:
        return
    if may_see(Viewer.CLAIMER, Fact.LOGISTICS_STATUS, own=True):
        yield Message(
            message_id=ids.derive_id("message", MessageKind.PARCEL_UPDATE, after.shipment_id, str(after.version)),
            user_id=after.holder_id,
            kind=MessageKind.PARCEL_UPDATE,
            gift_id=after.gift_id,
            created_at=after.updated_at,
            params=MessageParams(status=after.status),
        )


def derive_holding_messages(before: Holding | None, after: Holding | None) -> Iterator[Message]:
    """Derive the message to the holder of a voucher that was redeemed, or whose redemption was undone.

    A voucher whose validity has ended by then is not usable again, so it has no such message.
    """
    change = find_redemption_change(before, after)
    if change is None or after is None or not may_see(Viewer.CLAIMER, Fact.REDEMPTION, own=True):
        return
    redemption_id, at = change
    kind = MessageKind.VOUCHER_REDEEMED if after.redemption is not None else MessageKind.VOUCHER_USABLE_AGAIN
    if kind is MessageKind.VOUCHER_USABLE_AGAIN and after.state_at(at) is not VoucherState.USABLE:
        return
    yield Message(
        message_id=ids.derive_id("message", kind, after.holding_id, redemption_id),
        user_id=after.holder_id,
        kind=kind,
        gift_id=after.gift_id,
        created_at=at,
        params=MessageParams(holding_id=after.holding_id),
    )


def _report_not_shipped(shipment: Shipment, report: NotShipped) -> Iterator[Message]:
    kind = MessageKind.PARCEL_NOT_SHIPPED
    if may_see(Viewer.CLAIMER, Fact.LOGISTICS_STATUS, own=True):
        yield Message(
            message_id=ids.derive_id("message", kind, shipment.shipment_id, Viewer.CLAIMER),
            user_id=shipment.holder_id,
            kind=kind,
            gift_id=shipment.gift_id,
            created_at=report.at,
            params=MessageParams(holding_id=shipment.holding_id, shipment_id=shipment.shipment_id),
        )
    # The gift and the holding are not the merchant's.
    if report.merchant_id is not None and may_see(Viewer.MERCHANT, Fact.LOGISTICS_STATUS):
        yield Message(
            message_id=ids.derive_id("message", kind, shipment.shipment_id, Viewer.MERCHANT),
            user_id=report.merchant_id,
            kind=kind,
            gift_id=None,
            created_at=report.at,
            params=MessageParams(shipment_id=shipment.shipment_id),
        )


# The states of a refund request that are news. A request that its user withdrew is not.
_DECIDED = frozenset(
    {
        RefundRequestState.APPROVED,
        RefundRequestState.REFUNDING,
        RefundRequestState.REJECTED,
        RefundRequestState.WITHDRAWN,
    }
)


def derive_refund_request_messages(before: RefundRequest | None, after: RefundRequest, *, at: int) -> Iterator[Message]:
    """Derive the messages of a refund request, to its holder and to the user who asked. They have no reason and no note.

    Args:
        at: the time of the change, in milliseconds since the epoch.
    """
    was, state = None if before is None else before.state, after.state
    if (
        state is was
        or state not in _DECIDED
        or (state, was) == (RefundRequestState.WITHDRAWN, RefundRequestState.REQUESTED)
    ):
        return
    for user_id in dict.fromkeys([after.holder_id, after.asked_by]):
        if before is None and user_id == after.asked_by:
            continue  # the response to the request had its state
        is_holder = user_id == after.holder_id
        if may_see(Viewer.CLAIMER if is_holder else Viewer.GIVER, Fact.REFUND_REQUEST, own=True):
            yield Message(
                message_id=ids.derive_id(
                    "message", MessageKind.REFUND_DECIDED, after.refund_request_id, state, user_id
                ),
                user_id=user_id,
                kind=MessageKind.REFUND_DECIDED,
                gift_id=after.gift_id,
                created_at=at,
                params=MessageParams(state=state, holding_id=after.holding_id if is_holder else None),
            )


# The causes of refunds that a payer does not learn otherwise.
_ISSUED = frozenset({RefundCause.REQUEST, RefundCause.VOUCHER_END, RefundCause.ERASURE})


def derive_refund_messages(before: Refund | None, after: Refund, *, at: int) -> Iterator[Message]:
    """Derive the message to the payer of units whose price was repaid. It does not tell why, nor who had them.

    Args:
        at: the time of the change, in milliseconds since the epoch.
    """
    if before is None or before.status is after.status or after.status is not RefundStatus.REFUNDED:
        return
    if after.cause not in _ISSUED or before.payer_id is None:
        return
    holding_id = after.holding_ids[0] if len(after.holding_ids) == 1 else None
    yield Message(
        message_id=ids.derive_id("message", MessageKind.REFUND_ISSUED, after.refund_id),
        user_id=before.payer_id,
        kind=MessageKind.REFUND_ISSUED,
        gift_id=None,
        created_at=max(at, after.created_at),
        params=MessageParams(units=after.quantity, order_id=after.order_id, holding_id=holding_id),
    )


def build_voucher_reminder(voucher: Holding, at: int) -> Message:
    """Return the reminder at a time to the holder of a voucher whose validity ends. The voucher has one for each time."""
    days = ((voucher.valid_until or at) - at) // DAY_MS
    return Message(
        message_id=ids.derive_id("message", MessageKind.VOUCHER_EXPIRING, voucher.holding_id, str(at)),
        user_id=voucher.holder_id,
        kind=MessageKind.VOUCHER_EXPIRING,
        gift_id=voucher.gift_id,
        created_at=at,
        params=MessageParams(holding_id=voucher.holding_id, days=days),
    )


def build_regift_request(gift_id: str, giver_id: str, requester: str, *, at: int) -> Message:
    """Return the message to the giver about a regift request."""
    return Message(
        message_id=derive_regift_request_id(gift_id, requester),
        user_id=giver_id,
        kind=MessageKind.ASKED_AGAIN,
        gift_id=gift_id,
        created_at=at,
        named_user_id=requester,
    )


def derive_regift_request_id(gift_id: str, requester: str) -> str:
    """Return the id of the message to the giver about a regift request."""
    return _derive_id(MessageKind.ASKED_AGAIN, gift_id, requester)


# The part of the ids of the reminders before an end that was extended: each is sent once more then.
_EXTENDED = "extended"


def build_announcement(gift: Gift) -> Message:
    """Return the message to the named recipient that somebody gave them a gift: of the time from which on they have it."""
    params = MessageParams(presentation=gift.product.kind.presentation)
    return _name_giver(gift, MessageKind.GIFT_RECEIVED, gift.received_at, params)


def build_reminder(gift: Gift, lead_ms: int) -> Message:
    """Return the reminder to the named recipient, `lead_ms` milliseconds before the end of the claim window."""
    params = MessageParams(_shown_name(gift), gift.product.kind.presentation, hours=lead_ms // HOUR_MS)
    parts = (str(lead_ms), _EXTENDED) if gift.extended_ms else (str(lead_ms),)
    return _to_recipient(gift, MessageKind.GIFT_REMINDER, gift.expires_at - lead_ms, params, *parts)


def _shown_name(gift: Gift) -> str | None:
    from handsel.domain.content import find_shown_name  # imported here: no message is derived in a request

    return find_shown_name(gift)


def list_reminder_times(gift: Gift) -> list[int]:
    """Return the times at which the sweep sends a message to the named recipient of a gift, earliest first.

    A scheduled gift is announced when it opens; before the end of the claim window, the recipient is reminded. A window that
    is not longer than a time of the policy has no reminder then. A recipient who was named later has none before.
    """
    if gift.recipient_id is None:
        return []
    from handsel.domain import policy  # imported here, because most changes start no reminder

    times = (gift.expires_at - lead * 1000 for lead in policy.find(gift.policy).reminders)
    announced = [] if gift.opens_at is None or gift.received_at > gift.opens_at else [gift.opens_at]
    return announced + [at for at in times if at > gift.received_at]


def _tell_apart(changes: int) -> list[str]:
    """Return the part of the ids of messages to a recipient that tells them from those to earlier recipients of the gift."""
    return [f"change {changes}"] if changes else []


def _derive_id(kind: MessageKind, gift_id: str, *parts: str) -> str:
    return ids.derive_id("message", kind, gift_id, *parts)


def _to_recipient(
    gift: Gift, kind: MessageKind, at: int, params: MessageParams = MessageParams(), *parts: str
) -> Message:
    if gift.recipient_id is None:
        raise ValueError("the gift has no named recipient")
    shown = may_see(Viewer.RECIPIENT, Fact.BLESSING, ended=kind is MessageKind.GIFT_CANCELLED)
    return Message(
        message_id=_derive_id(kind, gift.gift_id, *parts, *_tell_apart(gift.changes)),
        user_id=gift.recipient_id,
        kind=kind,
        gift_id=gift.gift_id,
        created_at=at,
        params=params,
        wrapping=gift.wrapping if shown else None,
        changes=gift.changes,
    )


def _to_giver(
    gift: Gift, kind: MessageKind, at: int, params: MessageParams = MessageParams(), *, named: str | None = None
) -> Message:
    return Message(
        message_id=_derive_id(kind, gift.gift_id, *([] if named is None else [named])),
        user_id=gift.giver_id,
        kind=kind,
        gift_id=gift.gift_id,
        created_at=at,
        params=params,
        named_user_id=named,
    )
