"""The cost and capacity model, compared with values computed by hand."""

import json
from dataclasses import replace

import pytest

from local.settings import ROOT
from ops.__main__ import main
from ops.model import capacity, cost
from ops.model.capacity import ServiceLimit
from ops.model.cost import MILLION, Step
from ops.model.figures import ASSUMED, Figures, PublicRoute, RequestUnits, Times, figures
from ops.model.published import PRICES, Meter

STEP = Step("do", "Function", transactions=1, body=700, logged=1000, events=2)
# A whole processor keeps the values computed by hand readable.
BY_HAND = Figures(
    units={"do": RequestUnits(reads=1, writes=1, rru=3, wru=4)},
    times={"Function": Times(init_ms=500, warm_ms=10)},
    memory={"Function": 1769},
    parameters={},
    throttles={},
    projector_concurrency=10,
    traced=True,
    alarm_metrics=0,
    public=(),
    snapshots=(),
)


def test_the_duration_of_an_invocation_is_computing_plus_waiting() -> None:
    # 10 ms, one call and two events of 7.6 ms, one transaction of 25 ms.
    assert cost.duration_ms(STEP, BY_HAND) == pytest.approx(57.8)
    # And 1 % of 500 ms.
    assert cost.billed_ms(STEP, BY_HAND) == pytest.approx(62.8)


def test_half_the_memory_doubles_the_computing_time_and_not_the_waiting() -> None:
    half = replace(BY_HAND, memory={"Function": 884.5})
    assert cost.duration_ms(STEP, half) == pytest.approx(67.8)


def test_the_cost_of_a_step_equals_the_value_computed_by_hand() -> None:
    # Per million: 1.00 for API Gateway; 0.20 and 62.8 ms * 1769 / 1024 GB * 0.0000133334 for Lambda; 4 * 0.625 and 3 *
    # 0.125 for DynamoDB; 1,000 bytes, and 250 of the access log, at 0.50 per GB
    # of logs; 5 % of 5.00 for X-Ray; 2.00 for events; 1,000 bytes at
    # 0.09 per GB sent.
    by_service = cost.by_service(cost.usage_of(STEP, BY_HAND))
    assert {name: round(usd * MILLION, 4) for name, usd in by_service.items()} == {
        "DynamoDB": 2.875,
        "EventBridge": 2.0,
        "Lambda": 1.6465,
        "API Gateway": 1.0,
        "CloudWatch": 0.5821,
        "X-Ray": 0.25,
        "Data transfer": 0.0838,
    }
    assert next(iter(by_service)) == "DynamoDB"


def test_a_day_of_public_requests_costs_what_its_limit_allows() -> None:
    route = PublicRoute("ANY /covers/{file}", rate=500, largest=187_304)
    small, large = (cost.usd(usage) for usage in cost.public_usage(route, figures()))
    preview = cost.usd(cost.usage_of(cost.PREVIEW, figures()))
    assert small == pytest.approx(43_200_000 * preview)
    assert large - small == pytest.approx(43_200_000 * 187_000 * 0.09 / 2**30)


def test_every_public_route_has_a_limit_and_a_largest_response() -> None:
    routes = {route.key: route for route in figures().public}
    assert "$default" in routes
    assert all(route.rate > 0 for route in routes.values())
    assert routes["ANY /openapi.json"].largest == (ROOT / "functions" / "public_api" / "openapi.json").stat().st_size


def test_a_step_without_an_http_request_pays_neither_for_api_gateway_nor_for_data_transfer() -> None:
    usage = cost.usage_of(Step("do", "Function"), BY_HAND)
    assert Meter.HTTP_REQUEST not in usage
    assert Meter.SENT not in usage


def test_a_function_without_measurements_has_assumed_times() -> None:
    assert BY_HAND.times_of("Other") == ASSUMED


def test_a_gift_is_eight_requests_of_which_three_fail() -> None:
    calls = cost.usage_of_steps(cost.GIFT, figures())
    assert calls[Meter.HTTP_REQUEST] == cost.CALLS == 8
    assert sum(step in (cost.LATE, cost.RACED) for step in cost.GIFT) == cost.FAILED_CLAIMS == 3


def test_a_gift_takes_the_measured_request_units_of_its_steps() -> None:
    units = figures().units
    steps = (
        *("buy", "give by link", "preview a gift", "claim a voucher", "claim, all are taken", "claim, all are taken"),
        *("claim, another was faster", "read an order", "restore, ended before"),
    )
    giving = cost.gift_usage(figures())
    assert giving[Meter.WRITE] == sum(units[step].wru for step in steps)
    assert giving[Meter.READ] == sum(units[step].rru for step in steps)


