"""The records of a gift's life: in every order, twice, and some of them never."""

from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from typing import Any

import pytest

from handsel.use_cases.gifts import expiring, giving
from handsel.use_cases.operations.settling import sweep
from testkit.simulator.environment import MINUTE_MS
from testkit.simulator.harness import Harness
from testkit.simulator.scenario import facts

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


def _expire(harness: Harness, gift_id: str, at: int) -> None:
    harness.now = at + MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)
    assert record["dynamodb"]["Keys"]["pk"]["S"] == f"WINDOW#{gift_id}"
    expiring.restore((actor := harness.actor()).table, record, clock=actor.now)


LIVES = (claimed, claimed_and_returned, cancelled, declined)


def lived(life: Callable[[Harness], None]) -> tuple[Harness, list[Record]]:
    """A life, and its records from giving on: of the purchase before it nothing is left to tell."""
    harness = Harness()
    life(harness)
    records = harness.records()
    bought, rest = records[:2], records[2:]
    harness.answer(harness.projecting(bought))
    harness.published.clear()
    return harness, rest


def _deliver(harness: Harness, records: Iterable[Record]) -> None:
    for record in records:
        harness.answer(harness.projecting([record]))


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_in_every_order_the_records_of_a_life_tell_the_same(
    life: Callable[[Harness], None], record_property: Figures
) -> None:
    harness, records = lived(life)
    start = harness.save()
    _deliver(harness, records)
    expected = harness.state()
    orders = list(permutations(records))
    for order in orders:
        harness.load(start)
        _deliver(harness, order)
        assert harness.state() == expected
    record_property("figures", f"{life.__name__}: {len(records)} records in {len(orders)} orders")


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_record_that_comes_again_at_any_later_time_tells_nothing_more(life: Callable[[Harness], None]) -> None:
    harness, records = lived(life)
    start = harness.save()
    _deliver(harness, records)
    expected = harness.state()
    for again in range(len(records)):
        for place in range(again + 1, len(records) + 1):
            harness.load(start)
            _deliver(harness, [*records[:place], records[again], *records[place:]])
            assert harness.state() == expected


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_what_never_comes_costs_what_it_would_have_told_and_nothing_else(life: Callable[[Harness], None]) -> None:
    harness, records = lived(life)
    start = harness.save()
    _deliver(harness, records)
    everything = told(harness)
    assert everything == set(facts(harness.model)[0])
    for size in range(len(records)):
        for kept in combinations(records, size):
            harness.load(start)
            _deliver(harness, kept)
            assert told(harness) <= everything
            # It comes after all, when somebody replays it.
            _deliver(harness, [record for record in records if record not in kept])
            assert told(harness) == everything


def told(harness: Harness) -> set[tuple[str, ...]]:
    messages = [harness.model.items[where] for where in harness.model.keys_by_kind["MESSAGE"]]
    return {(each["user_id"], each["kind"], each.get("gift_id", "")) for each in messages}


@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("swept", [0, 1, 2])
def test_the_end_of_a_window_is_told_by_either_trigger_however_often(times: int, swept: int) -> None:
    """Also by a record that does not say who deleted the item."""
    if times == swept == 0:
        return
    harness = Harness()
    order = harness.buy(quantity=3)
    gift = harness.give(order, shares=3)
    harness.claim("bob", gift)
    harness.now = gift.expires_at + MINUTE_MS
    harness.memory.expire(harness.now // 1000)
    record = harness.memory.stream[-1]
    harness.written(harness.now)
    for number in range(max(times, swept)):
        if number < times:
            anonymous = {name: value for name, value in record.items() if name != "userIdentity"}
            expiring.restore((actor := harness.actor()).table, anonymous, clock=actor.now)
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
