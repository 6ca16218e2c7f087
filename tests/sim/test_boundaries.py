"""Every fault at every call of every operation, and every pair of faults."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from handsel.domain import errors, ids, policy
from handsel.domain.giver_rules import REMIND_AFTER_MS
from handsel.domain.models import AtEnd, Gift, Holding, ShipmentEvent
from handsel.domain.states import EndAction, RefundRequestState, RefundStatus, ShipmentStatus
from handsel.store import gifts, keys
from handsel.use_cases.fulfilment import redeeming, shipping
from handsel.use_cases.gifts import expiring, giving, regift_requests, return_gifts
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.inbox import messaging
from handsel.use_cases.operations import inbound
from handsel.use_cases.operations.settling import sweep
from handsel.use_cases.orders import refunding
from handsel.use_cases.recommendations import recommending
from handsel.use_cases.refunds import deciding
from testkit.simulator.environment import MINUTE_MS, START_MS
from testkit.simulator.fault_injection import Crashed, Fault
from testkit.simulator.harness import (
    AT_END_REFUND,
    AT_END_TO_CAROL,
    WINDOW_MS,
    Act,
    Actor,
    Harness,
    Saved,
    is_undecided,
)
from testkit.simulator.operations import ADDRESS_RETENTION_MS, CARRIER, LINK_KEYS, STORE, WRAPPINGS

# Faults by the number of the call.
Faults = Mapping[int, Fault]


def buy(harness: Harness) -> Act:
    return harness.buying(quantity=2)


def buy_scarce_product(harness: Harness) -> Act:
    return harness.buying(quantity=2, product="scarce")


def buy_with_declined_payment(harness: Harness) -> Act:
    return harness.buying(product="scarce", token="tok_declined")


def give_by_link(harness: Harness) -> Act:
    return harness.giving(harness.buy())


def give_to_a_group(harness: Harness) -> Act:
    return harness.giving(harness.buy(quantity=3), shares=3)


def give_to_a_person(harness: Harness) -> Act:
    return harness.giving(harness.buy(), to="bob")


def give_units_of_an_expired_gift(harness: Harness) -> Act:
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
        regift_requests.request_regift(
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
            policy=policy.newest("douyin").with_window(WINDOW_MS),
        )

    return act


def give_in_return(harness: Harness) -> Act:
    return _give_in_return(harness, "scarce", "tok_ok")


def give_in_return_with_declined_payment(harness: Harness) -> Act:
    return _give_in_return(harness, "scarce", "tok_declined")


def use_vouchers(harness: Harness) -> Act:
    return harness.using(harness.buy(quantity=3), quantity=2)


def use_a_parcel(harness: Harness) -> Act:
    return harness.using(harness.buy(product="parcel"))


def use_unit_of_an_expired_gift(harness: Harness) -> Act:
    order = harness.buy(product="parcel")
    harness.now = harness.give(order).expires_at
    return harness.using(order)


def refund(harness: Harness) -> Act:
    order = harness.buy(quantity=2, product="scarce")
    call = harness.call("alice", "refunding")

    def act(actor: Actor) -> object:
        made = refunding.refund(actor.table, actor.provider, call, order_id=order.order_id, quantity=1)
        if made.status is RefundStatus.PENDING:
            raise errors.PaymentUnknown  # the units are refunded; a retry has to repay the money
        return made

    return act


def redeem(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy()))

    return lambda actor: redeeming.redeem(
        actor.table, held.code or "", store_id=STORE, caller="mia", redemption_id="redemption", now=actor.now()
    )


def undo_a_redemption(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy()))
    actor = harness.actor("redeem")
    redeeming.redeem(
        actor.table, held.code or "", store_id=STORE, caller="mia", redemption_id="redemption", now=actor.now()
    )
    call = IdempotentRequest("mia", "undo", "hash", 0)
    return lambda actor: redeeming.undo(
        actor.table,
        replace(call, now=actor.now()),
        code=held.code or "",
        redemption_id="redemption",
        store_id=STORE,
        reason="The wrong voucher",
    )


def report(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    event = ShipmentEvent("one", ShipmentStatus.IN_TRANSIT, "Depot 4", START_MS)
    return lambda actor: shipping.add_event(
        actor.table,
        held.shipment_id or "",
        event,
        carrier=CARRIER,
        now=actor.now(),
        retention_ms=ADDRESS_RETENTION_MS,
    )


def hand_over(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))

    def act(actor: Actor) -> object:
        return shipping.update_shipment(
            actor.table, held.shipment_id or "", store_id=STORE, carrier=None, tracking_number="1", now=actor.now()
        )

    return act


def deliver(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    event = ShipmentEvent("one", ShipmentStatus.DELIVERED, "Depot 4", START_MS)
    return lambda actor: shipping.add_event(
        actor.table,
        held.shipment_id or "",
        event,
        carrier=CARRIER,
        now=actor.now(),
        retention_ms=ADDRESS_RETENTION_MS,
    )


def sweep_a_parcel_that_is_not_shipped(harness: Harness) -> Act:
    harness.claim("bob", harness.give(harness.buy(product="parcel")))
    harness.now += 7 * 86_400_000
    return _sweeping(harness)


def read_a_message(harness: Harness) -> Act:
    harness.give(harness.buy(), to="bob")
    harness.run_until_answered(harness.projecting(harness.records()))
    message = harness.model.items[harness.model.keys_by_kind["MESSAGE"][0]]
    return lambda actor: messaging.mark_read(actor.table, message["message_id"], caller="bob", now=actor.now())


def tag(harness: Harness) -> Act:
    return lambda actor: recommending.tag(actor.table, "bob", harness.products["voucher"], now=harness.now)


def _pending(harness: Harness) -> str:
    """Create a pending order whose buyer does not retry, and return its id."""
    crashing = harness.actor(faults={3: Fault.DIES_BEFORE})
    with pytest.raises(Crashed):
        harness.buying()(crashing)
    (where,) = harness.model.keys_by_kind["ORDER"]
    return str(harness.model.items[where]["order_id"])


def receive_settled_payment(harness: Harness) -> Act:
    order_id = _pending(harness)

    def act(actor: Actor) -> object:
        return inbound.settle_order(actor.table, actor.provider, order_id, now=actor.now())

    return act


def receive_settled_refund(harness: Harness) -> Act:
    refunding_one = refund(harness)
    with pytest.raises(Crashed):
        refunding_one(harness.actor(faults={2: Fault.DIES_BEFORE}))
    (where,) = harness.model.keys_by_kind["REFUND"]
    refund_id = harness.model.items[where]["refund_id"]
    return lambda actor: inbound.settle_refund(actor.table, actor.provider, refund_id)


def restore(harness: Harness) -> Act:
    gift = harness.give(harness.buy(quantity=3), shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at
    return _restoring(harness)


def _restoring(harness: Harness) -> Act:
    """Let the timer of the gift expire, and return the call that processes its record."""
    harness.now += MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)

    def act(actor: Actor) -> None:
        expiring.expire_gift(actor.table, record, clock=actor.now)

    return act


def _sweeping(harness: Harness) -> Act:
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
            raise errors.PaymentUnknown  # the outcome is unknown: the next sweep tries again

    return act


def sweep_a_gift(harness: Harness) -> Act:
    gift = harness.give(harness.buy(quantity=3), shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at
    return _sweeping(harness)


def sweep_a_payment(harness: Harness) -> Act:
    _pending(harness)
    harness.now += MINUTE_MS
    return _sweeping(harness)


def sweep_a_refund(harness: Harness) -> Act:
    receive_settled_refund(harness)
    harness.now += MINUTE_MS
    return _sweeping(harness)


def sweep_a_reminder(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.run_until_answered(harness.projecting(harness.records()))
    harness.now = gift.expires_at - 60 * MINUTE_MS
    return _sweeping(harness)


def give_with_a_refund(harness: Harness) -> Act:
    return harness.giving(harness.buy(quantity=2), shares=2, at_end=AT_END_REFUND)


def give_with_a_second_person(harness: Harness) -> Act:
    return harness.giving(harness.buy(product="parcel"), to="bob", at_end=AT_END_TO_CAROL)


def set_a_refund(harness: Harness) -> Act:
    return harness.setting_end(harness.give(harness.buy(), at_end=AT_END_REFUND), AtEnd(EndAction.ORDER))


def replace_a_second_person(harness: Harness) -> Act:
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    return harness.setting_end(gift, AtEnd(EndAction.GIVE_TO, "dave", ids.derive_id("successor", "of dave")))


def _expired(harness: Harness, at_end: AtEnd) -> Gift:
    """Give a scarce product, and let its claim window end."""
    gift = harness.give(harness.buy(product="scarce"), to="bob", at_end=at_end)
    harness.now = gift.expires_at
    return gift


def sweep_a_gift_with_a_refund(harness: Harness) -> Act:
    """Sweep twice: the first sweep creates a refund that is due at once, and the second one repays it."""
    _expired(harness, AT_END_REFUND)
    harness.now += MINUTE_MS
    sweep_once = _sweeping(harness)

    def act(actor: Actor) -> None:
        with suppress(errors.PaymentUnknown):
            sweep_once(actor)
        sweep_once(actor)

    return act


def sweep_a_gift_to_a_second_person(harness: Harness) -> Act:
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at
    return _sweeping(harness)


def sweep_a_gift_whose_successor_is_over_too(harness: Harness) -> Act:
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at + WINDOW_MS
    return _sweeping(harness)


def restore_a_gift_with_a_refund(harness: Harness) -> Act:
    _expired(harness, AT_END_REFUND)
    return _restoring(harness)


def restore_a_gift_to_a_second_person(harness: Harness) -> Act:
    harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    harness.now += WINDOW_MS
    return _restoring(harness)


def claim_a_successor_that_is_not_stored(harness: Harness) -> Act:
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at
    return harness.claiming("carol", gift.build_successor())


def project_a_gift_to_a_second_person(harness: Harness) -> Act:
    sweep_a_gift_to_a_second_person(harness)(harness.actor())
    return harness.projecting(harness.records()[2:])


def project_a_gift_with_a_refund(harness: Harness) -> Act:
    sweep_a_gift_with_a_refund(harness)(harness.actor())
    return harness.projecting(harness.records()[2:])


def project_a_purchase(harness: Harness) -> Act:
    harness.buy(quantity=2)
    return harness.projecting(harness.records())


def project_a_gift(harness: Harness) -> Act:
    harness.claim("bob", harness.give(harness.buy(product="parcel"), to="bob"))
    return harness.projecting(harness.records()[2:])


# --- refund requests, and the end of vouchers ----------------------------------------------------------------------


def _until_refunded(asking: Act) -> Act:
    """Return a call that a client repeats until the money is repaid."""

    def act(actor: Actor) -> object:
        request = asking(actor)
        if request.state is RefundRequestState.REFUNDING:
            raise errors.PaymentUnknown
        return request

    return act


def ask_refund_of_a_voucher(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="scarce")))
    return _until_refunded(harness.asking_refund(held))


def ask_refund_of_own_use(harness: Harness) -> Act:
    (held,) = harness.using(harness.buy(quantity=2))(harness.actor())
    return _until_refunded(harness.asking_refund(held))


def ask_refund_of_a_parcel_in_the_store(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    return _until_refunded(harness.asking_refund(held))


def ask_refund_of_a_lost_parcel(harness: Harness) -> Act:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    harness.reporting(held, ShipmentStatus.LOST)(harness.actor())
    return _until_refunded(harness.asking_refund(held))


def _delivered(harness: Harness) -> Holding:
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    harness.reporting(held, ShipmentStatus.DELIVERED)(harness.actor())
    return held


def ask_the_merchant(harness: Harness) -> Act:
    return harness.asking_refund(_delivered(harness))


def approve_without_a_return(harness: Harness) -> Act:
    request = harness.asking_refund(_delivered(harness))(harness.actor())

    def act(actor: Actor) -> object:
        return deciding.decide(
            actor.table,
            actor.provider,
            request.refund_request_id,
            store_id=STORE,
            approve=True,
            without_return=True,
            note=None,
            now=actor.now(),
        )

    return _until_refunded(act)


def sweep_a_request_without_a_decision(harness: Harness) -> Act:
    request = harness.asking_refund(_delivered(harness))(harness.actor())
    harness.now = request.decide_by
    return _sweeping(harness)


def redeem_with_a_key(harness: Harness) -> Act:
    return harness.redeeming(harness.claim("bob", harness.give(harness.buy())))


def sweep_the_end_of_vouchers(harness: Harness) -> Act:
    order = harness.buy(quantity=3, product="voucher")
    held = harness.claim("bob", harness.give(order))
    harness.using(order)(harness.actor())
    assert held.valid_until is not None
    harness.now = held.valid_until
    return _sweeping(harness)


def sweep_the_end_of_a_voucher_that_is_usable_again(harness: Harness) -> Act:
    """Undo a redemption after the end of the validity, so that the order's own timer has passed the voucher by."""
    order = harness.buy()
    held = harness.claim("bob", harness.give(order))
    assert held.valid_until is not None
    harness.now = held.valid_until - 1
    harness.redeeming(held)(harness.actor())
    harness.now = held.valid_until + 1
    harness.ending_vouchers(order)(harness.actor())
    harness.undoing(held)(harness.actor())
    return _sweeping(harness)


