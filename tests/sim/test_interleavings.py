"""Every way in which a few calls can come between each other's calls to the table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from handsel.domain import errors
from handsel.domain.models import Gift, Order
from handsel.use_cases.gifts import expiring, giving
from handsel.use_cases.inbox import messaging, user_summary
from handsel.use_cases.orders import refunding
from testkit.simulator.harness import Act, Actor, Harness
from testkit.simulator.model import Violation


@dataclass
class Player:
    """One process that stops before each of its calls.

    Attributes:
        ponders: it stops after each of them too, before it looks at the clock again.
        heard: what it was answered so far: all that it can go on from.
        answer: what it came to.
    """

    act: Act
    skew_ms: int = 0
    ponders: bool = False
    heard: list[str] = field(default_factory=list)
    answer: Any = None
    running: greenlet | None = None

    def start(self, harness: Harness, number: int) -> None:
        hub = getcurrent()
        self.heard, self.answer = [], None

        def run() -> None:
            actor = harness.actor(
                f"player {number}",
                before_each=hub.switch,
                after_each=hub.switch if self.ponders else lambda: None,
                skew_ms=self.skew_ms,
                heard=self.heard,
            )
            try:
                self.answer = self.act(actor)
            except errors.ApiProblem as refusal:
                self.answer = refusal

        self.running = greenlet(run, parent=hub)
        self.running.switch()

    @property
    def done(self) -> bool:
        return self.running is None or self.running.dead


def play(harness: Harness, players: list[Player], check: Callable[[list[Any]], None]) -> tuple[int, int]:
    """Goes through every order of the players' calls; of those that lead to the same, one.

    Two orders lead to the same if the table is the same and everybody was answered the same and read the same
    time: nobody can tell them apart.

    Returns:
        How many states there were, and how many ends.
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
        said = tuple((order.count(number), *player.heard) for number, player in enumerate(players))
        state = harness.now, harness.fingerprint(), said
        if state in seen:
            continue
        seen.add(state)
        going_on = [number for number, player in enumerate(players) if not player.done]
        waiting += [(*order, number) for number in going_on]
        if not going_on:
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
    """By the stream, or the sweep: both come to this."""
    record = next(
        each for each in harness.memory.stream if each["dynamodb"]["Keys"]["pk"]["S"] == f"WINDOW#{gift.gift_id}"
    )
    image = record["dynamodb"]["NewImage"]
    removed = {"dynamodb": {"Keys": record["dynamodb"]["Keys"], "OldImage": image}}
    return lambda actor: expiring.restore(actor.table, removed, clock=actor.now)


def refunding_one(harness: Harness, order: Order, key: str = "refunding") -> Act:
    def act(actor: Actor) -> object:
        call = harness.call(order.buyer_id, key, actor.now())
        return refunding.refund(actor.table, actor.provider, call, order_id=order.order_id, quantity=1)

    return act


Figures = Callable[[str, object], None]


