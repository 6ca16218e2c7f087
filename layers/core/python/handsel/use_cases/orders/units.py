"""Take available units of an order, after the order's expired gifts have released theirs."""

from collections.abc import Callable
from typing import TypeVar

from handsel.domain import errors
from handsel.domain.models import Order
from handsel.domain.rules import find_expired_reservations
from handsel.domain.states import GiftAction, GiftState
from handsel.store import gifts, orders
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

T = TypeVar("T")

# Each attempt after the first follows a concurrent call that took units of the same order.
_MAX_ATTEMPTS = 60


def take_units(table: Table, order: Order, quantity: int, *, now: int, take: Callable[[], T]) -> T:
    """Call `take`, which moves available units of an order. If there are too few, settle the order's due gifts first.

    Args:
        order: the order as it was read.
        quantity: the number of units that `take` moves.
        take: raises ConditionFailed if the order has too few available units.

    Returns:
        The result of `take`.

    Raises:
        UnitsNotAvailable: the order and its due gifts have too few units.
        ServiceUnavailable
    """
    _settle_due_gifts(table, order, quantity, now=now)

    def attempt() -> T:
        try:
            return take()
        except ConditionFailed as failure:
            # Another call may have taken available units since the order was read, while other gifts became due.
            current = orders.get(table, order.order_id)
            if current is None or not _settle_due_gifts(table, current, quantity, now=now):
                raise errors.UnitsNotAvailable from failure
            raise

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def _settle_due_gifts(table: Table, order: Order, quantity: int, *, now: int) -> bool:
    """Settle an order's due gifts if it has too few available units. Return whether it may have enough now."""
    if order.available >= quantity:
        return True
    settled = False
    # Fully claimed gifts keep their reservation: one read of all due gifts costs less than an attempt for each.
    for gift in gifts.get_many(table, list(find_expired_reservations(order, now=now))):
        if gift.state is not GiftState.CLAIMED:
            gifts.end_gift(table, GiftAction.EXPIRE, gift, clock=lambda: now)
            settled = True
    return settled
