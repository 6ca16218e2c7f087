"""What follows from a change of the table: events, messages, counts, reminders, recommendations.

Each of them is decided from the record or from what is there now, and done once: records may come twice, late and in any
order. What fails fails its record, which is delivered again; what was done for it by then is found done.
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
from handsel.domain.states import OrderState
from handsel.store import changes, gifts, holdings, keys, orders, products, reminders, shipments
from handsel.store.attributes import Item
from handsel.store.changes import Change
from handsel.store.table import Table
from handsel.use_cases.inbox import user_summary
from handsel.use_cases.inbox.user_summary import Counted
from handsel.use_cases.recommendations import preference_updates

# Takes events to the bus; answers which of them, by number, did not get there.
Publish = Callable[[Sequence[Event]], set[int]]


class NotPublishedError(Exception):
    """The bus did not take an event."""


@dataclass(slots=True)
class Facts:
    """What one change means: `counted` by whose it is, `given` a gift whose recipient is to be reminded.

    `preferences_of` is the user whose preferences have to be updated, with an `interaction` or with what they viewed;
    `ranked` is a product that can be bought now, or no longer.
    """

    events: list[Event] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    counted: list[tuple[str, Counted]] = field(default_factory=list)
    given: Gift | None = None
    preferences_of: str | None = None
    interaction: Interaction | None = None
    ranked: str | None = None


@dataclass(slots=True)
class Outcome:
    """What came of a batch. `failed` has the changes that have to be delivered again, by number, and why."""

    published: int = 0
    failed: dict[int, Exception] = field(default_factory=dict)


def project(table: Table, publish: Publish, records: Sequence[Mapping[str, Any]], *, now: int) -> Outcome:
    """Does what follows from each of a batch of stream records; those of one user are booked together."""
    outcome, meant = Outcome(), dict[int, Facts]()

    def attempt(numbers: Sequence[int], act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - one record that cannot be followed must not hold up the others
            outcome.failed |= dict.fromkeys(numbers, error)

    def understand(number: int) -> None:
        meant[number] = facts_of(changes.from_record(records[number]))

    for number in range(len(records)):
        attempt([number], partial(understand, number))
    outcome.published = _publish(publish, meant, outcome)
    for user_id, (numbers, told, counted) in _by_user(meant).items():
        attempt(numbers, partial(user_summary.keep, table, user_id, told, counted, now=now))
    for number, facts in meant.items():
        attempt([number], partial(reminders.set_first, table, facts.given))
    for product_id, numbers in _group({number: facts.ranked for number, facts in meant.items()}).items():
        attempt(numbers, partial(preference_updates.update_ranking, table, product_id))
    for user_id, numbers in _group({number: facts.preferences_of for number, facts in meant.items()}).items():
        interactions = [each for number in numbers if (each := meant[number].interaction)]
        attempt(numbers, partial(preference_updates.update_preferences, table, user_id, interactions, now=now))
    return outcome


def _group(named: Mapping[int, str | None]) -> Mapping[str, list[int]]:
    """Return the numbers of the changes by name, without those that have none."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, name in named.items():
        if name is not None:
            numbers[name].append(number)
    return numbers


def _publish(publish: Publish, meant: Mapping[int, Facts], outcome: Outcome) -> int:
    queued = [(number, event) for number, facts in meant.items() for event in facts.events]
    try:
        lost = publish([event for _, event in queued])
    except Exception as error:  # noqa: BLE001 - the bus is away: all of them have to come again
        outcome.failed |= dict.fromkeys((number for number, _ in queued), error)
        return 0
    outcome.failed |= {queued[position][0]: NotPublishedError() for position in lost}
    return len(queued) - len(lost)


def _by_user(meant: Mapping[int, Facts]) -> Mapping[str, tuple[list[int], list[Message], list[Counted]]]:
    users: dict[str, tuple[list[int], list[Message], list[Counted]]] = defaultdict(lambda: ([], [], []))
    for number, facts in meant.items():
        for message in facts.messages:
            users[message.user_id][0].append(number)
            users[message.user_id][1].append(message)
        for user_id, counted in facts.counted:
            users[user_id][0].append(number)
            users[user_id][2].append(counted)
    return users


def facts_of(change: Change) -> Facts:
    """What a change means. Of an item that nothing follows from, nothing."""
    if change.key.sk.startswith("TAGGED#"):
        return _of_tag(change)
    of = _MEANINGS.get(change.key.sk.partition("#")[0])
    return Facts() if of is None or change.after is None else of(change, change.after)


def _of_order(change: Change, item: Item) -> Facts:
    before, after = orders.from_item(change.before) if change.before else None, orders.from_item(item)
    counted = [(after.buyer_id, user_summary.an_order(after.order_id))]
    facts = Facts(events=list(events.derive_order_events(before, after, at=change.at)), counted=counted)
    if after.state is OrderState.PAID and (before is None or before.state is not OrderState.PAID):
        product, at = after.product, after.payment.paid_at or after.created_at
        facts.preferences_of = after.buyer_id
        facts.interaction = Interaction(InteractionType.BOUGHT, product.product_id, product.store_id, at)
    return facts


def _of_gift(change: Change, item: Item) -> Facts:
    before, after = gifts.from_item(change.before) if change.before else None, gifts.from_item(item)
    return Facts(
        events=list(events.derive_gift_events(before, after)),
        messages=list(messages.derive_gift_messages(before, after)),
        counted=[(after.giver_id, user_summary.an_order(after.order_id))],
        given=after if before is None else None,
    )


def _of_holding(change: Change, item: Item) -> Facts:
    before, after = holdings.from_item(change.before) if change.before else None, holdings.from_item(item)
    is_voucher = after.product.kind is Kind.VOUCHER
    counted = [(after.holder_id, user_summary.a_voucher(after))] if is_voucher else []
    return Facts(events=list(events.derive_holding_events(before, after)), counted=counted)


def _of_shipment(change: Change, item: Item) -> Facts:
    before, after = shipments.from_item(change.before) if change.before else None, shipments.from_item(item)
    return Facts(
        events=list(events.derive_shipment_events(before, after)),
        messages=list(messages.derive_shipment_messages(before, after)),
        counted=[(after.holder_id, user_summary.a_shipment(after))],
    )


def _of_regift_request(_: Change, item: Item) -> Facts:
    return Facts(
        messages=[messages.build_regift_request(item["gift_id"], item["giver_id"], item["user_id"], at=item["at"])]
    )


def _of_tag(change: Change) -> Facts:
    """Tagged or untagged: its present state is read."""
    item = change.after or change.before or {}
    interaction = Interaction(InteractionType.TAGGED, item["product_id"], item["store_id"], item["at"])
    return Facts(preferences_of=keys.parse_user_id(change.key), interaction=interaction)


def _of_preferences(change: Change, _: Item) -> Facts:
    return Facts(preferences_of=keys.parse_user_id(change.key))


def _of_product(change: Change, item: Item) -> Facts:
    before = change.before is not None and products.is_in_stock(change.before)
    return Facts(ranked=item["product_id"] if products.is_in_stock(item) is not before else None)


_MEANINGS: Mapping[str, Callable[[Change, Item], Facts]] = {
    "ORDER": _of_order,
    "GIFT": _of_gift,
    "HOLDING": _of_holding,
    "SHIPMENT": _of_shipment,
    "REGIFT_REQUEST": _of_regift_request,
    "PREFERENCES": _of_preferences,
    "PRODUCT": _of_product,
}