def test_of_claim_cancel_decline_expiry_and_giving_again_one_decides_whatever_comes_between(
    record_property: Figures,
) -> None:
    harness = Harness()
    order = harness.buy(product="parcel")
    gift = harness.give(order, to="bob")
    harness.now = gift.expires_at - 1
    # At the deadline clocks disagree: for some of them it is over.
    players = [
        Player(harness.claiming("bob", gift)),
        Player(cancelling(gift)),
        Player(declining(gift)),
        Player(expire_gift(harness, gift), skew_ms=1),
        Player(harness.giving(order, key="giving again"), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        claimed, cancelled, declined, expired, again = answers
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert now["state"] in ("claimed", "cancelled", "declined", "returned")
        assert (now["state"] == "claimed") is not isinstance(claimed, errors.ApiProblem)
        assert (now["state"] == "cancelled") is not isinstance(cancelled, errors.ApiProblem)
        assert (now["state"] == "declined") is not isinstance(declined, errors.ApiProblem)
        # Given again are the units that came back, and they only.
        assert (now["state"] == "claimed") is isinstance(again, errors.UnitsNotAvailable)
        assert not isinstance(expired, errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"claim, cancel, decline, expiry, giving again: {states} states, {ends} ends")


def test_of_three_claims_of_two_shares_two_win(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(quantity=2), shares=2)
    players = [Player(harness.claiming(user, gift)) for user in ("bob", "carol", "dave")]

    def check(answers: list[Any]) -> None:
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert (len(now["claims"]), _won(answers), now["state"]) == (2, 2, "claimed")

    states, ends = play(harness, players, check)
    record_property("figures", f"three claims of two shares: {states} states, {ends} ends")


def test_what_two_claims_leave_of_three_shares_comes_back_once(record_property: Figures) -> None:
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
def test_whenever_the_window_ends_in_between_what_was_not_decided_by_then_is_too_late(
    shares: int, record_property: Figures
) -> None:
    """The clock of all moves on to the deadline before, between or after the calls of each."""
    harness = Harness()
    order = harness.buy(quantity=shares)
    gift = harness.give(order, shares=shares, to="bob" if shares == 1 else None)
    harness.now = gift.expires_at - 1

    def tick(actor: Actor) -> None:
        actor.wait()
        harness.now = gift.expires_at

    ending = cancelling(gift) if shares > 1 else declining(gift)
    players = [
        Player(tick), Player(harness.claiming("bob", gift), ponders=True), Player(ending, ponders=True),
        Player(expire_gift(harness, gift)),
    ]  # fmt: skip

    def check(answers: list[Any]) -> None:
        # Who came too late is told so.
        _, claimed, ended, _ = answers
        now = harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]
        assert (len(now["claims"]) == 1) is not isinstance(claimed, errors.ApiProblem)
        assert (now["state"] in ("cancelled", "declined")) is not isinstance(ended, errors.ApiProblem)

    states, ends = play(harness, players, check)
    record_property("figures", f"the window of {shares} ends in between: {states} states, {ends} ends")


def test_of_gift_refund_and_use_of_one_unit_one_gets_it(record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy()
    players = [Player(harness.giving(order)), Player(refunding_one(harness, order)), Player(harness.using(order))]

    def check(answers: list[Any]) -> None:
        assert _won(answers) == 1

    states, ends = play(harness, players, check)
    record_property("figures", f"gift, refund and use of one unit: {states} states, {ends} ends")


@pytest.mark.parametrize("what", ["buying", "giving", "claiming", "refunding", "using"])
def test_the_same_call_twice_at_once_is_one_call(what: str, record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy(quantity=2)
    act = {
        "buying": lambda: harness.buying(product="scarce", quantity=3),
        "giving": lambda: harness.giving(order, shares=2),
        "refunding": lambda: refunding_one(harness, order),
        "using": lambda: harness.using(order, quantity=2),
        "claiming": lambda: harness.claiming("bob", harness.give(order)),
    }[what]()

    def check(answers: list[Any]) -> None:
        assert _won(answers) == 2
        first, second = (_named(answer) for answer in answers)
        assert first == second

    states, ends = play(harness, [Player(act), Player(act)], check)
    record_property("figures", f"{what} twice at once: {states} states, {ends} ends")


def _named(answer: Any) -> object:
    if isinstance(answer, list):
        return sorted(each.holding_id for each in answer)
    for name in ("holding_id", "gift_id", "refund_id", "order_id"):
        if getattr(answer, name, None):
            return getattr(answer, name)
    raise AssertionError(f"{answer!r} has no id")


def test_whatever_is_counted_at_once_the_last_state_is_what_counts(record_property: Figures) -> None:
    """Two records of one order at once, and its buyer reads a message."""
    harness = Harness()
    order = harness.buy()
    gift = harness.give(order)
    harness.claim("bob", gift)
    given, claimed = harness.records()[:-2], harness.records()[-2:]
    harness.answer(harness.projecting(claimed[:1]))
    message = harness.model.items[harness.model.keys_by_kind["MESSAGE"][0]]

    def reading(actor: Actor) -> object:
        return messaging.mark_read(actor.table, message["message_id"], caller="alice")

    orders = [record for record in given if record["dynamodb"]["Keys"]["sk"]["S"] == "ORDER"]
    players = [Player(_counting([orders[0]])), Player(_counting([orders[-1]])), Player(reading)]

    def check(_: list[Any]) -> None:
        summary = harness.model.items["USER#alice", "SUMMARY"]
        if (summary["parts"], summary["waiting"]) != ({}, {}):
            raise Violation(f"nothing is left to count, and {summary} is")

    states, ends = play(harness, players, check)
    record_property("figures", f"two records and a message read at once: {states} states, {ends} ends")


def _counting(records: list[dict[str, Any]]) -> Act:
    (order_id,) = {record["dynamodb"]["NewImage"]["order_id"]["S"] for record in records}
    return lambda actor: user_summary.keep(actor.table, "alice", [], [user_summary.an_order(order_id)], now=actor.now())
