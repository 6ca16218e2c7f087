"""Explain a gift, an order or a voucher: its state by the clock, what happens next, and which rule of which policy decides.

The result has no names, addresses, secrets or codes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from handsel.domain import errors, messages, policy
from handsel.domain.models import Gift, Order, Product
from handsel.domain.policy import Policy
from handsel.domain.rules import (
    are_units_refunded,
    find_not_giftable_reason,
    is_validity_over,
    is_window_too_short,
)
from handsel.domain.states import EndAction, GiftState, OrderState, VoucherState
from handsel.domain.times import format_timestamp
from handsel.domain.voucher_ends import list_reminder_times
from handsel.runtime import policies
from handsel.store import gifts, holdings, orders
from handsel.use_cases.queries import OrderDetails, load_order_details
from ops.scan import WholeTable


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens by itself."""

    at: str
    what: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a question about a gift or an order, and the rule that gives it.

    Attributes:
        about: the question.
        answer: the answer, at the time of the explanation.
        rule: the name of the rule; None if no rule of the policy decides.
        policy: the policy and version of the rule, such as `douyin@1`; None without a rule.
        value: the value of the rule.
        source: where the rule is from; without a rule, what decides instead.
    """

    about: str
    answer: str
    rule: str | None
    policy: str | None
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a gift, an order or a voucher.

    Attributes:
        kind: `gift`, `order` or `voucher`.
        facts: what is stored about it and what follows from the clock, by name.
        next: what happens by itself, earliest first.
        gifts: of an order, the gifts that have units of it.
    """

    kind: str
    id: str
    policy: str
    facts: Mapping[str, Any]
    next: list[Step]
    decisions: list[Decision]
    gifts: list["Explanation"] = field(default_factory=list)


def explain(table: WholeTable, identifier: str, *, now: int) -> Explanation | None:
    """Explain the gift, or else the order or the voucher, with this ID. Return None if there is none of them."""
    try:
        stored = gifts.get(table, identifier)
    except errors.NotFound:  # no ID has this form
        return None
    # A gift to a second person exists from the end of the first claim window on, and is stored soon after it.
    gift = stored or gifts.find(table, identifier, now=now)
    order = orders.get(table, identifier if gift is None else gift.order_id)
    if order is None:
        return _explain_voucher(table, identifier, now=now)
    (details,) = load_order_details(table, [order], now=now)
    terms = policy.find(order.policy)
    # Giving knows the claim window of the stack, which can be shorter than `minimum_window`.
    of_order = [
        *_decide_giving(details, policies.find(order.policy), now=now),
        *_decide_vouchers(order, terms, now=now),
        *_decide_words(terms),
    ]
    if gift is not None:
        found = _explain_gift(gift, None if stored is None else stored.state, now=now)
        return replace(found, decisions=[*found.decisions, *of_order])
    return Explanation(
        "order",
        order.order_id,
        order.policy,
        {
            "state": order.state_at(now),
            "product": order.product.kind,
            "quantity": order.quantity,
            "units": None if details.units is None else asdict(details.units),
            "created_at": format_timestamp(order.created_at),
            "vouchers_valid_until": _time(order.valid_until),
        },
        list(_list_steps_of_order(order, now=now)),
        of_order,
        [_explain_gift(each, each.state, now=now) for each in gifts.get_many(table, list(order.reservations))],
    )


def _explain_voucher(table: WholeTable, holding_id: str, *, now: int) -> Explanation | None:
    voucher = holdings.get(table, holding_id)
    order = None if voucher is None else orders.get(table, voucher.order_id)
    if voucher is None or order is None or voucher.shipment_id is not None:
        return None
    steps, end = list[Step](), voucher.valid_until
    state, terms = voucher.state_at(now), policy.find(order.policy)
    if end is not None and state is VoucherState.USABLE:
        since = order.payment.paid_at or 0 if voucher.extended_from is None else voucher.extended_from
        for at in list_reminder_times(end, terms, since=since):
            if at > now:
                steps.append(Step(format_timestamp(at), "its holder is reminded, if it is still usable"))
        steps.append(Step(format_timestamp(end), f"it expires; {_END_OF_VOUCHERS[terms.repays_vouchers]}"))
    elif state is VoucherState.EXPIRED and not voucher.has_left and terms.repays_vouchers:
        steps.append(Step(format_timestamp(now), "it has expired; the sweep refunds it to the payer"))
    facts = {
        "order_id": order.order_id,
        "gift_id": voucher.gift_id,
        "state": state,
        "received_at": format_timestamp(voucher.received_at),
        "valid_until": _time(end),
        "extended_from": _time(voucher.extended_from),
        "redeemed_at": _time(voucher.redeemed_at),
        "refunded_at": _time(voucher.refunded_at),
        "expired_at": _time(voucher.expired_at),
        "refund_request_id": voucher.refund_request_id,
    }
    decisions = list(_decide_vouchers(order, terms, now=now))
    return Explanation("voucher", holding_id, order.policy, facts, steps, decisions)


