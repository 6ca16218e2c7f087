"""Return gifts: a claimer buys one unit from the same store for the giver; it is given when the payment settles.

The transaction that writes the pending order also reserves the return gift of the claim, so a claim has at most one; a
declined payment and a cancelled order release it. The rest is a purchase whose payment also gives
(`purchases.settle_payment`), with the same states after a crash.

Whether the recipient wants the gift is asked before anything is stored or paid. If they block the giver before the payment is
settled, or are erased, the paid unit becomes one of the buyer's: no money is lost, and the answer is the same for both.
"""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from handsel.domain import errors
from handsel.domain.models import Gift, GiftIntent, Money, Order, Payment, Product
from handsel.domain.payments import PaymentProvider
from handsel.domain.policy import Policy
from handsel.domain.rules import check_giftable
from handsel.store import accounts, gifts, keys, orders, products, rollout, summaries
from handsel.store.table import Table
from handsel.use_cases.content import check_message
from handsel.use_cases.gifts import consent
from handsel.use_cases.gifts.giving import WrappingChoice, check_open_gift_count, wrap
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.orders.purchases import build_order, compute_total, require_seller, settle_payment

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker


def give_in_return(
    table: Table,
    provider: PaymentProvider,
    call: IdempotentRequest,
    *,
    gift_id: str,
    product_id: str,
    method: str,
    token: str,
    wrapping: WrappingChoice,
    policy: Policy,
    expected_total: Money | None = None,
    checker: "ContentChecker | None" = None,
) -> tuple[Order, Gift | None, Product]:
    """Buy one unit of a product and give it to the giver of a gift that the caller claimed.

    Args:
        policy: the policy that the order is bought under. The order keeps its claim window, which starts once it is paid.
        checker: the moderation service, if the stack has one.

    Returns:
        The order, paid; its gift; and the product as it is sold now. While the order is pending, a replay returns it as
        it is, without a gift. There is none either if the giver cannot be given anything any more when it is settled.

    Raises:
        NotFound, NotClaimed, OtherStore, RecipientUnknown, NoPaymentProvider, NotGiftable, UnknownWrapping, PriceChanged,
        InvalidRequest, ReturnGiftAlreadyGiven, OutOfStock, TooManyOpenGifts, IdempotencyKeyReused, PaymentDeclined,
        PaymentUnknown, OrderCancelled, MessageRefused, ServiceUnavailable
    """
    order_id = call.derive_id("return order")
    order_key, gift_key, caller_key = keys.order(order_id), keys.gift(gift_id), keys.account(call.caller)
    summary_key = keys.summary(call.caller)
    # The view of the order needs the rollout. Giving in return does not: a claimer can always answer a gift.
    read = partial(rollout.get_many, table, now=call.now)
    product, found = products.get_with(table, product_id, order_key, gift_key, caller_key, summary_key, read=read)
    if order_key in found:
        order = orders.from_item(found[order_key])
        call.require_same_request(order.request_hash)
        if product is None:
            raise errors.NotFound
    else:
        if gift_key not in found:
            raise errors.NotFound
        received = gifts.from_item(found[gift_key])
        if call.caller not in received.claims:
            raise errors.NotClaimed
        if product is None:
            raise errors.NotFound
        if product.store_id != received.product.store_id:
            raise errors.OtherStore
        wanted = consent.list_keys(received.giver_id, call.caller)
        people = table.get_many(wanted)
        consent.check_wanted(table, received.giver_id, giver_id=call.caller, now=call.now, found=people, exchanged=True)
        table = table.with_cached({key: people.get(key) for key in wanted})  # the settlement asks the same
        require_seller(provider)
        check_giftable(product, policy)
        check_open_gift_count(summaries.from_item(found.get(summary_key)), now=call.now)
        intent = GiftIntent(
            gift_id=call.derive_id("return gift"),
            recipient_id=received.giver_id,
            giver_name=accounts.from_item(found[caller_key]).display_name if caller_key in found else "",
            wrapping=wrap(product.kind, wrapping, policy, now=call.now),
            in_return_for=gift_id,
            holding_id=received.claims[call.caller].holding_id,
            window_ms=policy.window_ms(product.kind),
        )
        check_message(
            table,
            wrapping.message,
            author=call.caller,
            reader=received.giver_id,
            policy=policy,
            pointer="/wrapping/message",
            checker=checker,
            exchanged=True,
        )
        payment = Payment(method=method, total=compute_total(product, 1, expected_total), token=token)
        pending = build_order(order_id, call, product, 1, payment, policy)
        order = orders.create_pending(table, replace(pending, intent=intent))
        call.require_same_request(order.request_hash)
    try:
        order, gift = settle_payment(table, provider, order, now=call.now)
    except errors.PaymentUnknown:
        if order_key not in found:
            raise
        return order, None, product
    if order.intent is None:
        return order, None, product
    gift = gift or gifts.get(table, order.intent.gift_id)
    if gift is None:
        raise errors.DataIntegrityError(f"order {order_id} was paid without its gift {order.intent.gift_id}")
    return order, gift, product
