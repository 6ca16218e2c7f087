"""The counts and messages of an account, made again from its orders, gifts and holdings.

What is missing of them is booked as the projector would have, then the sums are compared with the tallies and written
under the summary's version: whoever writes a tally writes the summary too, so nobody did since they were read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from handsel.domain import messages
from handsel.domain.invariants import ViolationType
from handsel.domain.messages import Message
from handsel.domain.models import Kind
from handsel.domain.summary import Summary
from handsel.store import gifts, holdings, summaries
from handsel.store.retries import retry_on_conflict
from handsel.use_cases.inbox import user_summary
from handsel.use_cases.inbox.user_summary import CountedItem
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, IssueType
from ops.audit.related_items import read_groups
from ops.audit.relations import findings, is_past, sums, told_of
from ops.scan import WholeTable

# Each attempt after the first follows a concurrent write to the same user's summary.
_MAX_ATTEMPTS = 20
FIXED_BY_RECOUNT: tuple[IssueType | ViolationType, ...] = (IssueType.COUNT_DIFFERS, IssueType.MESSAGE_MISSING)


@dataclass(frozen=True, slots=True)
class Recount:
    """What is wrong with an account's counts and messages."""

    user_id: str
    wrong: list[Finding]


def differences(table: WholeTable, user_id: str, *, now: int) -> Recount:
    index = _facts(table, user_id)
    group = f"USER#{user_id}"
    found = findings(index, now=now, grace_ms=0)
    return Recount(user_id, [each for each in found if each.group == group and each.sort in FIXED_BY_RECOUNT])


def recount(table: WholeTable, user_id: str, *, now: int) -> None:
    """Tells what was not told, counts what was not counted, and makes the sums right. Again is the same.

    Raises:
        ServiceUnavailable
    """
    index = _facts(table, user_id)
    missing = list(_missing(table, index, user_id))
    user_summary.apply(table, user_id, missing, _counted(table, index, user_id, now=now), now=now)

    def attempt() -> None:
        before = summaries.get(table, user_id)
        wanted = sums(_facts(table, user_id)).get(user_id, Summary()).without_past(now)
        if (wanted.parts, wanted.waiting) != (before.parts, before.waiting):
            summaries.change(table, user_id, before, wanted, [])

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _facts(table: WholeTable, user_id: str) -> AuditIndex:
    return read_groups(table, [f"USER#{user_id}"], AuditIndex())


def _counted(table: WholeTable, index: AuditIndex, user_id: str, *, now: int) -> Iterator[CountedItem]:
    for order in index.orders.values():
        if order.buyer_id == user_id:
            yield CountedItem.from_order(order.order_id)
    for sent in index.shipments.values():
        if sent.holder_id == user_id:
            yield CountedItem.from_shipment(sent.shipment_id)
    held = [each for each in index.holdings.values() if each.holder_id == user_id and each.product.kind is Kind.VOUCHER]
    for voucher in holdings.get_many(table, [each.holding_id for each in held]).values():
        if not is_past(voucher, now=now):
            yield CountedItem.from_voucher(voucher)


def _missing(table: WholeTable, index: AuditIndex, user_id: str) -> Iterator[Message]:
    told = index.messages.get(user_id, set())
    untold = [
        gift.gift_id
        for gift in index.gifts.values()
        if any(message.user_id == user_id and message.message_id not in told for message in told_of(gift))
    ]
    # The facts have no names; the gifts have those that messages carry.
    for gift in gifts.get_many(table, untold):
        yield from (message for message in told_of(gift) if message.user_id == user_id)
    for asked in index.asked:
        message = messages.asked_again(asked.gift_id, asked.giver_id, asked.user_id, at=asked.at)
        if message.user_id == user_id and message.message_id not in told:
            yield message