def describe(found: Explanation) -> Iterator[str]:
    """Return the lines of an explanation, for a terminal."""
    yield f"{found.kind} {found.id}, under the policy {found.policy}"
    for name, value in found.facts.items():
        if value is not None:
            yield f"  {name:<21}{_format_value(value)}"
    yield "what happens next" if found.next else "nothing happens next by itself"
    for step in found.next:
        yield f"  {step.at}: {step.what}"
    yield "decisions"
    for decision in found.decisions:
        yield f"  {decision.about}: {decision.answer}"
        rule = "" if decision.rule is None else f"{decision.policy} {decision.rule} = {_format_value(decision.value)}. "
        yield f"      {rule}{decision.source}"
    for gift in found.gifts:
        yield ""
        yield from describe(gift)


def _format_value(value: Any) -> str:
    """Return a value in short: of the excluded categories, without the names by which they are recognised."""
    if isinstance(value, str):
        return value
    names_only = isinstance(value, dict) and any(isinstance(each, list) for each in value.values())
    return json.dumps(list(value) if names_only else value)


def _explain_gift(gift: Gift, stored: GiftState | None, *, now: int) -> Explanation:
    terms = policy.find(gift.policy)
    return Explanation(
        "gift",
        gift.gift_id,
        gift.policy,
        {
            "order_id": gift.order_id,
            "state": gift.state_at(now),
            "stored_state": stored,
            "product": gift.product.kind,
            "to": "link" if gift.recipient_id is None else "named recipient",
            "shares": gift.shares,
            "remaining": gift.remaining,
            "created_at": format_timestamp(gift.created_at),
            "expires_at": format_timestamp(gift.expires_at),
            "ended_at": _time(gift.ended_at),
            "vouchers_valid_until": _time(gift.valid_until),
        },
        list(_list_steps(gift, stored, now=now)),
        [*_decide_end(gift, terms, now=now), *_decide_actions(gift, terms, now=now)],
    )


# --- what happens next -----------------------------------------------------------------------------------------------

_UNITS_AT_END: Mapping[EndAction, str] = {
    EndAction.ORDER: "are available in the order again",
    EndAction.REFUND: "are refunded to the payer",
    EndAction.GIVE_TO: "become a gift to a second person",
}


def _list_steps(gift: Gift, stored: GiftState | None, *, now: int) -> Iterator[Step]:
    state = gift.state_at(now)
    if state is not stored:
        what = "the end of a claim window is in effect; the stream, the sweep or the next write stores it"
        yield Step(format_timestamp(now), what)
    if state is GiftState.OPEN:
        for at in messages.list_reminder_times(gift):
            if at > now:
                yield Step(format_timestamp(at), "the recipient is reminded, if the gift is still open")
        what = f"the claim window ends; units that nobody claimed {_describe_end(gift)}"
        yield Step(format_timestamp(gift.expires_at), what)


def _describe_end(gift: Gift) -> str:
    """Return what the end of the claim window does to the units that nobody claimed."""
    successor = None if gift.at_end is None else gift.at_end.successor_gift_id
    return _UNITS_AT_END[gift.then] + ("" if successor is None else f", {successor}")


# By whether the payer is repaid.
_END_OF_VOUCHERS: Mapping[bool, str] = {
    True: "units that nobody redeemed are refunded to the payer",
    False: "vouchers that nobody redeemed are forfeited",
}


def _repays(order: Order) -> bool:
    return policy.find(order.policy).repays_vouchers


def _list_steps_of_order(order: Order, *, now: int) -> Iterator[Step]:
    state = order.state_at(now)
    if state is OrderState.PENDING and order.expires_at is not None:
        yield Step(format_timestamp(order.expires_at), "the order is cancelled, if it is not paid by then")
    if state is OrderState.PAID and order.valid_until is not None and not is_validity_over(order, now=now):
        for at in list_reminder_times(order.valid_until, policy.find(order.policy), since=order.payment.paid_at or 0):
            if at > now:
                yield Step(format_timestamp(at), "the holders of usable vouchers are reminded of their end")
        what = f"the vouchers expire; no unit can be given or used any more; {_END_OF_VOUCHERS[_repays(order)]}"
        yield Step(format_timestamp(order.valid_until), what)
    elif order.available and are_units_refunded(order, now=now):
        yield Step(format_timestamp(now), "the vouchers have expired; the sweep refunds the units")


# --- decisions -------------------------------------------------------------------------------------------------------


def _by_rule(terms: Policy, rule: str, about: str, answer: str) -> Decision:
    published = terms.rules[rule]
    return Decision(about, answer, rule, terms.ref, published["value"], published["source"])


def _without_rule(about: str, answer: str, source: str) -> Decision:
    return Decision(about, answer, None, None, None, source)


