"""Rebuild the counters and messages of a user from the orders, gifts and holdings.

Missing tallies and messages are written the way the projector writes them. Then the summary is computed from the tallies
and written under its version. Each writer of a tally writes the summary too, so an unchanged version proves that no
tally changed in between.
"""

from collections.abc import Iterator

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
from ops.audit.relations import compute_summaries, expected_messages, find_issues, find_stale_ids, is_past
from ops.scan import WholeTable

# Each attempt after the first means that another process wrote the counters of the same user in between.
_MAX_ATTEMPTS = 20
FIXED_BY_RECOUNT: tuple[IssueType | ViolationType, ...] = (
    IssueType.COUNT_DIFFERS,
    IssueType.MESSAGE_MISSING,
    IssueType.MESSAGE_STALE,
)


def find_differences(table: WholeTable, user_id: str, *, now: int) -> list[Finding]:
    """Return the findings about the counters and messages of a user."""
    index = _read_user(table, user_id)
    group = f"USER#{user_id}"
    found = find_issues(index, now=now, grace_ms=0)
    return [each for each in found if each.group == group and each.type in FIXED_BY_RECOUNT]


def recount(table: WholeTable, user_id: str, *, now: int) -> None:
    """Write the missing messages and tallies of a user, replace stale messages, and correct the summary. Idempotent.

    Raises:
        ServiceUnavailable: other processes kept writing the summary.
    """
    index = _read_user(table, user_id)
    missing = list(_missing_messages(table, index, user_id))
    user_summary.apply(table, user_id, missing, _counted(table, index, user_id, now=now), now=now)

    def attempt() -> None:
        before = summaries.get(table, user_id)
        wanted = compute_summaries(_read_user(table, user_id)).get(user_id, Summary()).without_expired(now)
        if (wanted.counters, wanted.open_gifts) != (before.counters, before.open_gifts):
            summaries.save(table, user_id, before, wanted, [])

    retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _read_user(table: WholeTable, user_id: str) -> AuditIndex:
    return read_groups(table, [f"USER#{user_id}"], AuditIndex())


def _counted(table: WholeTable, index: AuditIndex, user_id: str, *, now: int) -> Iterator[CountedItem]:
    for order in index.orders.values():
        if order.buyer_id == user_id:
            yield CountedItem.from_order(order.order_id)
    for shipment in index.shipments.values():
        if shipment.holder_id == user_id:
            yield CountedItem.from_shipment(shipment.shipment_id)
    held = [each for each in index.holdings.values() if each.holder_id == user_id and each.product.kind is Kind.VOUCHER]
    for voucher in holdings.get_many(table, [each.holding_id for each in held]).values():
        if not is_past(voucher, now=now):
            yield from CountedItem.list_from_voucher(voucher)


def _missing_messages(table: WholeTable, index: AuditIndex, user_id: str) -> Iterator[Message]:
    existing = index.messages.get(user_id, set())
    incomplete = [
        gift.gift_id
        for gift in index.gifts.values()
        if any(
            each.user_id == user_id and (each.message_id not in existing or find_stale_ids(index, each))
            for each in expected_messages(gift)
        )
    ]
    # The index drops names, and messages have them: read the gifts.
    for gift in gifts.get_many(table, incomplete):
        yield from (message for message in expected_messages(gift) if message.user_id == user_id)
    for request in index.regift_requests:
        message = messages.build_regift_request(request.gift_id, request.giver_id, request.user_id, at=request.at)
        if message.user_id == user_id and message.message_id not in existing:
            yield message
