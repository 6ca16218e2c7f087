"""What a gift costs and how many there can be: held against what is computed by hand."""

import json
from dataclasses import replace

import pytest

from ops.__main__ import main
from ops.model import capacity, cost
from ops.model.capacity import ServiceLimit
from ops.model.cost import MILLION, Step
from ops.model.figures import ASSUMED, Figures, RequestUnits, Times, figures
from ops.model.published import PRICES, Meter

STEP = Step("do", "Function", transactions=1, body=700, logged=1000, events=2)
# A whole processor, so that what is computed by hand stays readable.
BY_HAND = Figures(
    units={"do": RequestUnits(reads=1, writes=1, rru=3, wru=4)},
    times={"Function": Times(init_ms=500, warm_ms=10)},
    memory={"Function": 1769},
    parameters={},
    projector_concurrency=10,
    traced=True,
    alarm_metrics=0,
    snapshots=(),
)


def test_an_invocation_takes_its_computing_and_its_waiting() -> None:
    # 10 ms, one call and two events of 7.6 ms, one transaction of 25 ms
    assert cost.duration_ms(STEP, BY_HAND) == pytest.approx(57.8)
    # and 1 % of 500 ms
    assert cost.billed_ms(STEP, BY_HAND) == pytest.approx(62.8)


def test_with_half_the_memory_computing_takes_twice_as_long_and_waiting_does_not() -> None:
    half = replace(BY_HAND, memory={"Function": 884.5})
    assert cost.duration_ms(STEP, half) == pytest.approx(67.8)


def test_a_step_costs_what_is_computed_by_hand() -> None:
    # Of a million: 1.00 for API Gateway; 0.20 and 62.8 ms * 1769 / 1024 GB * 0.0000133334 for Lambda; 4 * 0.625 and 3 * 0.125
    # for DynamoDB; 1,000 bytes at 0.50 a GB of logs; 5 % of 5.00 for X-Ray; 2.00 for events; 1,000 bytes at 0.09 a GB sent.
    by_service = cost.by_service(cost.usage_of(STEP, BY_HAND))
    assert {name: round(usd * MILLION, 4) for name, usd in by_service.items()} == {
        "DynamoDB": 2.875,
        "EventBridge": 2.0,
        "Lambda": 1.6465,
        "API Gateway": 1.0,
        "CloudWatch": 0.4657,
        "X-Ray": 0.25,
        "Data transfer": 0.0838,
    }
    assert next(iter(by_service)) == "DynamoDB"


def test_what_is_not_called_by_people_pays_neither_for_api_gateway_nor_for_an_answer() -> None:
    usage = cost.usage_of(Step("do", "Function"), BY_HAND)
    assert Meter.HTTP_REQUEST not in usage
    assert Meter.SENT not in usage


def test_a_function_that_was_not_measured_takes_what_is_assumed() -> None:
    assert BY_HAND.times_of("Other") == ASSUMED


def test_a_gift_is_eight_calls_of_which_three_lose() -> None:
    calls = cost.usage_of_steps(cost.GIFT, figures())
    assert calls[Meter.HTTP_REQUEST] == cost.CALLS == 8
    assert sum(step in (cost.LATE, cost.RACED) for step in cost.GIFT) == cost.FAILED_CLAIMS == 3


def test_a_gift_takes_the_units_that_were_measured_of_its_steps() -> None:
    units = figures().units
    steps = (
        *("buy", "give by link", "preview a gift", "claim a voucher", "claim, all are taken", "claim, all are taken"),
        *("claim, another was faster", "read an order", "restore, ended before"),
    )
    giving = cost.gift_usage(figures())
    assert giving[Meter.WRITE] == sum(units[step].wru for step in steps)
    assert giving[Meter.READ] == sum(units[step].rru for step in steps)


def test_services_and_meters_add_up_to_the_same() -> None:
    giving = cost.gift_usage(figures())
    assert sum(cost.by_service(giving).values()) == pytest.approx(cost.usd(giving))


