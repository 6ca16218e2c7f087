"""The stream records of a gift: in every order, repeated, and with some of them lost."""

from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from typing import Any

import pytest

from handsel.use_cases.gifts import expiring, giving
from handsel.use_cases.operations.settling import sweep
from testkit.simulator.environment import MINUTE_MS
from testkit.simulator.harness import AT_END_REFUND, AT_END_TO_CAROL, Harness
from testkit.simulator.scenario import expected_effects

Record = dict[str, Any]
Figures = Callable[[str, object], None]


def claimed(harness: Harness) -> None:
    harness.claim("bob", harness.give(harness.buy(), to="bob"))


def claimed_and_returned(harness: Harness) -> None:
    gift = harness.give(harness.buy(quantity=2), shares=2)
    harness.claim("bob", gift)
    _expire(harness, gift.gift_id, gift.expires_at)


def cancelled(harness: Harness) -> None:
    gift = harness.give(harness.buy(), to="bob")
    giving.cancel((actor := harness.actor()).table, gift.gift_id, caller="alice", clock=actor.now)


def declined(harness: Harness) -> None:
    gift = harness.give(harness.buy(), to="bob")
    giving.decline((actor := harness.actor()).table, gift.gift_id, caller="bob", clock=actor.now)


def refunded(harness: Harness) -> None:
    gift = harness.give(harness.buy(quantity=2), shares=2, at_end=AT_END_REFUND)
    harness.claim("bob", gift)
    _expire(harness, gift.gift_id, gift.expires_at)


def passed_on(harness: Harness) -> None:
    gift = harness.give(harness.buy(product="parcel"), at_end=AT_END_TO_CAROL)
    _expire(harness, gift.gift_id, gift.expires_at)


def _expire(harness: Harness, gift_id: str, at: int) -> None:
    harness.now = at + MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)
    assert record["dynamodb"]["Keys"]["pk"]["S"] == f"WINDOW#{gift_id}"
    expiring.expire_gift((actor := harness.actor()).table, record, clock=actor.now)


LIFE_CYCLES = (claimed, claimed_and_returned, cancelled, declined, refunded, passed_on)


def record_life_cycle(life_cycle: Callable[[Harness], None]) -> tuple[Harness, list[Record]]:
    """Run a life cycle, and return its records from the gift on. The purchase is already projected."""
    harness = Harness()
    life_cycle(harness)
    records = harness.records()
    bought, rest = records[:2], records[2:]
    harness.run_until_answered(harness.projecting(bought))
    harness.published.clear()
    return harness, rest


def _deliver(harness: Harness, records: Iterable[Record]) -> None:
    for record in records:
        harness.run_until_answered(harness.projecting([record]))


@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_records_in_every_order_lead_to_the_same_state(
    life_cycle: Callable[[Harness], None], record_property: Figures
) -> None:
    harness, records = record_life_cycle(life_cycle)
    start = harness.save()
    _deliver(harness, records)
    expected = harness.state()
    orders = list(permutations(records))
    for order in orders:
        harness.load(start)
        _deliver(harness, order)
        assert harness.state() == expected
    record_property("figures", f"{life_cycle.__name__}: {len(records)} records in {len(orders)} orders")


@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_a_record_that_is_repeated_at_any_later_time_changes_nothing(life_cycle: Callable[[Harness], None]) -> None:
    harness, records = record_life_cycle(life_cycle)
    start = harness.save()
    _deliver(harness, records)
    expected = harness.state()
    for repeated in range(len(records)):
        for place in range(repeated + 1, len(records) + 1):
            harness.load(start)
            _deliver(harness, [*records[:place], records[repeated], *records[place:]])
            assert harness.state() == expected


@pytest.mark.parametrize("life_cycle", LIFE_CYCLES, ids=lambda life_cycle: life_cycle.__name__)
def test_a_lost_record_costs_only_its_own_messages(life_cycle: Callable[[Harness], None]) -> None:
    harness, records = record_life_cycle(life_cycle)
    start = harness.save()
    _deliver(harness, records)
    everything = sent_messages(harness)
    assert everything == set(expected_effects(harness.model)[0])
    # Until its record arrives, a cancellation has not replaced the announcement of the gift.
    replaced = {(user, "gift_received", gift_id) for user, kind, gift_id in everything if kind == "gift_cancelled"}
    for size in range(len(records)):
        for delivered in combinations(records, size):
            harness.load(start)
            _deliver(harness, delivered)
            assert sent_messages(harness) <= everything | replaced
            # An operator replays the lost records.
            _deliver(harness, [record for record in records if record not in delivered])
            assert sent_messages(harness) == everything


def sent_messages(harness: Harness) -> set[tuple[str, ...]]:
    messages = [item for (_, sk), item in harness.model.items.items() if sk.startswith("MESSAGE#")]
    return {(each["user_id"], each["kind"], each.get("gift_id", "")) for each in messages}


@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("swept", [0, 1, 2])
def test_a_gift_expires_once_however_often_the_stream_and_the_sweep_trigger_it(times: int, swept: int) -> None:
    """Expire a gift by records without `userIdentity`, and by sweeps."""
    if times == swept == 0:
        return
    harness = Harness()
    order = harness.buy(quantity=3, product="parcel")  # whose units stay after the claim window
    gift = harness.give(order, shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at + MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)
    for number in range(max(times, swept)):
        if number < times:
            anonymous = {name: value for name, value in record.items() if name != "userIdentity"}
            expiring.expire_gift((actor := harness.actor()).table, anonymous, clock=actor.now)
        if number < swept:
            actor = harness.actor()
            report = sweep(
                actor.table,
                actor.provider,
                clock=actor.now,
                deadline=harness.now + MINUTE_MS,
                on_failure=lambda *_: None,
            )
            assert not report.failed
    now = harness.model.items[f"ORDER#{order.order_id}", "ORDER"]
    assert (now["available"], now["gifted"], now["reservations"]) == (2, 1, {})
