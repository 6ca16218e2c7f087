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
from tests.sim.asks import CARRIER, LINK_KEYS, STORE, WRAPPINGS
from tests.sim.network import Died, Fault
from tests.sim.stage import WINDOW_MS, Act, Actor, Saved, Stage
from tests.sim.world import MINUTE_MS, START_MS

Planted = Mapping[int, Fault]


def buy(stage: Stage) -> Act:
    return stage.buying(quantity=2)


def buy_what_is_scarce(stage: Stage) -> Act:
    return stage.buying(quantity=2, product="scarce")


def buy_and_be_declined(stage: Stage) -> Act:
    return stage.buying(product="scarce", token="tok_declined")


def give_by_link(stage: Stage) -> Act:
    return stage.giving(stage.buy())


def give_to_a_group(stage: Stage) -> Act:
    return stage.giving(stage.buy(quantity=3), shares=3)


def give_to_a_person(stage: Stage) -> Act:
    return stage.giving(stage.buy(), to="bob")


def give_what_is_due_to_come_back(stage: Stage) -> Act:
    order = stage.buy(product="parcel")
    stage.now = stage.give(order).expires_at
    return stage.giving(order, key="giving again")


def claim_one_of_two(stage: Stage) -> Act:
    return stage.claiming("bob", stage.give(stage.buy(quantity=2), shares=2))


def claim_the_last(stage: Stage) -> Act:
    return stage.claiming("bob", stage.give(stage.buy(), to="bob"))


def claim_a_parcel(stage: Stage) -> Act:
    return stage.claiming("bob", stage.give(stage.buy(product="parcel")))


def claim_too_late(stage: Stage) -> Act:
    gift = stage.give(stage.buy())
    stage.now = gift.expires_at
    return stage.claiming("bob", gift)


def cancel(stage: Stage) -> Act:
    gift = stage.give(stage.buy(quantity=2), shares=2)
    stage.claim("bob", gift)
    return lambda actor: giving.cancel(actor.table, gift.gift_id, caller="alice", clock=actor.now)


def decline(stage: Stage) -> Act:
    gift = stage.give(stage.buy(), to="bob")
    return lambda actor: giving.decline(actor.table, gift.gift_id, caller="bob", clock=actor.now)


def ask_again(stage: Stage) -> Act:
    gift = stage.give(stage.buy(), to="bob")
    stage.now = gift.expires_at

    def act(actor: Actor) -> None:
        asking_again.ask_again(
            actor.table, gift.gift_id, caller="bob", secret=None, link_keys=LINK_KEYS, now=actor.now()
        )

    return act


def _give_in_return(stage: Stage, product_name: str, token: str) -> Act:
    gift = stage.give(stage.buy(), to="bob")
    stage.claim("bob", gift)

    def act(actor: Actor) -> object:
        return return_gifts.give_in_return(
            actor.table,
            actor.till,
            stage.call("bob", "in return", actor.now()),
            gift_id=gift.gift_id,
            product_id=stage.products[product_name],
            method="card",
            token=token,
            wrapping=WRAPPINGS["voucher"],
            window_ms=WINDOW_MS,
        )

    return act


def give_in_return(stage: Stage) -> Act:
    return _give_in_return(stage, "scarce", "tok_ok")


def give_in_return_and_be_declined(stage: Stage) -> Act:
    return _give_in_return(stage, "scarce", "tok_declined")


def use_vouchers(stage: Stage) -> Act:
    return stage.using(stage.buy(quantity=3), quantity=2)


def use_a_parcel(stage: Stage) -> Act:
    return stage.using(stage.buy(product="parcel"))


def use_what_is_due_to_come_back(stage: Stage) -> Act:
    order = stage.buy(product="parcel")
    stage.now = stage.give(order).expires_at
    return stage.using(order)


def refund(stage: Stage) -> Act:
    order = stage.buy(quantity=2, product="scarce")
    call = stage.call("alice", "refunding")

    def act(actor: Actor) -> object:
        made = refunding.refund(actor.table, actor.till, call, order_id=order.order_id, quantity=1)
        if made.status is RefundStatus.PENDING:
            raise errors.PaymentUnknown  # the units are back; for the money somebody has to ask again
        return made

    return act


def redeem(stage: Stage) -> Act:
    held = stage.claim("bob", stage.give(stage.buy()))

    def act(actor: Actor) -> None:
        # By the try before this one: a redemption has no key, and is told apart by its time.
        with suppress(errors.AlreadyRedeemed):
            redeeming.redeem(actor.table, held.code or "", store_id=STORE, redemption=actor.code(), now=actor.now())

    return act


def report(stage: Stage) -> Act:
    held = stage.claim("bob", stage.give(stage.buy(product="parcel")))
    event = ShipmentEvent("one", ShipmentStatus.IN_TRANSIT, "Depot 4", START_MS)
    return lambda actor: shipping.report(actor.table, held.shipment_id or "", event, carrier=CARRIER, now=actor.now())


def hand_over(stage: Stage) -> Act:
    held = stage.claim("bob", stage.give(stage.buy(product="parcel")))

    def act(actor: Actor) -> object:
        return shipping.hand_over(
            actor.table, held.shipment_id or "", store_id=STORE, carrier=None, tracking_number="1", now=actor.now()
        )

    return act