def test_designs_differ_from_this_one_by_what_they_say() -> None:
    measured = figures()
    cases = {case.name: case for case in cost.designs(measured)}
    ours = cases["this design"].usage

    def more(name: str, *services: str) -> float:
        ours_by, by = cost.by_service(ours), cost.by_service(cases[name].usage)
        return MILLION * sum(by.get(each, 0) - ours_by.get(each, 0) for each in services)

    assert ours == cost.gift_usage(measured)
    assert more("with a REST API", "API Gateway") == pytest.approx(8 * 2.50)
    assert more("with an idempotency table", "DynamoDB") == pytest.approx(12 * 0.625)
    assert more("with a workflow for each gift", "Step Functions") == pytest.approx(75)
    assert more("with a workflow for each gift", "DynamoDB") == pytest.approx(-2 * 0.625)
    assert more("with time to live alone", "DynamoDB") == pytest.approx(-4 * 0.625)
    assert more("on x86_64", "Lambda") == pytest.approx(ours[Meter.GB_SECOND] * (16.6667 - 13.3334))
    # 0.00065 an hour, half used, against 0.625 for a million
    provisioned = 2 * (0.00065 * ours[Meter.WRITE] + 0.00013 * ours[Meter.READ]) * MILLION / 3600
    paid_by_request = 0.625 * ours[Meter.WRITE] + 0.125 * ours[Meter.READ]
    assert more("with provisioned capacity, half used", "DynamoDB") == pytest.approx(provisioned - paid_by_request)
    assert cases["with a relational database"].monthly == pytest.approx(87.6)
    assert "DynamoDB" not in cost.by_service(cases["with a relational database"].usage)
    # 2,628,000 s a month
    assert cases["with SnapStart"].monthly == pytest.approx(
        sum(measured.memory[name] for name in measured.snapshots) / 1024 * 2_628_000 * 0.0000015046
    )


def test_what_saves_nothing_is_no_saving() -> None:
    saved = {
        traced: {case.name: cost.usd(case.usage) * MILLION for case in cost.savings(replace(figures(), traced=traced))}
        for traced in (True, False)
    }
    assert saved[True]["`Tracing: PassThrough`"] < -2
    assert "`Tracing: PassThrough`" not in saved[False]


def test_a_step_that_writes_nothing_waits_for_no_transaction() -> None:
    reading = replace(BY_HAND, units={"do": RequestUnits(reads=2, writes=0, rru=3, wru=0)})
    assert cost.duration_ms(STEP, reading) == pytest.approx(10 + 4 * 7.6)


def test_a_price_is_for_one_of_what_is_counted() -> None:
    assert PRICES[Meter.WRITE].each == pytest.approx(0.000000625)
    assert PRICES[Meter.GB_SECOND].each == 0.0000133334
    assert set(PRICES) == set(Meter)


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_a_limit_is_reached_where_all_of_it_is_used() -> None:
    limit = ServiceLimit("a limit", 1000, 4, "requests", "", "", "")
    assert limit.gifts == 250
    assert limit.usage_at(250) == 1
    assert limit.usage_at(1000) == 4


def test_limits_come_in_the_order_in_which_they_are_reached() -> None:
    reached = [limit.gifts for limit in capacity.limits(figures())]
    assert reached == sorted(reached)


def test_limits_are_what_is_computed_by_hand() -> None:
    reached = {limit.name: limit.gifts for limit in capacity.limits(figures())}
    throttles = figures().parameters
    assert reached["the throttle of all requests"] == throttles["ThrottleRateLimit"] / 8
    assert reached["the throttle of claims"] == throttles["ClaimRateLimit"] / 4
    assert reached["API Gateway"] == 1250
    # Sixteen shards, an entry put and one deleted.
    assert reached["due index, open gifts"] == 8000
    assert reached["one store, read"] == 1000


def test_settling_is_bound_by_waiting_or_by_the_processor() -> None:
    # Ten at a time, 25 ms each; or a whole processor, 4 ms each.
    assert capacity.settled_per_second("Function", 1, BY_HAND) == pytest.approx(400)
    assert capacity.settled_per_second("Function", 4, BY_HAND) == pytest.approx(250)
    half = replace(BY_HAND, memory={"Function": 884.5})
    assert capacity.settled_per_second("Function", 4, half) == pytest.approx(125)


def test_more_concurrent_projecting_takes_more_of_a_shard() -> None:
    measured = figures()
    twice = replace(measured, projector_concurrency=2 * measured.projector_concurrency)
    (_, once), (_, faster) = capacity.stream_consumers(measured), capacity.stream_consumers(twice)
    assert faster.utilization == pytest.approx(once.utilization / 2)


# --- as commands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["cost", "capacity"])
def test_a_page_is_shown_without_asking_anybody(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 0
    shown = capsys.readouterr().out
    assert main([command, "--json"]) == 0
    sections = json.loads(capsys.readouterr().out)
    assert all(section["title"] in shown for section in sections)
    assert "*" not in shown
