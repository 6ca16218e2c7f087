"""Purchases: write a pending order, charge, then mark the order as paid.

The next retry or the sweep completes the call of a process that crashes in between. At `expires_at`, an order that is still
pending is cancelled; until then its buyer can cancel it (`cancelling`).

| process dies                     | state left behind       | completed by                               |
|----------------------------------|-------------------------|--------------------------------------------|
| before the pending order         | nothing                 | the same call again, from the start        |
| between pending order and charge | pending order           | the same call again, or the sweep: charges |
| between charge and paid          | pending order, a charge | the same: the provider recognises our key  |
| after paid                       | paid order              | the same call again returns it             |

A lost response is one of these cases, seen from outside. If it runs twice at once, both find the same pending order, both
ask the provider with the same key, and one of two identical updates from pending to paid commits.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from handsel.domain import errors, policy, prices
from handsel.domain.models import Gift, Money, Order, Payment, Product, compute_window_end
from handsel.domain.payments import Charge, ChargeDeclined, OutcomeUnknown, PaymentProvider
from handsel.domain.policy import Policy
from handsel.domain.rules import resolve_end
from handsel.domain.states import ORDER_MACHINE, GiftState, OrderState, PaymentAction
from handsel.domain.summary import round_up_to_minute
from handsel.store import gifts, keys, orders, products, relations, rollout
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders.cancelling import end, repay_charge, settle_cancelled

# The least time that a buyer and the provider have to settle a payment. The product is kept for the buyer meanwhile.
PAYMENT_WINDOW_MS = 30 * 60_000


def build_order(
    order_id: str, call: IdempotentRequest, product: Product, quantity: int, payment: Payment, policy: Policy
) -> Order:
    """Return a pending order, which has no units yet."""
    return Order(
        order_id=order_id,
        buyer_id=call.caller,
        state=OrderState.PENDING,
        # Each copy does without the rules of the store, which decide at the time of giving, and its place in lists.
        product=replace(product, store_excluded_categories=None, store_price_caps=None, created_at=0),
        quantity=quantity,
        available=0,
        gifted=0,
        used=0,
        refunded=0,
        reservations={},
        payment=payment,
        created_at=call.now,
        request_hash=call.request_hash,
        expires_at=round_up_to_minute(call.now + PAYMENT_WINDOW_MS),
        policy=policy.ref,
    )


def compute_total(product: Product, quantity: int, expected: Money | None) -> Money:
    """Return the total of a new order. The order is written with the price that was read here, and charged that.

    Args:
        expected: the total that the buyer saw; None if they did not say.

    Raises:
        PriceChanged: the total is not the expected one.
        InvalidRequest: the total is over the bound of its currency.
    """
    total = product.price.multiply(quantity)
    if expected not in (None, total):
        raise errors.PriceChanged(total.amount, total.currency)
    bound = prices.max_amount(total.currency)
    if total.amount > bound:
        detail = f"the total in {total.currency} is at most {bound}"
        raise errors.InvalidRequest([errors.FieldError("/quantity", detail)])
    return total


def require_seller(provider: PaymentProvider) -> None:
    """Check that new orders are accepted, before anything is stored.

    Raises:
        NoPaymentProvider
    """
    if not provider.can_sell:
        raise errors.NoPaymentProvider


def buy(
    table: Table,
    provider: PaymentProvider,
    call: IdempotentRequest,
    *,
    product_id: str,
    quantity: int,
    method: str,
    token: str,
    policy: Policy,
    expected_total: Money | None = None,
    metadata: Mapping[str, str] | None = None,
) -> tuple[Order, Product]:
    """Buy `quantity` units of a product.

    Args:
        policy: the policy that the order is bought under.
        metadata: data of the caller, which the order keeps.

    Returns:
        The order, paid; and the product as it is sold now. A replay returns the order as it is while it is pending.

    Raises:
        NotFound, NoPaymentProvider, PriceChanged, InvalidRequest, OutOfStock, IdempotencyKeyReused, PaymentDeclined,
        PaymentUnknown, OrderCancelled, ServiceUnavailable
    """
    order_id = call.derive_id("order")
    order_key = keys.order(order_id)
    read = partial(rollout.get_many, table, now=call.now)
    product, found = products.get_with(table, product_id, order_key, read=read)
    if order_key in found:
        order = orders.from_item(found[order_key])
        call.require_same_request(order.request_hash)
    if product is None:
        raise errors.NotFound
    if order_key not in found:
        require_seller(provider)
        payment = Payment(method=method, total=compute_total(product, quantity, expected_total), token=token)
        order = build_order(order_id, call, product, quantity, payment, policy)
        order = orders.create_pending(table, replace(order, metadata=metadata or {}))
        call.require_same_request(order.request_hash)
    try:
        order, _ = settle_payment(table, provider, order, now=call.now)
    except errors.PaymentUnknown:
        if order_key not in found:
            raise
    return order, product


def settle_payment(table: Table, provider: PaymentProvider, order: Order, *, now: int) -> tuple[Order, Gift | None]:
    """Settle the payment of a pending order: for a retry of its buyer, the sweep, or an event of the provider.

    Returns:
        The order, paid; and the gift of a return gift's order, if this call gave it.

    Raises:
        PaymentDeclined, PaymentUnknown, OrderCancelled, ServiceUnavailable
    """
    if order.state_at(now) is OrderState.CANCELLED:
        return _settle_cancelled(table, provider, order, now=now), None
    if order.state is not OrderState.PENDING:
        return _require_paid(order), None
    payment = order.payment
    if payment.token is None:
        raise errors.DataIntegrityError(f"pending order {order.order_id} has no payment token")
    try:
        reference = provider.charge(Charge(order.order_id, payment.total, payment.method, payment.token))
    except OutcomeUnknown as error:
        raise errors.PaymentUnknown from error
    except ChargeDeclined as error:
        try:
            orders.decline(table, order)
        except ConditionFailed:
            return _require_paid(_read_settled(table, order)), None
        raise errors.PaymentDeclined from error
    try:
        return _pay(table, order, reference, now=now)
    except ConditionFailed:
        settled = _read_settled(table, order)
        if settled.state is OrderState.CANCELLED:
            repay_charge(table, provider, settled, reference)
        return _require_paid(settled), None


def _pay(table: Table, order: Order, reference: str, *, now: int) -> tuple[Order, Gift | None]:
    """Write that a pending order is paid, with the gift of a return gift's order.

    If the recipient of the return gift was erased or blocked the giver since, its unit becomes available to its buyer.

    Raises:
        ConditionFailed: the order is no longer pending.
    """
    paid = orders.mark_paid(order, reference, now=now)
    if order.intent is None:
        table.write(orders.pay(paid))
        return paid, None
    relation = relations.find_reachable(table, order.intent.recipient_id, order.buyer_id, now=now)
    if relation is not None:
        gift = build_return_gift(paid, now=now)
        paid = replace(paid, reservations={gift.gift_id: gift.reservation})
        try:
            # The buyer claimed a gift of the recipient, so there is no limit.
            gifts.give_paid(table, paid, gift, relations.build_gift_write(replace(relation, exchanged=True), now=now))
        except ConditionFailed as failure:
            if failure.old[0] is not None or failure.old[-1] is None:
                raise
        else:
            return paid, gift
    paid = orders.mark_paid(replace(order, intent=None), reference, now=now)
    table.write(*orders.pay_without_gift(order, paid))
    return paid, None


def _settle_cancelled(table: Table, provider: PaymentProvider, order: Order, *, now: int) -> Order:
    """Cancel an order that has expired, and settle a cancelled one. Return it if another process settled it otherwise.

    Raises:
        OrderCancelled, PaymentDeclined, ServiceUnavailable
    """
    if order.state is OrderState.PENDING:
        order = end(table, order, PaymentAction.EXPIRE, now=now)
    if order.state is OrderState.CANCELLED:
        # It is cancelled, with or without an answer of the provider: the sweep asks again.
        with suppress(errors.PaymentUnknown):
            settle_cancelled(table, provider, order)
    return _require_paid(order)


def _require_paid(order: Order) -> Order:
    """Return a settled order if it was paid.

    Raises:
        PaymentDeclined, OrderCancelled
    """
    if order.state in ORDER_MACHINE.problems:
        raise ORDER_MACHINE.problems[order.state]
    return order


def _read_settled(table: Table, order: Order) -> Order:
    """Return an order that another process settled."""
    settled = orders.get(table, order.order_id)
    if settled is None or settled.state is OrderState.PENDING:
        raise errors.DataIntegrityError(f"order {order.order_id} left pending and is not settled")
    return settled


def build_return_gift(order: Order, *, now: int) -> Gift:
    """Return the return gift that a paid order was bought for. Its window starts now."""
    intent = order.intent
    if intent is None:
        raise ValueError("not the order of a return gift")
    return Gift(
        gift_id=intent.gift_id,
        order_id=order.order_id,
        giver_id=order.buyer_id,
        giver_name=intent.giver_name,
        recipient_id=intent.recipient_id,
        product=order.product,
        valid_until=order.valid_until,
        wrapping=intent.wrapping,
        shares=order.quantity,
        remaining=order.quantity,
        state=GiftState.OPEN,
        claims={},
        expires_at=compute_window_end(now, intent.window_ms, order.valid_until),
        created_at=now,
        secret_version=None,
        in_return_for=intent.in_return_for,
        request_hash=order.request_hash,
        policy=order.policy,
        at_end=resolve_end(None, policy.find(order.policy), order.product.kind),
    )
