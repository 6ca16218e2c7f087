"""Project stream records: derive domain events, messages, counters, reminders and recommendations from changed items.

Records may come twice, late and in any order. Each effect is decided from the record or from the present state, so
repeating it changes nothing. If an effect fails, its record fails and is delivered again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from handsel.domain import events, messages
from handsel.domain.events import Event
from handsel.domain.messages import Message
from handsel.domain.models import Gift, Kind
from handsel.domain.recommendations import Interaction, InteractionType
from handsel.domain.states import OrderState, RefundStatus
from handsel.store import gifts, holdings, keys, orders, products, reminders, shipments
from handsel.store.attributes import Item
from handsel.store.changes import Change
from handsel.store.table import Table
from handsel.use_cases.inbox import user_summary
from handsel.use_cases.inbox.user_summary import CountedItem
from handsel.use_cases.recommendations import preference_updates

# Publish events on the bus; return the indexes of those that the bus did not accept.
Publish = Callable[[Sequence[Event]], set[int]]


class NotPublishedError(Exception):
    """The bus did not accept an event."""


@dataclass(slots=True)
class ChangeEffects:
    """The effects of one change.

    Attributes:
        events: domain events to publish.
        messages: messages to store.
        counted: items to count, each with the user whose summary counts it.
        new_gift: a gift whose recipient has to be reminded.
        extended_gift: the id of a gift whose reminders change with the end of its claim window.
        preferences_of: a user whose preferences have to be updated, with `interaction` or with viewed products.
        interaction: a purchase or a tag.
        ranked: a product that became available or unavailable.
        is_refused: whether the provider permanently refused a refund.
    """

    events: list[Event] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    counted: list[tuple[str, CountedItem]] = field(default_factory=list)
    new_gift: Gift | None = None
    extended_gift: str | None = None
    preferences_of: str | None = None
    interaction: Interaction | None = None
    ranked: str | None = None
    is_refused: bool = False


@dataclass(slots=True)
class Outcome:
    """The outcome of a batch.

    Attributes:
        published: the number of published events.
        refused: the number of refunds that the provider permanently refused.
        failed: the error of each record that has to be delivered again, by its index.
    """

    published: int = 0
    refused: int = 0
    failed: dict[int, Exception] = field(default_factory=dict)


def project(
    table: Table, publish: Publish, records: Sequence[Mapping[str, Any]], *, now: int, offset_ms: int = 0
) -> Outcome:
    """Apply the effects of a batch of stream records. Effects on the same user or product are applied together.

    Args:
        now: the time of the stack, in milliseconds since the epoch.
        offset_ms: by how many milliseconds that is ahead of the stream's time.
    """
    outcome, effects = Outcome(), dict[int, ChangeEffects]()

    def attempt(numbers: Sequence[int], act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - one record that fails must not block the others
            outcome.failed |= dict.fromkeys(numbers, error)

    def derive(number: int) -> None:
        effects[number] = derive_effects(Change(records[number], offset_ms=offset_ms))

    for number in range(len(records)):
        attempt([number], partial(derive, number))
    outcome.published = _publish(publish, effects, outcome)
    outcome.refused = sum(each.is_refused for each in effects.values())
    for user_id, (numbers, new, counted) in _group_by_user(effects).items():
        attempt(numbers, partial(user_summary.apply, table, user_id, new, counted, now=now))
    for number, each in effects.items():
        attempt([number], partial(reminders.set_first, table, each.new_gift))
        if each.extended_gift is not None:
            attempt([number], partial(_reschedule_reminders, table, each.extended_gift, now=now))
    for product_id, numbers in _group({number: each.ranked for number, each in effects.items()}).items():
        attempt(numbers, partial(preference_updates.update_ranking, table, product_id))
    for user_id, numbers in _group({number: each.preferences_of for number, each in effects.items()}).items():
        interactions = [found for number in numbers if (found := effects[number].interaction)]
        attempt(numbers, partial(preference_updates.update_preferences, table, user_id, interactions, now=now))
    return outcome


def _reschedule_reminders(table: Table, gift_id: str, *, now: int) -> None:
    """Schedule the next reminder of a gift as it is now, because the record may be late."""
    gift = gifts.get(table, gift_id)
    if gift is not None and not gift.state.is_final:
        reminders.reschedule(table, gift, now=now)


def _group(names: Mapping[int, str | None]) -> Mapping[str, list[int]]:
    """Return the numbers of the changes by name, without those that have none."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, name in names.items():
        if name is not None:
            numbers[name].append(number)
    return numbers


def _publish(publish: Publish, effects: Mapping[int, ChangeEffects], outcome: Outcome) -> int:
    """Publish the events, and return how many the bus accepted. The others fail their records."""
    queued = [(number, event) for number, each in effects.items() for event in each.events]
    try:
        lost = publish([event for _, event in queued])
    except Exception as error:  # noqa: BLE001 - the bus is unavailable: all records with events have to come again
        outcome.failed |= dict.fromkeys((number for number, _ in queued), error)
        return 0
    outcome.failed |= {queued[position][0]: NotPublishedError() for position in lost}
    return len(queued) - len(lost)