def test_costs_by_service_add_up_to_the_total() -> None:
    giving = cost.gift_usage(figures())
    assert sum(cost.by_service(giving).values()) == pytest.approx(cost.usd(giving))


def test_designs_differ_from_this_one_by_the_expected_costs() -> None:
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
    # 0.00065 per hour, half used, compared with 0.625 per million.
    provisioned = 2 * (0.00065 * ours[Meter.WRITE] + 0.00013 * ours[Meter.READ]) * MILLION / 3600
    paid_by_request = 0.625 * ours[Meter.WRITE] + 0.125 * ours[Meter.READ]
    assert more("with provisioned capacity, half used", "DynamoDB") == pytest.approx(provisioned - paid_by_request)
    assert cases["with a relational database"].monthly == pytest.approx(87.6)
    assert "DynamoDB" not in cost.by_service(cases["with a relational database"].usage)
    # 2,628,000 s per month.
    assert cases["with SnapStart"].monthly == pytest.approx(
        sum(measured.memory[name] for name in measured.snapshots) / 1024 * 2_628_000 * 0.0000015046
    )


def test_a_change_without_savings_is_not_listed() -> None:
    saved = {
        traced: {case.name: cost.usd(case.usage) * MILLION for case in cost.savings(replace(figures(), traced=traced))}
        for traced in (True, False)
    }
    assert saved[True]["`Tracing: PassThrough`"] < -2
    assert "`Tracing: PassThrough`" not in saved[False]


def test_a_step_without_writes_waits_for_no_transaction() -> None:
    reading = replace(BY_HAND, units={"do": RequestUnits(reads=2, writes=0, rru=3, wru=0)})
    assert cost.duration_ms(STEP, reading) == pytest.approx(10 + 4 * 7.6)


def test_a_price_is_per_unit_of_its_meter() -> None:
    assert PRICES[Meter.WRITE].each == pytest.approx(0.000000625)
    assert PRICES[Meter.GB_SECOND].each == 0.0000133334
    assert set(PRICES) == set(Meter)


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_a_limit_is_reached_at_full_use() -> None:
    limit = ServiceLimit("a limit", 1000, 4, "requests", "", "", "")
    assert limit.gifts == 250
    assert limit.usage_at(250) == 1
    assert limit.usage_at(1000) == 4


def test_limits_are_sorted_by_the_number_of_gifts_they_allow() -> None:
    reached = [limit.gifts for limit in capacity.limits(figures())]
    assert reached == sorted(reached)


def test_limits_equal_the_values_computed_by_hand() -> None:
    reached = {limit.name: limit.gifts for limit in capacity.limits(figures())}
    assert reached["the throttle of all requests"] == figures().parameters["ThrottleRateLimit"] / 13
    assert reached["the throttle of assets"] == 1000 / 3
    assert reached["the throttle of claims"] == 500 / 4
    # Eight requests; and the page, its cover and three assets.
    assert reached["API Gateway"] == pytest.approx(10_000 / 13)
    # Ten invocations, of which each processes ten requests per second.
    assert reached["Lambda, requests in a new account"] == pytest.approx(100 / 13)
    assert 13 < reached["Lambda, concurrency in a new account"] < 15
    # Sixteen shards; one entry is put and one is deleted.
    assert reached["due index, open gifts"] == 8000
    # Two shards.
    assert reached["due index, unshipped parcels"] == 1000
    assert reached["one store, read"] == 1000


def test_settling_is_bound_by_waiting_or_by_the_processor() -> None:
    # Ten concurrent calls of 25 ms each; or a whole processor, 4 ms each.
    assert capacity.settled_per_second("Function", 1, BY_HAND) == pytest.approx(400)
    assert capacity.settled_per_second("Function", 4, BY_HAND) == pytest.approx(250)
    half = replace(BY_HAND, memory={"Function": 884.5})
    assert capacity.settled_per_second("Function", 4, half) == pytest.approx(125)


def test_twice_the_concurrency_halves_the_use_of_a_shard() -> None:
    measured = figures()
    twice = replace(measured, projector_concurrency=2 * measured.projector_concurrency)
    (_, once), (_, faster) = capacity.stream_consumers(measured), capacity.stream_consumers(twice)
    assert faster.utilization == pytest.approx(once.utilization / 2)


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["cost", "capacity"])
def test_a_report_is_printed_without_calling_aws(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 0
    shown = capsys.readouterr().out
    assert main([command, "--json"]) == 0
    sections = json.loads(capsys.readouterr().out)
    assert all(section["title"] in shown for section in sections)
    assert "*" not in shown
