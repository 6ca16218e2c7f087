"""Every interleaving of a few concurrent calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from handsel.domain import errors, ids
from handsel.domain.models import AtEnd, Gift, Holding, Order, RefundRequest
from handsel.domain.states import EndAction, GiftAction, RefundReason, RefundRequestState
from handsel.store import gifts, holdings, refund_requests
from handsel.use_cases.gifts import expiring, giving
from handsel.use_cases.inbox import messaging, user_summary
from handsel.use_cases.inbox.user_summary import CountedItem
from handsel.use_cases.orders import refunding
from handsel.use_cases.refunds import asking, deciding, steps
from testkit.simulator.harness import AT_END_REFUND, AT_END_TO_CAROL, Act, Actor, Harness
from testkit.simulator.model import Violation

pytestmark = pytest.mark.long


@dataclass
class Player:
    """One process that pauses before each of its calls.

    Attributes:
        pauses_after: whether it pauses after each call too, before it reads the clock again.
        observed: the responses and clock readings so far; its next step depends on these alone.
        answer: its result or ApiProblem.
    """

    act: Act
    skew_ms: int = 0
    pauses_after: bool = False
    observed: list[str] = field(default_factory=list)
    answer: Any = None
    running: greenlet | None = None

    def start(self, harness: Harness, number: int) -> None:
        hub = getcurrent()
        self.observed, self.answer = [], None

        def run() -> None:
            actor = harness.actor(
                f"player {number}",
                before_each=hub.switch,
                after_each=hub.switch if self.pauses_after else lambda: None,
                skew_ms=self.skew_ms,
                observed=self.observed,
            )
            try:
                self.answer = self.act(actor)
            except errors.ApiProblem as problem:
                self.answer = problem

        self.running = greenlet(run, parent=hub)
        self.running.switch()

    @property
    def done(self) -> bool:
        return self.running is None or self.running.dead


def play(harness: Harness, players: list[Player], check: Callable[[list[Any]], None]) -> tuple[int, int]:
    """Run every order of the players' calls; of orders that lead to the same state, only one.

    Two orders lead to the same state if the table is the same, and every player got the same responses and read the
    same times.

    Returns:
        The number of states, and the number of final states.
    """
    start, seen, ends = harness.save(), set[object](), 0
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        order = waiting.pop()
        harness.load(start)
        for number, player in enumerate(players):
            player.start(harness, number)
        for number in order:
            running = players[number].running
            assert running is not None
            running.switch()
        observations = tuple((order.count(number), *player.observed) for number, player in enumerate(players))
        state = harness.now, harness.fingerprint(), observations
        if state in seen:
            continue
        seen.add(state)
        active = [number for number, player in enumerate(players) if not player.done]
        waiting += [(*order, number) for number in active]
        if not active:
            ends += 1
            check([player.answer for player in players])
    assert ends
    return len(seen), ends


def _won(answers: list[Any]) -> int:
    return sum(not isinstance(answer, errors.ApiProblem) for answer in answers)


def cancelling(gift: Gift) -> Act:
    return lambda actor: giving.cancel(actor.table, gift.gift_id, caller="alice", clock=actor.now)


def declining(gift: Gift) -> Act:
    return lambda actor: giving.decline(actor.table, gift.gift_id, caller="bob", clock=actor.now)


def expire_gift(harness: Harness, gift: Gift) -> Act:
    """Return the call that expires a gift; the stream and the sweep both use it."""
    record = next(
        each for each in harness.memory.stream if each["dynamodb"]["Keys"]["pk"]["S"] == f"WINDOW#{gift.gift_id}"
    )
    image = record["dynamodb"]["NewImage"]
    removed = {"dynamodb": {"Keys": record["dynamodb"]["Keys"], "OldImage": image}}
    return lambda actor: expiring.expire_gift(actor.table, removed, clock=actor.now)


def refunding_one(harness: Harness, order: Order, key: str = "refunding") -> Act:
    def act(actor: Actor) -> object:
        call = harness.call(order.buyer_id, key, actor.now())
        return refunding.refund(actor.table, actor.provider, call, order_id=order.order_id, quantity=1)

    return act


Figures = Callable[[str, object], None]


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["once", "given again"])
def test_exactly_one_of_claim_cancel_decline_and_expiry_wins_in_every_interleaving(
    again: bool, record_property: Figures
) -> None:
    harness = Harness()
    order = harness.buy(product="parcel")
    gift = harness.give(order, to="bob")
    harness.now = gift.expires_at - 1
    # One millisecond before the deadline, some clocks are already at it.
    players = [
        Player(harness.claiming("bob", gift)),
        Player(cancelling(gift)),
        Player(declining(gift)),
        Player(expire_gift(harness, gift), skew_ms=1),
        *([Player(harness.giving(order, key="giving again"), skew_ms=1)] if again else []),
    ]

    def check(answers: list[Any]) -> None:
        claimed, cancelled, declined, expired, *given_again = answers
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert now["state"] in ("claimed", "cancelled", "declined", "returned")
        assert (now["state"] == "claimed") is not isinstance(claimed, errors.ApiProblem)
        assert (now["state"] == "cancelled") is not isinstance(cancelled, errors.ApiProblem)
        assert (now["state"] == "declined") is not isinstance(declined, errors.ApiProblem)
        # Only released units can be given again.
        assert all((now["state"] == "claimed") is isinstance(it, errors.UnitsNotAvailable) for it in given_again)
        assert not isinstance(expired, errors.ApiProblem)

    states, ends = play(harness, players, check)
    acts = "claim, cancel, decline, expiry" + ", giving again" * again
    record_property("figures", f"{acts}: {states} states, {ends} ends")


def test_two_of_three_claims_of_two_shares_succeed(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(quantity=2), shares=2)
    players = [Player(harness.claiming(user, gift)) for user in ("bob", "carol", "dave")]

    def check(answers: list[Any]) -> None:
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert (len(now["claims"]), _won(answers), now["state"]) == (2, 2, "claimed")

    states, ends = play(harness, players, check)
    record_property("figures", f"three claims of two shares: {states} states, {ends} ends")


def test_the_share_left_by_two_claims_is_released_once(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(quantity=3), shares=3)
    harness.now = gift.expires_at - 1
    claims = [Player(harness.claiming(user, gift)) for user in ("bob", "carol")]
    players = [*claims, Player(cancelling(gift)), Player(expire_gift(harness, gift), skew_ms=1)]

    def check(answers: list[Any]) -> None:
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert len(now["claims"]) == _won(answers[:2]) == 3 - now["remaining"]
        assert now["state"] in ("cancelled", "returned")

    states, ends = play(harness, players, check)
    record_property("figures", f"two claims of three shares, cancel, expiry: {states} states, {ends} ends")


@pytest.mark.parametrize("shares", [1, 2])
def test_calls_that_are_not_decided_before_the_window_ends_are_too_late(shares: int, record_property: Figures) -> None:
    """Move the clock of all processes to the deadline before, between or after the calls of each."""
    harness = Harness()
    order = harness.buy(quantity=shares)
    gift = harness.give(order, shares=shares, to="bob" if shares == 1 else None)
    harness.now = gift.expires_at - 1

    def tick(actor: Actor) -> None:
        actor.wait()
        harness.now = gift.expires_at

    ending = cancelling(gift) if shares > 1 else declining(gift)
    players = [
        Player(tick), Player(harness.claiming("bob", gift), pauses_after=True), Player(ending, pauses_after=True),
        Player(expire_gift(harness, gift)),
    ]  # fmt: skip

    def check(answers: list[Any]) -> None:
        # A call that came too late got a problem.
        _, claimed, ended, _ = answers
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert (len(now["claims"]) == 1) is not isinstance(claimed, errors.ApiProblem)
        assert (now["state"] in ("cancelled", "declined")) is not isinstance(ended, errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"the window of {shares} ends in between: {states} states, {ends} ends")


@pytest.mark.parametrize("at_end", [AT_END_REFUND, AT_END_TO_CAROL], ids=lambda at_end: at_end.then)
def test_the_last_end_that_was_set_decides_in_every_interleaving(at_end: AtEnd, record_property: Figures) -> None:
    """Set an end while the gift is claimed, cancelled and expired, one millisecond before the end of its window."""
    harness = Harness()
    gift = harness.give(harness.buy(product="parcel"), to="bob")
    harness.now = gift.expires_at - 1
    players = [
        Player(harness.setting_end(gift, at_end)),
        Player(harness.claiming("bob", gift)),
        Player(cancelling(gift)),
        Player(expire_gift(harness, gift), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        ended, claimed, cancelled, expired = answers
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert (now["state"] == "claimed") is not isinstance(claimed, errors.ApiProblem)
        assert (now["state"] == "cancelled") is not isinstance(cancelled, errors.ApiProblem)
        assert not isinstance(expired, errors.ApiProblem)
        # An end that was set stays set; the model checks that it happened if the gift expired, and only then.
        assert ("at_end" in now) is not isinstance(ended, errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"end {at_end.then}, claim, cancel, expiry: {states} states, {ends} ends")


def test_an_end_that_is_not_set_before_the_window_ends_is_too_late(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(product="parcel"))
    harness.now = gift.expires_at - 1

    def tick(actor: Actor) -> None:
        actor.wait()
        harness.now = gift.expires_at

    # A second person is read between the check of the gift and the write.
    players = [Player(tick), Player(harness.setting_end(gift, AT_END_TO_CAROL), pauses_after=True)]

    def check(answers: list[Any]) -> None:
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert ("at_end" in now) is not isinstance(answers[1], errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"the window ends while an end is set: {states} states, {ends} ends")


def test_two_ends_set_at_once_lead_to_one_of_them(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    to_dave = AtEnd(EndAction.GIVE_TO, "dave", ids.derive_id("successor", "of dave"))
    players = [Player(harness.setting_end(gift, each)) for each in (AT_END_REFUND, to_dave)]

    def check(answers: list[Any]) -> None:
        assert _won(answers) == 2
        pointers = [item for (_, sk), item in harness.model.items.items() if sk == "PREDECESSOR"]
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert len(pointers) == (now["at_end"]["then"] == "give_to")

    states, ends = play(harness, players, check)
    record_property("figures", f"two ends at once: {states} states, {ends} ends")


def test_the_second_person_claims_once_while_the_first_gift_is_settled(record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy(product="parcel")
    gift = harness.give(order, to="bob", at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at
    successor = gift.build_successor()
    players = [
        Player(harness.claiming("carol", successor)),
        Player(cancelling(successor)),
        Player(expire_gift(harness, gift)),
    ]

    def check(answers: list[Any]) -> None:
        claimed, cancelled, expired = answers
        assert not isinstance(expired, errors.ApiProblem)
        now = harness.model.items[f"GIFT#{successor.gift_id}", "GIFT"]
        assert (now["state"] == "claimed") is isinstance(claimed, Holding)
        assert (now["state"] == "cancelled") is not isinstance(cancelled, errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"claim, cancel of a successor, expiry: {states} states, {ends} ends")


def test_only_one_of_the_first_and_the_second_person_gets_the_unit(record_property: Figures) -> None:
    """Claim with clocks before and after the end of the first window."""
    harness = Harness()
    gift = harness.give(harness.buy(product="parcel"), to="bob", at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at
    successor = gift.build_successor()
    players = [
        Player(harness.claiming("bob", gift), skew_ms=-1),
        Player(harness.claiming("carol", successor)),
        Player(expire_gift(harness, gift)),
    ]

    def check(answers: list[Any]) -> None:
        first, second, _ = answers
        assert isinstance(first, Holding) is isinstance(second, errors.NotFound)
        assert isinstance(second, Holding) is isinstance(first, errors.Expired)

    states, ends = play(harness, players, check)
    record_property("figures", f"claims by the first and the second person: {states} states, {ends} ends")


@pytest.mark.parametrize("at_end", [AT_END_REFUND, AT_END_TO_CAROL], ids=lambda at_end: at_end.then)
def test_units_of_an_ended_gift_are_in_one_place(at_end: AtEnd, record_property: Figures) -> None:
    """Settle a gift by the stream, by the sweep's call and by a write that wants its unit."""
    harness = Harness()
    order = harness.buy(product="parcel")
    gift = harness.give(order, at_end=at_end)
    harness.now = gift.expires_at
    players = [
        Player(expire_gift(harness, gift)),
        Player(lambda actor: gifts.end_gift(actor.table, GiftAction.EXPIRE, gift, clock=actor.now)),
        Player(refunding_one(harness, order)),
    ]

    def check(answers: list[Any]) -> None:
        assert all(isinstance(each, errors.UnitsNotAvailable) for each in answers[2:])
        now = harness.model.items[f"ORDER#{order.order_id}", "ORDER"]
        assert (now["available"], now["refunded"]) == (0, int(at_end is AT_END_REFUND))

    states, ends = play(harness, players, check)
    record_property("figures", f"settling {at_end.then} and a refund: {states} states, {ends} ends")


