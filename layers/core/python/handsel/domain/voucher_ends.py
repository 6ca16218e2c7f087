"""The end of a voucher's validity: when its holder is reminded of it, and which units it refunds."""

from collections.abc import Sequence

from handsel.domain.models import Order
from handsel.domain.policy import Policy
from handsel.domain.states import VALIDITY_OVER, OrderState

_DAY_MS = 86_400_000


def is_repaid(order: Order, *, now: int) -> bool:
    """Return whether the clock has refunded the units of an order that became no vouchers: their validity has ended.

    A unit of a gift is not refunded before the gift has ended, which it has by then at the latest.
    """
    if order.state is not OrderState.PAID or not VALIDITY_OVER.holds(order.valid_until, now=now):
        return False
    from handsel.domain import policy  # imported here, because few orders are that old

    return policy.find(order.policy).repays_vouchers


def list_reminder_times(valid_until: int, policy: Policy, *, since: int) -> list[int]:
    """Return the times at which a holder is reminded of the end of a voucher, earliest first.

    Args:
        since: the time from which on it is valid until then. A validity that is not longer than a time of the policy has
            no reminder then.
    """
    times = (valid_until - days * _DAY_MS for days in policy.voucher_reminder_days)
    return [at for at in times if at > since]


def find_next_time(valid_until: int, reminders: Sequence[int], *, after: int) -> int:
    """Return the next time at which a timer of vouchers is due: a reminder, or else the end of their validity."""
    return next((at for at in reminders if at > after), valid_until)