def refund_that_the_provider_refuses(harness: Harness) -> Act:
    order = harness.buy(token="tok_no_refund")
    call = harness.call("alice", "refunding")

    def act(actor: Actor) -> object:
        made = refunding.refund(actor.table, actor.provider, call, order_id=order.order_id, quantity=1)
        if made.status is RefundStatus.PENDING:
            raise errors.PaymentUnknown
        return made

    return act


def project_a_refund(harness: Harness) -> Act:
    ask_refund_of_a_parcel_in_the_store(harness)(harness.actor())
    return harness.projecting(harness.records()[4:])


def give_for_later(harness: Harness) -> Act:
    return harness.giving(harness.buy(), to="bob", send_at=harness.now + MINUTE_MS)


def claim_a_scheduled_gift(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob", send_at=harness.now + MINUTE_MS)
    harness.now += MINUTE_MS
    return harness.claiming("bob", gift)


def sweep_a_scheduled_gift(harness: Harness) -> Act:
    harness.give(harness.buy(), to="bob", send_at=harness.now + MINUTE_MS)
    harness.run_until_answered(harness.projecting(harness.records()))
    harness.now += MINUTE_MS
    return _sweeping(harness)


def make_a_link(harness: Harness) -> Act:
    return harness.making_link(harness.give(harness.buy()))


def name_another_recipient(harness: Harness) -> Act:
    return harness.naming(harness.give(harness.buy(), to="bob"), "carol")


def name_the_recipient_of_a_link_gift(harness: Harness) -> Act:
    return harness.naming(harness.give(harness.buy()), "carol")


def project_another_recipient(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.run_until_answered(harness.projecting(harness.records()))
    known = len(harness.records())
    harness.naming(gift, "carol")(harness.actor())
    return harness.projecting(harness.records()[known:])


def extend_a_gift(harness: Harness) -> Act:
    gift = harness.give(harness.buy(product="parcel", policy_id="kakao"), to="bob")
    return _unless_done(gift, harness.extending(gift, 60), lambda now: now.expires_at > gift.expires_at)


def remind_the_recipient(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    return _unless_done(gift, harness.reminding(gift), lambda now: bool(now.reminded_at))


def remind_the_recipient_once_more(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.reminding(gift)(harness.actor())
    harness.now += REMIND_AFTER_MS
    return _unless_done(gift, harness.reminding(gift), lambda now: len(now.reminded_at) == 2)


def project_a_reminder(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.run_until_answered(harness.projecting(harness.records()))
    known = len(harness.records())
    harness.reminding(gift)(harness.actor())
    return harness.projecting(harness.records()[known:])


def _unless_done(gift: Gift, change: Act, is_done: Callable[[Gift], bool]) -> Act:
    """Return a change by a client that reads the gift first: a change that is repeated is another one."""

    def act(actor: Actor) -> Any:
        now = gifts.get(actor.table, gift.gift_id)
        return now if now is not None and is_done(now) else change(actor)

    return act


def open_a_gift(harness: Harness) -> Act:
    return harness.opening("bob", harness.give(harness.buy(), to="bob"))


def open_a_gift_to_a_group(harness: Harness) -> Act:
    return harness.opening("bob", harness.give(harness.buy(quantity=2), shares=2))


def thank_for_a_gift(harness: Harness) -> Act:
    gift = harness.give(harness.buy(), to="bob")
    harness.claim("bob", gift)
    return harness.thanking("bob", gift)


def block_a_giver(harness: Harness) -> Act:
    order = harness.buy(product="parcel", quantity=2)
    harness.give(order, to="bob")
    harness.give(order, key="another gift", at_end=AtEnd(EndAction.GIVE_TO, "bob", ids.derive_id("next", "of bob")))
    return harness.blocking("bob", "alice")


def sweep_a_block(harness: Harness) -> Act:
    order = harness.buy(product="parcel")
    harness.blocking("bob", "alice")(harness.actor())
    harness.give(order)
    harness.now += MINUTE_MS
    return _sweeping(harness)


OPERATIONS: tuple[Callable[[Harness], Act], ...] = (
    buy, buy_scarce_product, buy_with_declined_payment,
    give_by_link, give_to_a_group, give_to_a_person, give_units_of_an_expired_gift,
    claim_one_of_two, claim_the_last, claim_a_parcel, claim_too_late,
    cancel, decline, ask_again, give_in_return, give_in_return_with_declined_payment,
    use_vouchers, use_a_parcel, use_unit_of_an_expired_gift, refund, redeem, undo_a_redemption,
    report, hand_over, deliver, sweep_a_parcel_that_is_not_shipped, read_a_message, tag,
    receive_settled_payment, receive_settled_refund,
    give_with_a_refund, give_with_a_second_person, set_a_refund, replace_a_second_person,
    sweep_a_gift_with_a_refund, sweep_a_gift_to_a_second_person, sweep_a_gift_whose_successor_is_over_too,
    restore_a_gift_with_a_refund, restore_a_gift_to_a_second_person, claim_a_successor_that_is_not_stored,
    project_a_gift_to_a_second_person, project_a_gift_with_a_refund,
    ask_refund_of_a_voucher, ask_refund_of_own_use, ask_refund_of_a_parcel_in_the_store, ask_refund_of_a_lost_parcel,
    ask_the_merchant, approve_without_a_return, sweep_a_request_without_a_decision, redeem_with_a_key,
    sweep_the_end_of_vouchers, sweep_the_end_of_a_voucher_that_is_usable_again, refund_that_the_provider_refuses,
    project_a_refund,
    give_for_later, claim_a_scheduled_gift, sweep_a_scheduled_gift, make_a_link, name_another_recipient,
    name_the_recipient_of_a_link_gift, project_another_recipient, open_a_gift, open_a_gift_to_a_group, thank_for_a_gift,
    extend_a_gift, remind_the_recipient, remind_the_recipient_once_more, project_a_reminder, block_a_giver, sweep_a_block,
    restore, sweep_a_gift, sweep_a_payment, sweep_a_refund, sweep_a_reminder, project_a_purchase, project_a_gift,
)  # fmt: skip


def _kind(answer: object) -> str:
    return answer.code if isinstance(answer, errors.ApiProblem) else type(answer).__name__


def _try(harness: Harness, act: Act, faults: Faults) -> str | None:
    """Make one attempt; return its outcome, or None if it is not final."""
    try:
        answer = act(harness.actor("try 0", faults))
        return None if is_undecided(answer) else _kind(answer)
    except Crashed:
        return None
    except errors.ApiProblem as problem:
        return None if problem.retry_after is not None else _kind(problem)


def _single_faults(actor: Actor) -> list[Faults]:
    """Return each fault at each call, of several queries only at the first: a sweep ends at the first failed query."""
    seen, numbers = False, []
    for number, (name, _) in enumerate(actor.calls):
        if name != "query" or not seen:
            numbers.append(number)
        seen = seen or name == "query"
    return [{number: fault} for number in numbers for fault in actor.calls[number][1]]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_faults_at_one_or_two_calls_do_not_change_the_outcome_after_retries(
    operation: Callable[[Harness], Act], record_property: Callable[[str, object], None]
) -> None:
    """Retry an operation after faults: the outcome and the final state are the same as without faults.

    Two faults hit one attempt, or two. The next attempt depends only on the state that the first one left behind, so
    each such state is continued from once, with each second fault.
    """
    harness = Harness()
    act = operation(harness)
    start = harness.save()
    undisturbed = harness.actor("try 0")
    try:
        expected = _kind(act(undisturbed))
    except errors.ApiProblem as problem:
        expected = _kind(problem)
    state = harness.state()

    singles = _single_faults(undisturbed)
    pairs = [{**first, **second} for first, second in product(singles, singles) if min(first) < min(second)]
    left: dict[object, tuple[Faults, Saved]] = {}
    for faults in [*singles, *pairs]:
        harness.load(start)
        answer = _try(harness, act, faults)
        if answer is None:
            left.setdefault(harness.fingerprint(), (faults, harness.save()))
        else:
            assert (answer, harness.state()) == (expected, state), faults
    second_faults: list[Faults] = [{}, *singles]
    for first, saved in left.values():
        for second in second_faults:
            harness.load(saved)
            assert _kind(harness.run_until_answered(act, second)) == expected, (first, second)
            assert harness.state() == state, (first, second)
    cases = len(singles) + len(pairs) + len(left) * len(second_faults)
    record_property("figures", f"{operation.__name__}: {len(undisturbed.calls)} calls, {cases} cases")
