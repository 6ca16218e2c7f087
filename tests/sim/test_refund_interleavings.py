"""Every interleaving of calls that compete for the units of what was claimed: redemption, refund, end, carrier."""

from typing import Any

import pytest

from handsel.domain import errors
from handsel.domain.models import Holding, RefundRequest
from handsel.domain.states import ShipmentStatus
from testkit.simulator.harness import Harness
from tests.sim.test_interleavings import Figures, Player, play

pytestmark = pytest.mark.long


def _ends(harness: Harness, held: Holding) -> set[str]:
    """Return how a voucher ended. The model checks after each write that units and money moved with it, once."""
    item = harness.model.items[f"HOLDING#{held.holding_id}", "HOLDING"]
    return {name for name in ("redeemed_at", "refunded_at", "expired_at") if name in item}


def test_one_of_redemption_refund_and_end_gets_a_voucher(record_property: Figures) -> None:
    """Redeem and refund a voucher one millisecond before its end, which some clocks have reached."""
    harness = Harness()
    order = harness.buy(quantity=2)
    held = harness.claim("bob", harness.give(order))
    assert held.valid_until is not None
    harness.now = held.valid_until - 1
    players = [
        Player(harness.redeeming(held)),
        Player(harness.asking_refund(held)),
        Player(harness.ending_vouchers(order), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        redeemed, asked, ended = answers
        found = _ends(harness, held)
        assert len(found) == 1
        assert ("redeemed_at" in found) is not isinstance(redeemed, errors.ApiProblem)
        assert ("refunded_at" in found) is isinstance(asked, RefundRequest)
        if "expired_at" in found:
            assert isinstance(redeemed, errors.VoucherExpired)
            assert isinstance(asked, errors.NotRefundable)
            assert asked.reason == "expired"
        # The end repays the unit that nobody took in any case.
        assert ended is not None
        stored = harness.model.items[f"ORDER#{order.order_id}", "ORDER"]
        assert (stored["available"], stored["refunded"]) == (0, 1 + ("redeemed_at" not in found))

    states, ends = play(harness, players, check)
    record_property("figures", f"redemption, refund, end of a voucher: {states} states, {ends} ends")


def test_after_an_undo_one_of_refund_redemption_and_end_gets_the_voucher(record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy()
    held = harness.claim("bob", harness.give(order))
    assert held.valid_until is not None
    harness.now = held.valid_until - 1
    harness.redeeming(held)(harness.actor())
    players = [
        Player(harness.undoing(held)),
        Player(harness.asking_refund(held)),
        Player(harness.redeeming(held, key="again")),
        Player(harness.ending_vouchers(order), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        undone, asked, redeemed, _ = answers
        assert not isinstance(undone, errors.ApiProblem)
        found = _ends(harness, held)
        assert ("refunded_at" in found) is isinstance(asked, RefundRequest)
        assert ("redeemed_at" in found) is not isinstance(redeemed, errors.ApiProblem)
        # Otherwise it is usable, or its own timer ends it: the end of the order may have passed it by as redeemed.
        assert len(found) == 1 or "due_sk" in harness.model.items[f"HOLDING#{held.holding_id}", "HOLDING"]

    states, ends = play(harness, players, check)
    record_property("figures", f"undo, refund, redemption, end of a voucher: {states} states, {ends} ends")


def test_a_parcel_is_picked_up_or_cancelled(record_property: Figures) -> None:
    harness = Harness()
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    players = [
        Player(harness.asking_refund(held)),
        Player(harness.reporting(held, ShipmentStatus.PICKED_UP)),
        Player(harness.reporting(held, ShipmentStatus.IN_TRANSIT, at=1)),
    ]

    def check(answers: list[Any]) -> None:
        asked, *_ = answers
        sent = harness.model.items[f"SHIPMENT#{held.shipment_id}", "SHIPMENT"]
        is_cancelled = isinstance(asked, RefundRequest)
        assert ("cancelled_at" in sent) is is_cancelled is ("refunded_at" in _ends(harness, held))
        assert is_cancelled or (isinstance(asked, errors.NotRefundable) and asked.reason == "on-its-way")
        # A report is kept in any case, and never brings a cancelled parcel back.
        assert set(sent["events"]) == {"picked_up", "in_transit"}
        assert sent["owner_pk"].endswith("#cancelled" if is_cancelled else "#in_transit")

    states, ends = play(harness, players, check)
    record_property("figures", f"refund of a parcel that is picked up: {states} states, {ends} ends")


def test_a_lost_parcel_is_refunded_at_once_or_delivered(record_property: Figures) -> None:
    """Ask for a refund of a lost parcel while the carrier delivers it nevertheless."""
    harness = Harness()
    held = harness.claim("bob", harness.give(harness.buy(product="parcel")))
    harness.reporting(held, ShipmentStatus.LOST)(harness.actor())
    players = [
        Player(harness.asking_refund(held)),
        Player(harness.asking_refund(held, key="asking twice")),
        Player(harness.reporting(held, ShipmentStatus.DELIVERED, at=1)),
    ]

    def check(answers: list[Any]) -> None:
        asked = [each for each in answers[:2] if isinstance(each, RefundRequest)]
        (refused,) = (each for each in answers[:2] if isinstance(each, errors.NotRefundable))
        assert len(asked) == 1
        sent = harness.model.items[f"SHIPMENT#{held.shipment_id}", "SHIPMENT"]
        assert sent["owner_pk"].endswith("#delivered")
        # Delivered goods wait for the merchant; those that were lost when the holder asked do not.
        is_refunded = "refunded_at" in _ends(harness, held)
        assert (asked[0].state == "requested") is not is_refunded
        assert refused.reason == ("refunded" if is_refunded else "already-requested")

    states, ends = play(harness, players, check)
    record_property("figures", f"two refunds of a lost parcel that arrives: {states} states, {ends} ends")


def test_holder_and_payer_are_refunded_once(record_property: Figures) -> None:
    harness = Harness()
    order = harness.buy(policy_id="eu")
    held = harness.claim("bob", harness.give(order))
    players = [
        Player(harness.asking_refund(held)),
        Player(harness.asking_refund(held, "alice")),
        Player(harness.redeeming(held)),
    ]

    def check(answers: list[Any]) -> None:
        holder, payer, redeemed = answers
        won = [each for each in answers if not isinstance(each, errors.ApiProblem)]
        assert len(won) == 1
        assert isinstance(redeemed, errors.VoucherRefunded) is not (redeemed in won)
        if holder not in won:
            assert holder.reason == ("redeemed" if redeemed in won else "refunded")
        if payer not in won:
            # A payer does not learn what the holder did.
            assert payer.reason == "not-possible"

    states, ends = play(harness, players, check)
    record_property("figures", f"refund by the holder and the payer, redemption: {states} states, {ends} ends")


def test_a_buyer_s_refund_and_the_end_of_vouchers_repay_each_unit_once(record_property: Figures) -> None:
    """Refund an available unit, and a voucher of own use, while all end. The total is not a multiple of the units."""
    harness = Harness()
    order = harness.buy(quantity=2)
    (held,) = harness.using(order)(harness.actor())
    assert held.valid_until is not None
    harness.now = held.valid_until - 1
    players = [
        Player(harness.asking_refund(held)),
        Player(harness.ending_vouchers(order), skew_ms=1),
        Player(harness.ending_vouchers(order), skew_ms=1),
    ]

    def check(answers: list[Any]) -> None:
        asked, *ended = answers
        assert isinstance(asked, RefundRequest) is (_ends(harness, held) == {"refunded_at"})
        assert sum(each is not None for each in ended) == 1
        stored = harness.model.items[f"ORDER#{order.order_id}", "ORDER"]
        assert (stored["available"], stored["used"], stored["refunded"]) == (0, 0, 2)

    states, ends = play(harness, players, check)
    record_property("figures", f"refund of own use, end of vouchers twice: {states} states, {ends} ends")