def _decide_end(gift: Gift, terms: Policy, *, now: int) -> Iterator[Decision]:
    """Yield what limits the claim window, and what ended the gift or will end it."""
    seconds = (gift.expires_at - gift.created_at) / 1000
    yield _by_window(gift, terms, "claim window", f"{seconds:g} seconds from giving")
    state = gift.state_at(now)
    match state:
        case GiftState.CLAIMED:
            yield _without_rule("end", "all shares were claimed", "a claim in the window needs no rule")
        case GiftState.CANCELLED:
            yield _by_rule(terms, "giver_cancel", "end", f"cancelled by the giver at {_time(gift.ended_at)}")
        case GiftState.DECLINED:
            yield _by_rule(terms, "decline", "end", f"declined by the recipient at {_time(gift.ended_at)}")
        case GiftState.RETURNED:
            yield _by_window(gift, terms, "end", f"expired at {format_timestamp(gift.expires_at)}")
    if state in (GiftState.OPEN, GiftState.RETURNED):
        rule = "at_end" if gift.then == terms.at_end else "giver_may_choose"
        yield _by_rule(terms, rule, "units that nobody claimed", _describe_end(gift))


def _by_window(gift: Gift, terms: Policy, about: str, answer: str) -> Decision:
    """Return a decision by what limits the claim window of a gift."""
    if gift.expires_at - gift.created_at == terms.window_ms(gift.product.kind):
        return _by_rule(terms, "window", about, answer)
    if gift.expires_at == gift.valid_until:
        return _without_rule(about, answer, "the validity of the vouchers, which ends before the window of the policy")
    return _without_rule(about, answer, "the parameter ClaimWindowSeconds of the stack when the gift was given")


def _decide_actions(gift: Gift, terms: Policy, *, now: int) -> Iterator[Decision]:
    is_open = gift.state_at(now) is GiftState.OPEN
    for rule, about, is_allowed in (
        ("giver_cancel", "cancel by the giver", terms.giver_cancel),
        ("decline", "decline by the recipient", terms.decline),
        ("giver_may_choose", "another end, chosen by the giver", terms.giver_may_choose),
    ):
        if rule == "decline" and gift.recipient_id is None:
            yield _without_rule(about, "not possible", "it has no named recipient")
        elif is_allowed and not is_open:
            yield _without_rule(about, "no longer possible", f"the gift is {gift.state_at(now)}")
        else:
            yield _by_rule(terms, rule, about, "possible" if is_allowed else "ruled out")
    yield _by_rule(terms, "shown_before_claim", "shown before the claim", ", ".join(sorted(terms.shown_before_claim)))
    if gift.recipient_id is not None:
        leads = ", ".join(f"{seconds}" for seconds in terms.reminders)
        yield _by_rule(terms, "reminders", "reminders of the recipient", f"{leads} seconds before the end")


def _decide_giving(details: OrderDetails, terms: Policy, *, now: int) -> Iterator[Decision]:
    about, order, product = "give units of this order now", details.order, details.product
    of_policy = find_not_giftable_reason(_without_store(product), terms)
    reason = find_not_giftable_reason(product, terms)
    if of_policy is not None:
        yield _by_rule(terms, of_policy.rule, about, f"ruled out: {of_policy}")
    elif reason is not None:
        yield _without_rule(about, f"ruled out: {reason}", "the store, by `giftable` or its own `gift_rules`")
    elif is_validity_over(order, now=now):
        yield _without_rule(about, "not possible", "the vouchers of the order are no longer valid")
    elif is_window_too_short(order, terms, now=now):
        yield _by_rule(terms, "minimum_window", about, "ruled out: the vouchers of the order expire too soon")
    elif details.units is None:
        yield _without_rule(about, "not possible", f"the order is {order.state_at(now)}")
    elif details.units.available == 0:
        yield _without_rule(about, "not possible", "no unit of the order is available")
    else:
        yield _by_rule(terms, "excluded_categories", about, "possible: the category of the product is not excluded")
        yield _by_rule(terms, "price_caps", about, "possible: the price of the product is not above the limit")


def _without_store(product: Product) -> Product:
    """Return a product without what its store excludes from gifts."""
    return replace(product, giftable=True, store_giftable=True, store_excluded_categories=None, store_price_caps=None)


def _decide_vouchers(order: Order, terms: Policy, *, now: int) -> Iterator[Decision]:
    """Yield what the end of the order's vouchers does, who is reminded of it, and whether it can be put off."""
    if order.valid_until is None:
        return
    over = " (reached)" if is_validity_over(order, now=now) else ""
    yield _by_rule(terms, "voucher_end", f"end of vouchers{over}", _END_OF_VOUCHERS[terms.repays_vouchers])
    days = ", ".join(f"{days}" for days in terms.voucher_reminder_days)
    yield _by_rule(terms, "voucher_reminder_days", "reminders of holders", f"{days} days before the end")
    more = terms.extend["voucher_days"]
    answer = f"possible once, by {more} days, before the end" if more else "not possible"
    yield _by_rule(terms, "extend", "extension of a voucher by its holder", answer)


_CONTACT_DATA = {
    "never": "not possible",
    "exchanged": "possible between users who have exchanged gifts",
    "always": "possible",
}


def _decide_words(terms: Policy) -> Iterator[Decision]:
    yield _by_rule(
        terms, "links_in_messages", "links and contact data in messages", _CONTACT_DATA[terms.links_in_messages]
    )


def _time(at: int | None) -> str | None:
    return None if at is None else format_timestamp(at)