def _group_by_user(
    effects: Mapping[int, ChangeEffects],
) -> Mapping[str, tuple[list[int], list[Message], list[CountedItem]]]:
    """Return, by user, the numbers of the changes, the new messages and the items to count."""
    users: dict[str, tuple[list[int], list[Message], list[CountedItem]]] = defaultdict(lambda: ([], [], []))
    for number, each in effects.items():
        for message in each.messages:
            users[message.user_id][0].append(number)
            users[message.user_id][1].append(message)
        for user_id, counted in each.counted:
            users[user_id][0].append(number)
            users[user_id][2].append(counted)
    return users


def derive_effects(change: Change) -> ChangeEffects:
    """Return the effects of a change; of an item without effects, empty ones."""
    if change.key.sk.startswith("TAGGED#"):
        return _tag_effects(change)
    derive = _DERIVE.get(change.key.sk.partition("#")[0])
    return ChangeEffects() if derive is None or change.after is None else derive(change, change.after)


def _order_effects(change: Change, item: Item) -> ChangeEffects:
    before, after = orders.from_item(change.before) if change.before else None, orders.from_item(item)
    counted = [(after.buyer_id, CountedItem.from_order(after.order_id))]
    effects = ChangeEffects(events=list(events.derive_order_events(before, after, at=change.at)), counted=counted)
    if after.state is OrderState.PAID and (before is None or before.state is not OrderState.PAID):
        product, at = after.product, after.payment.paid_at or after.created_at
        effects.preferences_of = after.buyer_id
        effects.interaction = Interaction(InteractionType.BOUGHT, product.product_id, product.store_id, at)
    return effects


def _gift_effects(change: Change, item: Item) -> ChangeEffects:
    before, after = gifts.from_item(change.before) if change.before else None, gifts.from_item(item)
    return ChangeEffects(
        events=list(events.derive_gift_events(before, after, at=change.at)),
        messages=list(messages.derive_gift_messages(before, after)),
        counted=[(after.giver_id, CountedItem.from_order(after.order_id))],
        new_gift=after if before is None or after.changes > before.changes else None,
        extended_gift=after.gift_id if before is not None and after.expires_at > before.expires_at else None,
    )


def _holding_effects(change: Change, item: Item) -> ChangeEffects:
    before, after = holdings.from_item(change.before) if change.before else None, holdings.from_item(item)
    is_voucher = after.product.kind is Kind.VOUCHER
    counted = [(after.holder_id, each) for each in CountedItem.list_from_voucher(after)] if is_voucher else []
    return ChangeEffects(
        events=list(events.derive_holding_events(before, after)),
        messages=list(messages.derive_holding_messages(before, after)),
        counted=counted,
    )


def _shipment_effects(change: Change, item: Item) -> ChangeEffects:
    before, after = shipments.from_item(change.before) if change.before else None, shipments.from_item(item)
    return ChangeEffects(
        events=list(events.derive_shipment_events(before, after)),
        messages=list(messages.derive_shipment_messages(before, after)),
        counted=[(after.holder_id, CountedItem.from_shipment(after.shipment_id))],
    )


def _refund_request_effects(change: Change, item: Item) -> ChangeEffects:
    from handsel.store import refund_requests  # imported here, because few changes are about a refund

    before = refund_requests.from_item(change.before) if change.before else None
    after = refund_requests.from_item(item)
    return ChangeEffects(
        events=list(events.derive_refund_request_events(before, after, at=change.at)),
        messages=list(messages.derive_refund_request_messages(before, after, at=change.at)),
    )


def _refund_effects(change: Change, item: Item) -> ChangeEffects:
    from handsel.store import refunds  # imported here, because few changes are about a refund

    before, after = refunds.from_item(change.before) if change.before else None, refunds.from_item(item)
    is_refused = after.status is RefundStatus.MANUAL and (before is None or before.status is not after.status)
    found = messages.derive_refund_messages(before, after, at=change.at)
    return ChangeEffects(messages=list(found), is_refused=is_refused)


def _regift_request_effects(_: Change, item: Item) -> ChangeEffects:
    message = messages.build_regift_request(item["gift_id"], item["giver_id"], item["user_id"], at=item["at"])
    return ChangeEffects(messages=[message])


def _tag_effects(change: Change) -> ChangeEffects:
    """Return the effects of tagging or untagging; the update reads the present state of the tag."""
    item = change.after or change.before or {}
    interaction = Interaction(InteractionType.TAGGED, item["product_id"], item["store_id"], item["at"])
    return ChangeEffects(preferences_of=keys.parse_user_id(change.key), interaction=interaction)


def _preferences_effects(change: Change, _: Item) -> ChangeEffects:
    return ChangeEffects(preferences_of=keys.parse_user_id(change.key))


def _product_effects(change: Change, item: Item) -> ChangeEffects:
    was_available = change.before is not None and products.is_in_stock(change.before)
    return ChangeEffects(ranked=item["product_id"] if products.is_in_stock(item) is not was_available else None)


_DERIVE: Mapping[str, Callable[[Change, Item], ChangeEffects]] = {
    "ORDER": _order_effects,
    "GIFT": _gift_effects,
    "HOLDING": _holding_effects,
    "SHIPMENT": _shipment_effects,
    "REFUND_REQUEST": _refund_request_effects,
    "REFUND": _refund_effects,
    "REGIFT_REQUEST": _regift_request_effects,
    "PREFERENCES": _preferences_effects,
    "PRODUCT": _product_effects,
}
