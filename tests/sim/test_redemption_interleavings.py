"""Every interleaving of tills, an undo, a refund request and the end of validity of one voucher."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from handsel.domain import errors
from handsel.domain.models import Holding, Order
from handsel.domain.states import RefundReason
from handsel.store import holdings, orders, redemptions
from handsel.use_cases.fulfilment import redeeming
from handsel.use_cases.operations import voucher_ends
from handsel.use_cases.refunds import asking
from testkit.simulator.harness import Act, Actor, Harness
from testkit.simulator.operations import ADDRESS_RETENTION_MS, STORE
from tests.sim.test_interleavings import Player, play

pytestmark = pytest.mark.long
Figures = Callable[[str, object], None]


@dataclass(frozen=True)
class Voucher:
    """A voucher that Bob claimed, and the calls about it."""

    harness: Harness
    held: Holding

    def redeeming(self, till: str) -> Act:
        """Return the redemption of a till, which is repeated under the same id."""
        return lambda actor: redeeming.redeem(
            actor.table, self.held.code or "", store_id=STORE, caller=till, redemption_id=till, now=actor.now()
        )

    def undoing(self, till: str, by: str = "mia") -> Act:
        """Return the undo of the redemption of a till."""
        return lambda actor: redeeming.undo(
            actor.table,
            self.harness.call(by, f"undo {till}", actor.now()),
            code=self.held.code or "",
            redemption_id=till,
            store_id=STORE,
            reason="The wrong voucher",
        )

    def asking(self) -> Act:
        return lambda actor: asking.ask(
            actor.table,
            actor.provider,
            self.harness.call("bob", "asking", actor.now()),
            holding_id=self.held.holding_id,
            reason=RefundReason.UNWANTED,
            note=None,
            retention_ms=ADDRESS_RETENTION_MS,
        )

    def ending(self) -> Act:
        """Return the sweep of the timer of the order. It stays due if the voucher changes while the order is read."""

        def act(actor: Actor) -> None:
            with suppress(errors.DataIntegrityError):
                voucher_ends.settle_order(actor.table, self.held.order_id, clock=actor.now, read=actor.table)

        return act

    def ending_alone(self) -> Act:
        """Return the sweep of the timer of the voucher."""
        return lambda actor: voucher_ends.settle_voucher(
            actor.table, self.held.holding_id, clock=actor.now, read=actor.table
        )

    def read(self) -> tuple[Holding, Order]:
        """Return the stored voucher and its order, after checking that they agree with the records of redemptions."""
        items = self.harness.model.items
        voucher = holdings.from_item(items[f"HOLDING#{self.held.holding_id}", "HOLDING"])
        order = orders.from_item(items[f"ORDER#{self.held.order_id}", "ORDER"])
        records = [redemptions.from_item(item) for (_, sk), item in items.items() if sk == "REDEMPTION"]
        present = [each.redemption_id for each in records if each.undone_at is None]
        assert present == ([] if voucher.redemption is None else [voucher.redemption])
        assert (voucher.redeemed_at is None) is (voucher.redemption is None)
        left = [voucher.redeemed_at, voucher.refunded_at, voucher.expired_at]
        assert sum(at is not None for at in left) <= 1
        assert order.refunded == int(voucher.refunded_at is not None or voucher.expired_at is not None)
        return voucher, order


def claimed(harness: Harness) -> Voucher:
    return Voucher(harness, harness.claim("bob", harness.give(harness.buy())))


def redeemed(harness: Harness) -> Voucher:
    """Return a voucher that the till `mia` redeemed, a millisecond before the end of its validity."""
    voucher = claimed(harness)
    harness.now = (voucher.held.valid_until or 0) - 1
    harness.run_until_answered(voucher.redeeming("mia"))
    return voucher


def codes(answers: list[Any]) -> list[str | None]:
    return [answer.code if isinstance(answer, errors.ApiProblem) else None for answer in answers]


def test_one_of_two_tills_and_a_refund_request_gets_the_voucher(record_property: Figures) -> None:
    harness = Harness()
    voucher = claimed(harness)
    acts = voucher.redeeming("mia"), voucher.redeeming("nina"), voucher.asking()

    def check(answers: list[Any]) -> None:
        stored, _ = voucher.read()
        assert codes(answers).count(None) == 1
        winner = codes(answers).index(None)
        assert (stored.redemption, stored.refunded_at is not None) == (("mia", "nina", None)[winner], winner == 2)

    states, ends = play(harness, [Player(act) for act in acts], check)
    record_property("figures", f"two tills and a refund request: {states} states, {ends} ends")


def test_a_till_that_repeats_redeems_once_whatever_is_undone_in_between(record_property: Figures) -> None:
    harness = Harness()
    voucher = claimed(harness)
    acts = voucher.redeeming("mia"), voucher.redeeming("mia"), voucher.undoing("mia")

    def check(answers: list[Any]) -> None:
        stored, _ = voucher.read()
        assert codes(answers)[:2] == [None, None]
        undone = codes(answers)[2] is None
        assert undone or codes(answers)[2] == "not-found"
        assert stored.redemption == (None if undone else "mia")

    states, ends = play(harness, [Player(act) for act in acts], check)
    record_property("figures", f"a till that repeats, and an undo: {states} states, {ends} ends")


def test_after_an_undo_another_till_or_a_refund_request_gets_the_voucher(record_property: Figures) -> None:
    harness = Harness()
    voucher = redeemed(harness)
    acts = voucher.undoing("mia"), voucher.redeeming("nina"), voucher.asking()

    def check(answers: list[Any]) -> None:
        stored, _ = voucher.read()
        undone, till, asked = codes(answers)
        assert undone is None
        assert None in (till, asked) or (till, asked) == ("already-redeemed", "not-refundable")
        assert (till, asked) != (None, None)
        assert stored.redemption == ("nina" if till is None else None)
        assert (stored.refunded_at is not None) is (asked is None)

    states, ends = play(harness, [Player(act) for act in acts], check)
    record_property("figures", f"an undo, another till and a refund request: {states} states, {ends} ends")


def test_two_undos_have_one_effect(record_property: Figures) -> None:
    harness = Harness()
    voucher = redeemed(harness)
    acts = voucher.undoing("mia"), voucher.undoing("mia", by="nina"), voucher.redeeming("mia")

    def check(answers: list[Any]) -> None:
        stored, _ = voucher.read()
        assert codes(answers) == [None] * 3
        first, second, replayed = (redemption for _, redemption in answers)
        assert first == second
        assert replayed.redeemed_at == first.redeemed_at
        assert stored.redemption is None

    states, ends = play(harness, [Player(act) for act in acts], check)
    record_property("figures", f"two undos and a replay: {states} states, {ends} ends")


@pytest.mark.parametrize("before_the_end", [True, False])
def test_an_undo_at_the_end_of_validity_loses_no_refund(record_property: Figures, *, before_the_end: bool) -> None:
    harness = Harness()
    voucher = redeemed(harness)
    harness.now = voucher.held.valid_until or 0
    # The clock of a process may be behind that of another.
    skew = -1 if before_the_end else 0
    players = [Player(voucher.undoing("mia"), skew_ms=skew), Player(voucher.ending()), Player(voucher.ending_alone())]

    def check(answers: list[Any]) -> None:
        voucher.read()
        assert codes(answers) == [None] * 3
        item = harness.model.items[f"HOLDING#{voucher.held.holding_id}", "HOLDING"]
        order = harness.model.items[f"ORDER#{voucher.held.order_id}", "ORDER"]
        if item.get("expired_at") is None:  # a timer is left, which ends it
            assert "due_pk" in item or "due_pk" in order
            harness.run_until_answered(voucher.ending_alone() if "due_pk" in item else voucher.ending())
        stored, _ = voucher.read()
        assert stored.expired_at is not None

    states, ends = play(harness, players, check)
    record_property("figures", f"an undo and two timers at the end: {states} states, {ends} ends")
