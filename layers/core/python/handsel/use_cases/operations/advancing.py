"""Advance the test clock of a stack, through time instead of over it.

One call goes to the next instant at which something is due, settles it there, as a sweep each minute would, and ends. So
what follows from it by the stream (reminders of a new gift, for example) exists before the next call goes on. Nothing becomes
due by the stream after the timers of vouchers and refunds, of which a year has many: a call goes on after these.

| process dies                        | state left behind                            | completed by                             |
|-------------------------------------|----------------------------------------------|------------------------------------------|
| before the clock is written         | the earlier time; due entries may be settled | the next call, or the sweep              |
| after it, before all due is settled | the new time, due entries                    | the next call, which settles them first  |
| after that                          | the new time, nothing due                    | `GET /test/clock` shows the time         |

If the response is lost, `GET /test/clock` shows whether the clock moved. A call that runs twice advances the clock twice.
Two calls at once: each write names the offset that its process has read, so the other call reads again and adds its seconds
to the new time. Both advance the clock, one after the other.
"""

from collections.abc import Callable, Iterable

from handsel.domain import errors
from handsel.domain.identities import NO_IDENTITIES, IdentityProvider
from handsel.domain.models import Export
from handsel.domain.payments import PaymentProvider
from handsel.store import test_clock
from handsel.store.orders import SETTLE_AFTER_MS
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.operations.settling import DueType, Entry, SweepReport, list_due_until, sweep
from handsel.use_cases.orders.purchases import PAYMENT_WINDOW_MS

# Sort keys of the due index have 13 digits, which last until the year 2286.
MAX_OFFSET_SECONDS = 200 * 365 * 86_400
_MINUTE_MS = 60_000
_TRIES = 20
# Settling these makes nothing due by the stream; directly, only others of these.
_WITHOUT_STREAM = (DueType.REFUND, DueType.VOUCHERS, DueType.EXTENDED)


def advance(
    table: Table,
    provider: PaymentProvider,
    seconds: int,
    *,
    clock: Callable[[], int],
    set_offset: Callable[[int], None],
    remaining_ms: Callable[[], int],
    token: str,
    on_failure: Callable[[str, Exception], None],
    identities: IdentityProvider = NO_IDENTITIES,
    write_export: Callable[[Export], None] | None = None,
) -> bool:
    """Advance the clock by at most `seconds`, and settle what is due then. Return whether that was all.

    It returns False if something is due before `seconds` have passed: repeat it with the rest. What is due at the beginning
    was left by a process that died; it is settled before the clock moves.

    Args:
        clock: the time of the stack.
        set_offset: sets the offset of `clock`.
        remaining_ms: the time left for settling.
        token: identifies the call, in at most 25 characters.
        on_failure, identities, write_export: as for `sweep`.

    Raises:
        InvalidRequest: the time would be too far ahead.
        ServiceUnavailable
    """

    def settle() -> SweepReport:
        now = clock()
        entries = [entry for due, entry in known if due <= now]
        return sweep(
            table,
            provider,
            clock=clock,
            deadline=now + remaining_ms(),
            on_failure=on_failure,
            entries=entries,
            identities=identities,
            write_export=write_export,
        )

    known = list_due_until(table, clock() + seconds * 1000)
    report = settle()
    if report.outcomes or not report.finished:
        return False
    tries = 0
    while tries < _TRIES:
        offset = test_clock.get_offset(table)
        set_offset(offset)
        if offset + seconds > MAX_OFFSET_SECONDS:
            raise errors.InvalidRequest(
                [errors.FieldError("/advance_seconds", "The clock cannot be more than 200 years ahead.")]
            )
        step = _find_step(known, seconds, now=clock())
        try:
            test_clock.advance(table, step, offset=offset, token=f"{token}-{offset}")
        except ConditionFailed:  # another call advanced it
            tries += 1
            known = list_due_until(table, clock() + seconds * 1000)
            continue
        set_offset(offset + step)
        report = settle()
        if step < seconds and report.finished and remaining_ms() > 0 and _can_go_on(known, now=clock()):
            seconds -= step
            others = [found for found in known if found[1][0] not in _WITHOUT_STREAM]
            known = others + list_due_until(table, clock() + seconds * 1000, _WITHOUT_STREAM)
            continue
        while step == seconds and report.finished and report.outcomes:
            # Settling may have made something else due, such as a refund.
            known = list_due_until(table, clock())
            report = settle()
        return report.finished and step == seconds
    raise errors.ServiceUnavailable


def _can_go_on(known: Iterable[tuple[int, Entry]], *, now: int) -> bool:
    """Return whether nothing follows by the stream from what is due."""
    return all(entry[0] in _WITHOUT_STREAM for due, entry in known if due <= now)


def _find_step(known: Iterable[tuple[int, Entry]], seconds: int, *, now: int) -> int:
    """Return the seconds until the next minute in which an entry may be settled, at most `seconds`."""
    instants = (at for due, entry in known for at in _list_instants(due, entry))
    return min([seconds, *(_seconds_until(at, now) for at in instants if at > now)])


def _list_instants(due: int, entry: Entry) -> tuple[int, ...]:
    """Return the times at which a sweep may settle an entry. A payment without an outcome is due until the order expires."""
    if entry[0] is DueType.ORDER:
        return due, due - SETTLE_AFTER_MS + PAYMENT_WINDOW_MS
    return (due,)


def _seconds_until(at: int, now: int) -> int:
    """Return the seconds, rounded up, until the minute after a time."""
    minute = -(-at // _MINUTE_MS) * _MINUTE_MS
    return -(-(minute - now) // 1000)
