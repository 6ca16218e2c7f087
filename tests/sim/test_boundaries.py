"""Every call that a process makes to anybody, and everything that can go wrong with it; then two of them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import product

import pytest

from handsel.domain import errors
from handsel.domain.models import ShipmentEvent
from handsel.domain.states import RefundStatus, ShipmentStatus
from handsel.store import keys
from handsel.use_cases.fulfilment import redeeming, shipping
from handsel.use_cases.gifts import asking_again, expiring, giving, return_gifts
from handsel.use_cases.inbox import messaging
from handsel.use_cases.operations import inbound
from handsel.use_cases.operations.settling import sweep
from handsel.use_cases.orders import refunding
from handsel.use_cases.recommendations import recommending
from testkit.simulator.environment import MINUTE_MS, START_MS
from testkit.simulator.fault_injection import Crashed, Fault
from testkit.simulator.harness import WINDOW_MS, Act, Actor, Harness, Saved
from testkit.simulator.operations import CARRIER, LINK_KEYS, STORE, WRAPPINGS

Planted = Mapping[int, Fault]


def buy(harness: Harness) -> Act:
    return harness.buying(quantity=2)


def buy_what_is_scarce(harness: Harness) -> Act:
    return harness.buying(quantity=2, product="scarce")


def buy_and_be_declined(harness: Harness) -> Act:
    return harness.buying(product="scarce", token="tok_declined")


def give_by_link(harness: Harness) -> Act:
    return harness.giving(harness.buy())


def give_to_a_group(harness: Harness) -> Act:
    return harness.giving(harness.buy(quantity=3), shares=3)


def give_to_a_person(harness: Harness) -> Act:
    return harness.giving(harness.buy(), to="bob")


def give_what_is_due_to_come_back(harness: Harness) -> Act:
    order = harness.buy(product="parcel")
    harness.now = harness.give(order).expires_at
    return harness.giving(order, key="giving again")


def claim_one_of_two(harness: Harness) -> Act:
    return harness.claiming("bob", harness.give(harness.buy(quantity=2), shares=2))


def claim_the_last(harness: Harness) -> Act:
    return harness.claiming("bob", harness.give(harness.buy(), to="bob"))


def claim_a_parcel(harness: Harness) -> Act:
    return harness.claiming("bob", harness.give(harness.buy(product="parcel")))


def claim_too_late(harness: Harness) -> Act:
    gift = harness.give(harness.buy())
    harness.now = gift.expires_at
    return harness.claiming("bob", gift)


def cancel(harness: Harness) -> Act:
    gift = harness.give(harness.buy(quantity=2), shares=2)
    harness.claim("bob", gift)
    return lambda actor: giving.cancel(actor.table, gift.gift_id, caller="alice", clock=actor.now)


def decline(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    return lambda actor: giving.decline(actor.table, gift.gift_id, caller="bob", clock=actor.now)


def ask_again(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.now = gift.expires_at

    def act(actor: Actor) -> None:
        asking_again.ask_again(
            actor.table, gift.gift_id, caller="bob", secret=None, link_keys=LINK_KEYS, now=actor.now()
        )

    return act


def _give_in_return(harness: Harness, product_name: str, token: str) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.claim("bob", gift)

    def act(actor: Actor) -> object:
        return return_gifts.give_in_return(
            actor.table,
            actor.provider,
            harness.call("bob", "in return", actor.now()),
            gift_id=gift.gift_id,
            product_id=harness.products[product_name],
            method="card",
            token=token,
            wrapping=WRAPPINGS["voucher"],
            window_ms=WINDOW_MS,
        )

    return act


def give_in_return(harness: Harness) -> Act:
    return _give_in_return(harness, "scarce", "tok_ok")


def give_in_return_and_be_declined(harness: Harness) -> Act:
    return _give_in_return(harness, "scarce", "tok_declined")


def use_vouchers(harness: Harness) -> Act:
    return harness.using(harness.buy(quantity=3), quantity=2)


def use_a_parcel(harness: Harness) -> Act:
    return harness.using(harness.buy(product="parcel"))


def use_what_is_due_to_come_back(harness: Harness) -> Act:
    order = harness.buy(product="parcel")
    harness.now = harness.give(order).expires_at
    return harness.using(order)


def refund(harness: Harness) -> Act:
    order = harness.buy(quantity=2, product="scarce")
    call = harness.call("alice", "refunding")

    def act(actor: Actor) -> object:
        made = refunding.refund(actor.table, actor.provider, call, order_id=order.order_id, quantity=1)
        if made.status is RefundStatus.PENDING:
            raise errors.PaymentUnknown  # the units are back; for the money somebody has to ask again
        return made

    return act


def redeem(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy()))

    def act(actor: Actor) -> None:
        # By the try before this one: a redemption has no key, and is told apart by its time.
        with suppress(errors.AlreadyRedeemed):
            redeeming.redeem(actor.table, held.code or "", store_id=STORE, redemption=actor.code(), now=actor.now())

    return act


def report(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    event = ShipmentEvent("one", ShipmentStatus.IN_TRANSIT, "Depot 4", START_MS)
    return lambda actor: shipping.report(actor.table, held.shipment_id or "", event, carrier=CARRIER, now=actor.now())


def hand_over(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))

    def act(actor: Actor) -> object:
        return shipping.hand_over(
            actor.table, held.shipment_id or "", store_id=STORE, carrier=None, tracking_number="1", now=actor.now()
        )

    return act


def read_a_message(harness: Harness) -> Act:
    harness.give(harness.buy(), to="bob")
    harness.answer(harness.projecting(harness.records()))
    message = harness.model.items[harness.model.keys_by_kind["MESSAGE"][0]]
    return lambda actor: messaging.mark_read(actor.table, message["message_id"], caller="bob")


def tag(harness: Harness) -> Act:
    return lambda actor: recommending.tag(actor.table, "bob", harness.products["voucher"], now=harness.now)


def _pending(harness: Harness) -> str:
    """An order whose buyer does not ask again."""
    dying = harness.actor(faults={3: Fault.DIES_BEFORE})
    with pytest.raises(Crashed):
        harness.buying()(dying)
    (where,) = harness.model.keys_by_kind["ORDER"]
    return str(harness.model.items[where]["order_id"])


def hear_of_a_payment(harness: Harness) -> Act:
    order_id = _pending(harness)

    def act(actor: Actor) -> object:
        return inbound.payment_settled(actor.table, actor.provider, order_id, now=actor.now())

    return act


def hear_of_a_refund(harness: Harness) -> Act:
    refunding_one = refund(harness)
    with pytest.raises(Crashed):
        refunding_one(harness.actor(faults={2: Fault.DIES_BEFORE}))
    (where,) = harness.model.keys_by_kind["REFUND"]
    refund_id = harness.model.items[where]["refund_id"]
    return lambda actor: inbound.refund_settled(actor.table, actor.provider, refund_id)


def restore(harness: Harness) -> Act:
    gift = harness.give(harness.buy(quantity=3), shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at + MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)

    def act(actor: Actor) -> None:
        expiring.restore(actor.table, record, clock=actor.now)

    return act


def _swept(harness: Harness) -> Act:
    def act(actor: Actor) -> None:
        failed: list[Exception] = []
        sweep(
            actor.table,
            actor.provider,
            clock=actor.now,
            deadline=actor.now() + MINUTE_MS,
            on_failure=lambda _, error: failed.append(error),
        )
        if failed:
            assert all(isinstance(error, errors.ServiceUnavailable) for error in failed)
            raise errors.ServiceUnavailable
        if any(position < keys.position(actor.now() + 1, "") for position in harness.model.due.values()):
            raise errors.PaymentUnknown  # the provider did not say: the next sweep asks

    return act


def sweep_a_gift(harness: Harness) -> Act:
    gift = harness.give(harness.buy(quantity=3), shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at
    return _swept(harness)


def sweep_a_payment(harness: Harness) -> Act:
    _pending(harness)
    harness.now += MINUTE_MS
    return _swept(harness)


def sweep_a_refund(harness: Harness) -> Act:
    hear_of_a_refund(harness)
    harness.now += MINUTE_MS
    return _swept(harness)


def sweep_a_reminder(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.answer(harness.projecting(harness.records()))
    harness.now = gift.expires_at - 60 * MINUTE_MS
    return _swept(harness)


def project_a_purchase(harness: Harness) -> Act:
    harness.buy(quantity=2)
    return harness.projecting(harness.records())


def project_a_gift(harness: Harness) -> Act:
    harness.claim("bob", harness.give(harness.buy(product="parcel"), to="bob"))
    return harness.projecting(harness.records()[2:])


OPERATIONS: tuple[Callable[[Harness], Act], ...] = (
    buy, buy_what_is_scarce, buy_and_be_declined,
    give_by_link, give_to_a_group, give_to_a_person, give_what_is_due_to_come_back,
    claim_one_of_two, claim_the_last, claim_a_parcel, claim_too_late,
    cancel, decline, ask_again, give_in_return, give_in_return_and_be_declined,
    use_vouchers, use_a_parcel, use_what_is_due_to_come_back, refund, redeem,
    report, hand_over, read_a_message, tag, hear_of_a_payment, hear_of_a_refund,
    restore, sweep_a_gift, sweep_a_payment, sweep_a_refund, sweep_a_reminder, project_a_purchase, project_a_gift,
)  # fmt: skip


def _kind(answer: object) -> str:
    return answer.code if isinstance(answer, errors.ApiProblem) else type(answer).__name__


def _try(harness: Harness, act: Act, planted: Planted) -> str | None:
    """What one try is answered; None if it is not."""
    try:
        return _kind(act(harness.actor("try 0", planted)))
    except Crashed:
        return None
    except errors.ApiProblem as refusal:
        return None if refusal.retry_after is not None else _kind(refusal)


def _planted(actor: Actor) -> list[Planted]:
    """Each fault at each call; of the queries of a sweep, which ends at the first that fails, at one."""
    seen, numbers = False, []
    for number, (name, _) in enumerate(actor.calls):
        if name != "query" or not seen:
            numbers.append(number)
        seen = seen or name == "query"
    return [{number: fault} for number in numbers for fault in actor.calls[number][1]]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_whatever_goes_wrong_at_one_or_two_calls_it_comes_to_the_same(
    operation: Callable[[Harness], Act], record_property: Callable[[str, object], None]
) -> None:
    """Asked again, as one does who was told nothing, it is answered as if nothing had gone wrong, and all is as then.

    Two faults are of one try, or of two. What a try leaves behind is all that the next one finds: so each such state is
    gone on from once, with each second fault.
    """
    harness = Harness()
    act = operation(harness)
    start = harness.save()
    asked = harness.actor("try 0")
    try:
        expected = _kind(act(asked))
    except errors.ApiProblem as refusal:
        expected = _kind(refusal)
    state = harness.state()

    singles = _planted(asked)
    both = [{**first, **second} for first, second in product(singles, singles) if min(first) < min(second)]
    left: dict[object, tuple[Planted, Saved]] = {}
    for planted in [*singles, *both]:
        harness.load(start)
        answer = _try(harness, act, planted)
        if answer is None:
            left.setdefault(harness.fingerprint(), (planted, harness.save()))
        else:
            assert (answer, harness.state()) == (expected, state), planted
    then: list[Planted] = [{}, *singles]
    for first, saved in left.values():
        for second in then:
            harness.load(saved)
            assert _kind(harness.answer(act, second)) == expected, (first, second)
            assert harness.state() == state, (first, second)
    cases = len(singles) + len(both) + len(left) * len(then)
    record_property("figures", f"{operation.__name__}: {len(asked.calls)} calls, {cases} cases")
