"""Writing into the table what the clock already made true, and what is due besides: the sweep.

It and the stream (`restoring`) may each run late, twice, at the same time as the other, or not at all. `gifts.give_back`
decides from the gift, so all of that comes to the same; what one of them misses, the next sweep finds in the due index.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handsel.domain import errors
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import GiftAction, GiftState
from handsel.store import gifts, keys, orders, refunds
from handsel.store.gifts import GivenBack
from handsel.store.table import Table
from handsel.use_cases.purchases import settle_payment
from handsel.use_cases.refunding import settle_refund
from handsel.use_cases.reminding import remind


class Due(StrEnum):
    """What there is to settle, in this order."""

    GIFT = "gift"
    ORDER = "order"
    REFUND = "refund"
    REMINDER = "reminder"


_PARTITIONS: Mapping[Due, Callable[[int], str]] = {
    Due.GIFT: keys.windows,
    Due.ORDER: keys.pending,
    Due.REFUND: keys.refunds,
    Due.REMINDER: keys.reminders,
}


@dataclass(slots=True)
class SweepReport:
    """What one sweep did. `failed` are ids of what it could not settle; the next one tries again."""

    returned: int = 0
    paid: int = 0
    declined: int = 0
    refunded: int = 0
    reminded: int = 0
    failed: list[str] = field(default_factory=list)
    finished: bool = True


def sweep(
    table: Table,
    provider: PaymentProvider,
    *,
    window_ms: int,
    clock: Callable[[], int],
    deadline: int,
    on_failure: Callable[[str, Exception], None],
    entries: Iterable[tuple[Due, str]] | None = None,
) -> SweepReport:
    """Settles everything that is due, one by one, until `deadline` (milliseconds since the epoch).

    One that cannot be settled is reported and passed over: it must not hold up the others.

    Args:
        entries: what to look at, by id; without them all that the due index has.
    """
    report = SweepReport()

    def settle_gift(gift_id: str) -> None:
        report.returned += _return_due_gift(table, gift_id, clock=clock)

    def settle_order(order_id: str) -> None:
        _settle_pending(table, provider, order_id, report, window_ms=window_ms, now=clock())

    def settle_repayment(refund_id: str) -> None:
        report.refunded += _settle_pending_refund(table, provider, refund_id)

    def send_reminder(gift_id: str) -> None:
        report.reminded += remind(table, gift_id, now=clock())

    settle: Mapping[Due, Callable[[str], None]] = {
        Due.GIFT: settle_gift,
        Due.ORDER: settle_order,
        Due.REFUND: settle_repayment,
        Due.REMINDER: send_reminder,
    }
    for kind, item_id in due(table, clock) if entries is None else entries:
        if clock() >= deadline:
            report.finished = False
            return report
        try:
            settle[kind](item_id)
        except Exception as error:  # noqa: BLE001 - one broken item must not hold up the others
            report.failed.append(item_id)
            on_failure(item_id, error)
    return report


def due(table: Table, clock: Callable[[], int]) -> Iterator[tuple[Due, str]]:
    """All that the due index has, a kind after the other, earliest first of each shard."""
    for kind, partition in _PARTITIONS.items():
        # A position sorts before every other entry of the next millisecond, so what is due now is included.
        until = keys.position(clock() + 1, "")
        for shard in range(keys.DUE_SHARDS):
            for sort_key in table.earliest(keys.BY_DUE, partition(shard), until=until):
                yield kind, keys.id_at(sort_key)


def _return_due_gift(table: Table, gift_id: str, *, clock: Callable[[], int]) -> bool:
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise errors.DataDamage(f"gift {gift_id} is in the due index and not there")
    if gift.state is not GiftState.OPEN:
        return False  # the index lags behind: somebody ended it since
    settled = gifts.give_back(
        table, GiftAction.EXPIRE, gift_id, gift.order_id, shares=gift.shares, remaining=gift.remaining, clock=clock
    )
    return isinstance(settled, GivenBack)


def _settle_pending(
    table: Table, provider: PaymentProvider, order_id: str, report: SweepReport, *, window_ms: int, now: int
) -> None:
    order = orders.get(table, order_id)
    if order is None:
        raise errors.DataDamage(f"order {order_id} is in the due index and not there")
    try:
        settle_payment(table, provider, order, window_ms=window_ms, now=now)
    except errors.PaymentDeclined:
        report.declined += 1
    except errors.PaymentUnknown:
        return  # the provider still does not say: it stays due
    else:
        report.paid += 1


def _settle_pending_refund(table: Table, provider: PaymentProvider, refund_id: str) -> bool:
    pending = refunds.get(table, refund_id)
    if pending is None:
        raise errors.DataDamage(f"refund {refund_id} is in the due index and not there")
    return settle_refund(table, provider, pending).status is not pending.status
