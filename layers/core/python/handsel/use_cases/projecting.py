"""What follows from a change of the table: events, messages, counts, reminders.

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
from handsel.store import changes, gifts, holdings, orders, reminders, shipments
from handsel.store.attributes import Item
from handsel.store.changes import Change
from handsel.store.table import Table
from handsel.use_cases import bookkeeping
from handsel.use_cases.bookkeeping import Counted

# Takes events to the bus; answers which of them, by number, did not get there.
Publish = Callable[[Sequence[Event]], set[int]]


class NotPublishedError(Exception):
    """The bus did not take an event."""


@dataclass(slots=True)
class Facts:
    """What one change means: `counted` by whose it is, `given` a gift whose recipient is to be reminded."""

    events: list[Event] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    counted: list[tuple[str, Counted]] = field(default_factory=list)
    given: Gift | None = None


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
        meant[number] = facts_of(changes.change(records[number]))

    for number in range(len(records)):
        attempt([number], partial(understand, number))
    outcome.published = _publish(publish, meant, outcome)
    for user_id, (numbers, told, counted) in _by_user(meant).items():
        attempt(numbers, partial(bookkeeping.keep, table, user_id, told, counted, now=now))
    for number, facts in meant.items():
        attempt([number], partial(reminders.set_first, table, facts.given))
    return outcome


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
    of = _MEANINGS.get(change.key.sk.partition("#")[0])
    return Facts() if of is None or change.after is None else of(change, change.after)


def _of_order(change: Change, item: Item) -> Facts:
    before, after = orders.from_item(change.before) if change.before else None, orders.from_item(item)
    counted = [(after.buyer_id, bookkeeping.an_order(after.order_id))]
    return Facts(events=list(events.of_order(before, after, at=change.at)), counted=counted)


def _of_gift(change: Change, item: Item) -> Facts:
    before, after = gifts.from_item(change.before) if change.before else None, gifts.from_item(item)
    return Facts(
        events=list(events.of_gift(before, after)),
        messages=list(messages.of_gift(before, after)),
        counted=[(after.giver_id, bookkeeping.an_order(after.order_id))],
        given=after if before is None else None,
    )


def _of_holding(change: Change, item: Item) -> Facts:
    before, after = holdings.from_item(change.before) if change.before else None, holdings.from_item(item)
    is_voucher = after.product.kind is Kind.VOUCHER
    counted = [(after.holder_id, bookkeeping.a_voucher(after))] if is_voucher else []
    return Facts(events=list(events.of_holding(before, after)), counted=counted)


def _of_shipment(change: Change, item: Item) -> Facts:
    before, after = shipments.from_item(change.before) if change.before else None, shipments.from_item(item)
    return Facts(
        events=list(events.of_shipment(before, after, at=change.at)),
        messages=list(messages.of_shipment(before, after, at=change.at)),
        counted=[(after.holder_id, bookkeeping.a_shipment(after))],
    )


def _of_asking(_: Change, item: Item) -> Facts:
    return Facts(messages=[messages.asked_again(item["gift_id"], item["giver_id"], item["user_id"], at=item["at"])])


_MEANINGS: Mapping[str, Callable[[Change, Item], Facts]] = {
    "ORDER": _of_order,
    "GIFT": _of_gift,
    "HOLDING": _of_holding,
    "SHIPMENT": _of_shipment,
    "ASKED": _of_asking,
}
