"""Sum the money of all orders by currency: what was charged, and where it is now."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from handsel.domain import errors, policy
from handsel.domain.models import Holding, Kind, Order
from handsel.domain.states import RefundStatus, ShipmentStatus, VoucherState
from ops.audit.audit_index import AuditIndex


@dataclass(slots=True)
class MoneySums:
    """Amounts in minor units of one currency. What was charged is the sum of the others.

    Attributes:
        charged: by the payment provider, for paid orders and for cancelled ones.
        held: for units that are available, in a gift, or with a holder who has not redeemed or received them.
        redeemed: for redeemed vouchers and delivered parcels.
        repaid: to payers.
        being_repaid: of refunds that the provider has not confirmed yet.
        manual: of refunds that the provider refused for good, which an operator repays.
        forfeited: for expired vouchers under a policy by which nobody is repaid.
    """

    charged: int = 0
    held: int = 0
    redeemed: int = 0
    repaid: int = 0
    being_repaid: int = 0
    manual: int = 0
    forfeited: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the amounts by name, in the order above."""
        return asdict(self)


def sum_money(index: AuditIndex, *, now: int) -> dict[str, MoneySums]:
    """Return the sums by currency.

    The part of the total that each unit of an order is worth is that of `Order.repayment`: refunded units come first, then
    redeemed, forfeited and held ones. So the sums are exact, whatever the total.

    Args:
        index: all items. If units moved while they were read, their money may be in two sums, or in none.
        now: the time in milliseconds.
    """
    sums: dict[str, MoneySums] = defaultdict(MoneySums)
    redeemed, forfeited = _count_units(index, now=now)
    for order in index.orders.values():
        if order.payment.reference is None:
            continue
        total, found = order.payment.total, sums[order.payment.total.currency]
        spent = order.refunded + redeemed.get(order.order_id, 0)
        lost = spent + forfeited.get(order.order_id, 0)
        worth = [total.amount * units // order.quantity for units in (order.refunded, spent, lost)]
        found.charged += total.amount
        found.redeemed += worth[1] - worth[0]
        found.forfeited += worth[2] - worth[1]
        found.held += total.amount - worth[2]
    for refund in index.refunds.values():
        found = sums[refund.total.currency]
        match refund.status:
            case RefundStatus.REFUNDED:
                found.repaid += refund.total.amount
            case RefundStatus.PENDING:
                found.being_repaid += refund.total.amount
            case RefundStatus.MANUAL:
                found.manual += refund.total.amount
    return dict(sorted(sums.items()))


def _count_units(index: AuditIndex, *, now: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return the redeemed or delivered units, and the forfeited ones, by order."""
    redeemed, forfeited = defaultdict[str, int](int), defaultdict[str, int](int)
    for holding in index.holdings.values():
        state = holding.state_at(now)
        if state is VoucherState.REDEEMED or (state is not VoucherState.REFUNDED and _is_delivered(index, holding)):
            redeemed[holding.order_id] += holding.quantity
        elif state is VoucherState.EXPIRED and holding.expired_at is None:
            order = index.orders.get(holding.order_id)
            if order is not None and _is_forfeited(order):
                forfeited[holding.order_id] += holding.quantity
    return redeemed, forfeited


def _is_delivered(index: AuditIndex, holding: Holding) -> bool:
    shipment = index.shipments.get(holding.shipment_id or "")
    return holding.product.kind is Kind.PARCEL and shipment is not None and shipment.status is ShipmentStatus.DELIVERED


def _is_forfeited(order: Order) -> bool:
    try:
        return not policy.find(order.policy).repays_vouchers
    except errors.DataIntegrityError:
        return False
