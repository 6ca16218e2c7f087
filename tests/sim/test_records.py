"""The records of a gift's life: in every order, twice, and some of them never."""

from collections.abc import Callable, Iterable
from itertools import combinations, permutations
from typing import Any

import pytest

from handsel.use_cases.gifts import expiring, giving
from handsel.use_cases.operations.settling import sweep
from tests.sim.scenario import facts
from tests.sim.stage import Stage
from tests.sim.world import MINUTE_MS

Record = dict[str, Any]
Figures = Callable[[str, object], None]


def claimed(stage: Stage) -> None:
    stage.claim("bob", stage.give(stage.buy(), to="bob"))


def claimed_and_returned(stage: Stage) -> None:
    gift = stage.give(stage.buy(quantity=2), shares=2)
    stage.claim("bob", gift)
    _expire(stage, gift.gift_id, gift.expires_at)


def cancelled(stage: Stage) -> None:
    gift = stage.give(stage.buy(), to="bob")
    giving.cancel((actor := stage.actor()).table, gift.gift_id, caller="alice", clock=actor.now)


def declined(stage: Stage) -> None:
    gift = stage.give(stage.buy(), to="bob")
    giving.decline((actor := stage.actor()).table, gift.gift_id, caller="bob", clock=actor.now)


def _expire(stage: Stage, gift_id: str, at: int) -> None:
    stage.now = at + MINUTE_MS
    stage.memory.expire(stage.now // 1000)
    record = stage.memory.stream[-1]
    stage.written(stage.now)
    assert record["dynamodb"]["Keys"]["pk"]["S"] == f"WINDOW#{gift_id}"
    expiring.restore((actor := stage.actor()).table, record, clock=actor.now)


LIVES = (claimed, claimed_and_returned, cancelled, declined)


def lived(life: Callable[[Stage], None]) -> tuple[Stage, list[Record]]:
    """A life, and its records from giving on: of the purchase before it nothing is left to tell."""
    stage = Stage()
    life(stage)
    records = stage.records()
    bought, rest = records[:2], records[2:]
    stage.answer(stage.projecting(bought))
    stage.published.clear()
    return stage, rest


def _deliver(stage: Stage, records: Iterable[Record]) -> None:
    for record in records:
        stage.answer(stage.projecting([record]))


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_in_every_order_the_records_of_a_life_tell_the_same(
    life: Callable[[Stage], None], record_property: Figures
) -> None:
    stage, records = lived(life)
    start = stage.save()
    _deliver(stage, records)
    expected = stage.state()
    orders = list(permutations(records))
    for order in orders:
        stage.load(start)
        _deliver(stage, order)
        assert stage.state() == expected
    record_property("figures", f"{life.__name__}: {len(records)} records in {len(orders)} orders")


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_record_that_comes_again_at_any_later_time_tells_nothing_more(life: Callable[[Stage], None]) -> None:
    stage, records = lived(life)
    start = stage.save()
    _deliver(stage, records)
    expected = stage.state()
    for again in range(len(records)):
        for place in range(again + 1, len(records) + 1):
            stage.load(start)
            _deliver(stage, [*records[:place], records[again], *records[place:]])
            assert stage.state() == expected


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_what_never_comes_costs_what_it_would_have_told_and_nothing_else(life: Callable[[Stage], None]) -> None:
    stage, records = lived(life)
    start = stage.save()
    _deliver(stage, records)
    everything = told(stage)
    assert everything == set(facts(stage.ledger)[0])
    for size in range(len(records)):
        for kept in combinations(records, size):
            stage.load(start)
            _deliver(stage, kept)
            assert told(stage) <= everything
            # It comes after all, when somebody replays it.
            _deliver(stage, [record for record in records if record not in kept])
            assert told(stage) == everything


def told(stage: Stage) -> set[tuple[str, ...]]:
    messages = [stage.ledger.items[where] for where in stage.ledger.made["MESSAGE"]]
    return {(each["user_id"], each["kind"], each.get("gift_id", "")) for each in messages}


@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("swept", [0, 1, 2])
def test_the_end_of_a_window_is_told_by_either_trigger_however_often(times: int, swept: int) -> None:
    """Also by a record that does not say who deleted the item."""
    if times == swept == 0:
        return
    stage = Stage()
    order = stage.buy(quantity=3)
    gift = stage.give(order, shares=3)
    stage.claim("bob", gift)
    stage.now = gift.expires_at + MINUTE_MS
    stage.memory.expire(stage.now // 1000)
    record = stage.memory.stream[-1]
    stage.written(stage.now)
    for number in range(max(times, swept)):
        if number < times:
            anonymous = {name: value for name, value in record.items() if name != "userIdentity"}
            expiring.restore((actor := stage.actor()).table, anonymous, clock=actor.now)
        if number < swept:
            actor = stage.actor()
            report = sweep(
                actor.table,
                actor.till,
                clock=actor.now,
                deadline=stage.now + MINUTE_MS,
                on_failure=lambda *_: None,
            )
            assert not report.failed
    now = stage.ledger.items[f"ORDER#{order.order_id}", "ORDER"]
    assert (now["available"], now["gifted"], now["reservations"]) == (2, 1, {})