def test_only_one_of_gift_refund_and_use_gets_the_last_unit(record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy()
    players = [Player(harness.giving(order)), Player(refunding_one(harness, order)), Player(harness.using(order))]

    def check(answers: list[Any]) -> None:
        assert _won(answers) == 1

    states, ends = play(harness, players, check)
    record_property("figures", f"gift, refund and use of one unit: {states} states, {ends} ends")


@pytest.mark.parametrize("operation", ["buying", "giving", "claiming", "refunding", "using"])
def test_concurrent_identical_calls_have_one_effect(operation: str, record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy(quantity=2)
    act = {
        "buying": lambda: harness.buying(product="scarce", quantity=3),
        "giving": lambda: harness.giving(order, shares=2),
        "refunding": lambda: refunding_one(harness, order),
        "using": lambda: harness.using(order, quantity=2),
        "claiming": lambda: harness.claiming("bob", harness.give(order)),
    }[operation]()

    def check(answers: list[Any]) -> None:
        assert _won(answers) == 2
        first, second = (_get_id(answer) for answer in answers)
        assert first == second

    states, ends = play(harness, [Player(act), Player(act)], check)
    record_property("figures", f"{operation} twice at once: {states} states, {ends} ends")


def _get_id(answer: Any) -> object:
    if isinstance(answer, list):
        return sorted(each.holding_id for each in answer)
    for name in ("holding_id", "gift_id", "refund_id", "order_id"):
        if getattr(answer, name, None):
            return getattr(answer, name)
    raise AssertionError(f"{answer!r} has no id")


def test_concurrent_counts_end_with_the_last_state(record_property: Figures) -> None:
    """Project two records of one order while its buyer reads a message."""
    harness = Harness()
    order = harness.buy()
    gift = harness.give(order)
    harness.claim("bob", gift)
    given, claimed = harness.records()[:-2], harness.records()[-2:]
    harness.run_until_answered(harness.projecting(claimed[:1]))
    message = harness.model.items[harness.model.keys_by_kind["MESSAGE"][0]]

    def reading(actor: Actor) -> object:
        return messaging.mark_read(actor.table, message["message_id"], caller="alice", now=actor.now())

    orders = [record for record in given if record["dynamodb"]["Keys"]["sk"]["S"] == "ORDER"]
    players = [Player(_counting([orders[0]])), Player(_counting([orders[-1]])), Player(reading)]

    def check(_: list[Any]) -> None:
        summary = harness.model.items["USER#alice", "SUMMARY"]
        if (summary["counters"], summary["open_gifts"]) != ({}, {}):
            raise Violation(f"the summary should be empty and is {summary}")

    states, ends = play(harness, players, check)
    record_property("figures", f"two records and a message read at once: {states} states, {ends} ends")


def _counting(records: list[dict[str, Any]]) -> Act:
    (order_id,) = {record["dynamodb"]["NewImage"]["order_id"]["S"] for record in records}
    return lambda actor: user_summary.apply(
        actor.table, "alice", [], [CountedItem.from_order(order_id)], now=actor.now()
    )


# --- refund requests ------------------------------------------------------------------------------------------------

CARRIER, NUMBER = "SF Express", "SF-1"


@dataclass(frozen=True)
class Goods:
    """Delivered goods of a gift to Bob, with his refund request, and the calls about it."""

    harness: Harness
    request: RefundRequest

    def deciding(self, *, approve: bool, without_return: bool = False) -> Act:
        return lambda actor: deciding.decide(
            *self._of(actor), store_id=self.request.store_id, approve=approve, without_return=without_return, note=None,
            now=actor.now(),
        )  # fmt: skip

    def settling(self) -> Act:
        return lambda actor: steps.settle_due(*self._of(actor), now=actor.now())

    def withdrawing(self) -> Act:
        return lambda actor: asking.withdraw(*self._of(actor), caller="bob", now=actor.now())

    def sending_back(self, number: str = NUMBER) -> Act:
        return lambda actor: deciding.send_back(
            *self._of(actor), caller="bob", carrier=CARRIER, tracking_number=number, now=actor.now()
        )

    def receiving(self) -> Act:
        return lambda actor: deciding.receive(*self._of(actor), store_id=self.request.store_id, now=actor.now())

    def holding(self) -> Act:
        return lambda actor: deciding.hold(*self._of(actor), store_id=self.request.store_id, now=actor.now())

    def resolving(self, *, approve: bool) -> Act:
        return lambda actor: deciding.resolve(*self._of(actor), approve=approve, now=actor.now())

    def _of(self, actor: Actor) -> tuple[Any, Any, str]:
        return actor.table, actor.provider, self.request.refund_request_id

    def read(self) -> RefundRequest:
        """Return the stored request, after checking that units and money moved once, or not at all."""
        stored = refund_requests.from_item(
            self.harness.model.items[f"REFUND_REQUEST#{self.request.refund_request_id}", "REFUND_REQUEST"]
        )
        is_refunded = stored.state in (RefundRequestState.REFUNDING, RefundRequestState.REFUNDED)
        order = self.harness.model.items[f"ORDER#{self.request.order_id}", "ORDER"]
        assert order["refunded"] == is_refunded
        expected = {ids.derive_request_refund_id(self.request.refund_request_id)} if is_refunded else set[str]()
        refunds = {item["refund_id"] for (_, sk), item in self.harness.model.items.items() if sk == "REFUND"}
        assert refunds == expected
        assert set(self.harness.provider_state.repaid) <= expected
        if stored.state is RefundRequestState.REFUNDED:
            assert set(self.harness.provider_state.repaid) == expected
        return stored


def asked_goods(harness: Harness) -> Goods:
    """Return goods whose request waits for the merchant. It is one millisecond before the end of that time."""
    order = harness.buy(product="parcel")
    holding = harness.claim("bob", harness.give(order))
    days = 86_400_000
    request = RefundRequest(
        refund_request_id=ids.derive_id("refund request", holding.holding_id),
        holding_id=holding.holding_id,
        order_id=order.order_id,
        gift_id=holding.gift_id,
        store_id=order.product.store_id,
        holder_id="bob",
        payer_id="alice",
        asked_by="bob",
        kind=order.product.kind,
        quantity=1,
        shipment_id=holding.shipment_id,
        reason=RefundReason.UNWANTED,
        note=None,
        state=RefundRequestState.REQUESTED,
        created_at=harness.now,
        decide_by=harness.now + 3 * days,
        due_at=harness.now + 3 * days,
        policy=order.policy,
        version=0,
        request_hash="",
    )
    asked = holdings.request_refund(holding, request.refund_request_id)
    harness.actor().table.write(asked, refund_requests.build_put(request))
    harness.now = request.decide_by - 1
    return Goods(harness, request)


def _states(answers: list[Any]) -> list[RefundRequestState | None]:
    """Return the state that each call answered, or None for a problem and for a sweep that found nothing due."""
    return [answer.state if isinstance(answer, RefundRequest) else None for answer in answers]


def test_one_of_decision_silence_and_withdrawal_decides(record_property: Figures) -> None:
    harness = Harness()
    goods = asked_goods(harness)
    players = [
        Player(goods.deciding(approve=True)),
        Player(goods.settling(), skew_ms=1),
        Player(goods.withdrawing()),
        Player(goods.sending_back()),
    ]

    def check(answers: list[Any]) -> None:
        stored = goods.read()
        decided, settled, withdrawn, sent = _states(answers)
        is_withdrawn = stored.state is RefundRequestState.WITHDRAWN
        assert (withdrawn is RefundRequestState.WITHDRAWN) is is_withdrawn
        assert (decided is None) is is_withdrawn
        # The clock approves only what is not decided yet; the same decision after that is no problem.
        assert settled is None or stored.decided_at == goods.request.decide_by
        assert is_withdrawn or stored.decided_at in (goods.request.decide_by - 1, goods.request.decide_by)
        assert (sent is not None) is (stored.return_carrier is not None)
        assert not (sent and is_withdrawn)

    states, ends = play(harness, players, check)
    record_property("figures", f"decision, silence, withdrawal, return: {states} states, {ends} ends")


def test_of_different_decisions_and_silence_one_decides(record_property: Figures) -> None:
    harness = Harness()
    goods = asked_goods(harness)
    players = [
        Player(goods.deciding(approve=True, without_return=True)),
        Player(goods.deciding(approve=False)),
        Player(goods.settling(), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        stored = goods.read()
        assert sum(state is not None for state in _states(answers)) == 1
        assert isinstance(answers[2], RefundRequest) is (stored.state is RefundRequestState.APPROVED)

    states, ends = play(harness, players, check)
    record_property("figures", f"two decisions, silence: {states} states, {ends} ends")


def sent_goods(harness: Harness) -> Goods:
    """Return goods on their way back, one millisecond before they count as received."""
    goods = asked_goods(harness)
    for act in (goods.deciding(approve=True), goods.sending_back()):
        act(harness.actor())
    due_at = goods.read().due_at
    assert due_at is not None
    harness.now = due_at - 1
    return goods


def test_goods_that_were_sent_back_are_received_by_the_merchant_or_the_clock(record_property: Figures) -> None:
    harness = Harness()
    goods = sent_goods(harness)
    players = [Player(goods.receiving()), Player(goods.holding()), Player(goods.settling(), skew_ms=1)]

    def check(answers: list[Any]) -> None:
        stored = goods.read()
        received, held, settled = _states(answers)
        assert (received, stored.state) == (RefundRequestState.REFUNDED, RefundRequestState.REFUNDED)
        assert (held is not None) is (stored.held_at is not None)
        assert settled is None or held is None  # what is held waits for no time

    states, ends = play(harness, players, check)
    record_property("figures", f"receipt, hold, end of the time: {states} states, {ends} ends")


def test_goods_that_are_held_are_ended_by_the_merchant_or_an_operator(record_property: Figures) -> None:
    harness = Harness()
    goods = sent_goods(harness)
    goods.holding()(harness.actor())
    players = [Player(goods.receiving()), Player(goods.resolving(approve=False)), Player(goods.sending_back("SF-2"))]

    def check(answers: list[Any]) -> None:
        stored = goods.read()
        received, rejected, sent = _states(answers)
        assert (received is None) is (stored.state is RefundRequestState.REJECTED)
        assert (rejected is None) is (stored.state is RefundRequestState.REFUNDED)
        assert (sent is not None) is (stored.return_tracking_number == "SF-2")

    states, ends = play(harness, players, check)
    record_property("figures", f"receipt, operator, correction of held goods: {states} states, {ends} ends")


def test_goods_are_sent_back_in_time_or_not_refunded(record_property: Figures) -> None:
    harness = Harness()
    goods = asked_goods(harness)
    goods.deciding(approve=True)(harness.actor())
    due_at = goods.read().due_at
    assert due_at is not None
    harness.now = due_at - 1
    players = [
        Player(goods.sending_back()),
        Player(goods.settling(), skew_ms=1),
        Player(goods.receiving()),
    ]

    def check(answers: list[Any]) -> None:
        stored = goods.read()
        sent, settled, received = _states(answers)
        assert (sent is None) is (stored.state is RefundRequestState.WITHDRAWN)
        assert (settled is RefundRequestState.WITHDRAWN) is (sent is None)
        assert (received is not None) is (stored.state is RefundRequestState.REFUNDED)

    states, ends = play(harness, players, check)
    record_property("figures", f"return, end of the time, receipt: {states} states, {ends} ends")