def read_a_message(stage: Stage) -> Act:
    stage.give(stage.buy(), to="bob")
    stage.answer(stage.projecting(stage.records()))
    message = stage.ledger.items[stage.ledger.made["MESSAGE"][0]]
    return lambda actor: messaging.mark_read(actor.table, message["message_id"], caller="bob")


def tag(stage: Stage) -> Act:
    return lambda actor: recommending.tag(actor.table, "bob", stage.products["voucher"], now=stage.now)


def _pending(stage: Stage) -> str:
    """An order whose buyer does not ask again."""
    dying = stage.actor(faults={3: Fault.DIES_BEFORE})
    with pytest.raises(Died):
        stage.buying()(dying)
    (where,) = stage.ledger.made["ORDER"]
    return str(stage.ledger.items[where]["order_id"])


def hear_of_a_payment(stage: Stage) -> Act:
    order_id = _pending(stage)

    def act(actor: Actor) -> object:
        return inbound.payment_settled(actor.table, actor.till, order_id, now=actor.now())

    return act


def hear_of_a_refund(stage: Stage) -> Act:
    refunding_one = refund(stage)
    with pytest.raises(Died):
        refunding_one(stage.actor(faults={2: Fault.DIES_BEFORE}))
    (where,) = stage.ledger.made["REFUND"]
    refund_id = stage.ledger.items[where]["refund_id"]
    return lambda actor: inbound.refund_settled(actor.table, actor.till, refund_id)


def restore(stage: Stage) -> Act:
    gift = stage.give(stage.buy(quantity=3), shares=3)
    stage.claim("bob", gift)
    stage.now = gift.expires_at + MINUTE_MS
    stage.memory.expire(stage.now // 1000)
    record = stage.memory.stream[-1]
    stage.written(stage.now)

    def act(actor: Actor) -> None:
        expiring.restore(actor.table, record, clock=actor.now)

    return act


def _swept(stage: Stage) -> Act:
    def act(actor: Actor) -> None:
        failed: list[Exception] = []
        sweep(
            actor.table,
            actor.till,
            clock=actor.now,
            deadline=actor.now() + MINUTE_MS,
            on_failure=lambda _, error: failed.append(error),
        )
        if failed:
            assert all(isinstance(error, errors.ServiceUnavailable) for error in failed)
            raise errors.ServiceUnavailable
        if any(position < keys.position(actor.now() + 1, "") for position in stage.ledger.due.values()):
            raise errors.PaymentUnknown  # the provider did not say: the next sweep asks

    return act


def sweep_a_gift(stage: Stage) -> Act:
    gift = stage.give(stage.buy(quantity=3), shares=3)
    stage.claim("bob", gift)
    stage.now = gift.expires_at
    return _swept(stage)


def sweep_a_payment(stage: Stage) -> Act:
    _pending(stage)
    stage.now += MINUTE_MS
    return _swept(stage)


def sweep_a_refund(stage: Stage) -> Act:
    hear_of_a_refund(stage)
    stage.now += MINUTE_MS
    return _swept(stage)


def sweep_a_reminder(stage: Stage) -> Act:
    gift = stage.give(stage.buy(), to="bob")
    stage.answer(stage.projecting(stage.records()))
    stage.now = gift.expires_at - 60 * MINUTE_MS
    return _swept(stage)


def project_a_purchase(stage: Stage) -> Act:
    stage.buy(quantity=2)
    return stage.projecting(stage.records())


def project_a_gift(stage: Stage) -> Act:
    stage.claim("bob", stage.give(stage.buy(product="parcel"), to="bob"))
    return stage.projecting(stage.records()[2:])


OPERATIONS: tuple[Callable[[Stage], Act], ...] = (
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


def _try(stage: Stage, act: Act, planted: Planted) -> str | None:
    """What one try is answered; None if it is not."""
    try:
        return _kind(act(stage.actor("try 0", planted)))
    except Died:
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
    operation: Callable[[Stage], Act], record_property: Callable[[str, object], None]
) -> None:
    """Asked again, as one does who was told nothing, it is answered as if nothing had gone wrong, and all is as then.

    Two faults are of one try, or of two. What a try leaves behind is all that the next one finds: so each such state is
    gone on from once, with each second fault.
    """
    stage = Stage()
    act = operation(stage)
    start = stage.save()
    asked = stage.actor("try 0")
    try:
        expected = _kind(act(asked))
    except errors.ApiProblem as refusal:
        expected = _kind(refusal)
    state = stage.state()

    singles = _planted(asked)
    both = [{**first, **second} for first, second in product(singles, singles) if min(first) < min(second)]
    left: dict[object, tuple[Planted, Saved]] = {}
    for planted in [*singles, *both]:
        stage.load(start)
        answer = _try(stage, act, planted)
        if answer is None:
            left.setdefault(stage.fingerprint(), (planted, stage.save()))
        else:
            assert (answer, stage.state()) == (expected, state), planted
    then: list[Planted] = [{}, *singles]
    for first, saved in left.values():
        for second in then:
            stage.load(saved)
            assert _kind(stage.answer(act, second)) == expected, (first, second)
            assert stage.state() == state, (first, second)
    cases = len(singles) + len(both) + len(left) * len(then)
    record_property("figures", f"{operation.__name__}: {len(asked.calls)} calls, {cases} cases")
