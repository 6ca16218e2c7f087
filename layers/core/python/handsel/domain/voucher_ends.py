"""The times of a voucher's end: its validity ends at one of them, and its holder is reminded at those before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from handsel.domain.models import DAY_MS

if TYPE_CHECKING:
    from handsel.domain.policy import Policy


def list_reminder_times(valid_until: int, policy: "Policy", *, since: int) -> list[int]:
    """Return the times at which a holder is reminded of the end of a voucher, earliest first.

    Args:
        since: the time from which on it is valid until then. A validity that is not longer than a time of the policy has
            no reminder then.
    """
    times = (valid_until - days * DAY_MS for days in policy.voucher_reminder_days)
    return [at for at in times if at > since]


def find_next_time(valid_until: int, reminders: Sequence[int], *, after: int) -> int:
    """Return the next time at which a timer of vouchers is due: a reminder, or else the end of their validity."""
    return next((at for at in reminders if at > after), valid_until)
