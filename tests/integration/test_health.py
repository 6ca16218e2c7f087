"""The scheduled health function: its metrics, and that it finds violations without reading the whole table."""

import json
from typing import Any

import pytest

from handsel.store.keys import DUE_SHARDS
from testkit.handlers.stack import DAY, Stack

PERIOD = 300_000
CLEAR = {
    "OldestUnsettledGiftSeconds": 0,
    "UnsettledGifts": 0,
    "OverduePayments": 0,
    "OverdueRefunds": 0,
    "OverdueVouchers": 0,
    "OverdueShipments": 0,
    "OverdueReports": 0,
    "InvariantViolation": 0,
}


def collect_health(stack: Stack) -> dict[str, int]:
    health: dict[str, int] = stack.invoke("HealthFunction", {})
    return health


def collect_health_of_all_shards(stack: Stack) -> dict[str, int]:
    """Return the maximum of each metric over all shards."""
    found: dict[str, int] = {}
    for _ in range(DUE_SHARDS):
        found = {name: max(count, found.get(name, 0)) for name, count in collect_health(stack).items()}
        stack.now += PERIOD
    return found


def metrics_in(output: str) -> dict[str, tuple[float, str]]:
    """Return value and unit of each metric in a function's output, by name."""
    lines = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    found = {}
    for line in lines:
        for group in line["_aws"]["CloudWatchMetrics"]:
            assert group["Dimensions"] == [["service"]]
            for metric in group["Metrics"]:
                found[metric["Name"]] = line[metric["Name"]][0], metric["Unit"]
    return found


def add_a_unit(stack: Stack, order: dict[str, Any]) -> None:
    stack.client.update_item(
        TableName="handsel-test",
        Key={"pk": {"S": f"ORDER#{order['order_id']}"}, "sk": {"S": "ORDER"}},
        UpdateExpression="SET available = available + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def test_on_a_healthy_table_every_metric_is_zero_and_orders_are_audited(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    order = stack.buy(quantity=3)
    stack.claim("bob", stack.give(order, shares=2))
    stack.give(order)
    capsys.readouterr()
    found = collect_health_of_all_shards(stack)
    assert found.pop("OrdersAudited") == 1
    assert found == CLEAR
    metrics = metrics_in(capsys.readouterr().out)
    assert metrics.keys() == {*CLEAR, "OrdersAudited"}
    assert metrics["OldestUnsettledGiftSeconds"] == (0, "Seconds")


def test_an_unsettled_gift_is_reported_with_its_age(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    stack.give(order)
    stack.now += 1_000
    stack.give(order)
    stack.now += DAY + PERIOD - 999
    assert collect_health(stack).items() >= {"OldestUnsettledGiftSeconds": 300, "UnsettledGifts": 1}.items()
    stack.sweep()
    assert collect_health(stack).items() >= CLEAR.items()


@pytest.mark.corrupts
def test_overdue_payments_and_refunds_are_counted(stack: Stack) -> None:
    order = stack.buy()
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1})
    (refund,) = (item for item in stack.all_items() if item["sk"] == "REFUND")
    stack.client.update_item(
        TableName="handsel-test",
        Key={"pk": {"S": refund["pk"]}, "sk": {"S": "REFUND"}},
        UpdateExpression="SET #status = :pending, due_pk = :pk, due_sk = :sk",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":pending": {"S": "pending"},
            ":pk": {"S": "REFUNDS#00"},
            ":sk": {"S": f"{stack.now + 30_000:013d}#{refund['refund_id']}"},
        },
    )
    stack.now += 30_000 + PERIOD
    assert collect_health(stack).items() >= CLEAR.items()
    stack.now += 1
    assert collect_health(stack).items() >= {"OverduePayments": 1, "OverdueRefunds": 1}.items()


def test_overdue_vouchers_are_counted(stack: Stack) -> None:
    stack.buy()
    stack.now += 89 * DAY
    stack.sweep()
    stack.now += DAY + PERIOD
    assert collect_health(stack).items() >= CLEAR.items()
    stack.now += 1
    assert collect_health(stack)["OverdueVouchers"] == 1
    stack.sweep()
    assert collect_health(stack).items() >= CLEAR.items()


@pytest.mark.corrupts
def test_an_extra_unit_is_found_within_sixteen_runs(stack: Stack) -> None:
    add_a_unit(stack, order := stack.buy())
    assert collect_health_of_all_shards(stack)["InvariantViolation"] == 0, "no gift refers to the order yet"
    stack.give(order)
    assert collect_health_of_all_shards(stack).items() >= {"InvariantViolation": 1}.items()


@pytest.mark.corrupts
def test_the_order_of_an_ended_gift_is_found_through_another_gift_of_its_giver(stack: Stack) -> None:
    order = stack.buy()
    gift = stack.give(order)
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
    stack.give(stack.buy())
    add_a_unit(stack, order)
    found = collect_health_of_all_shards(stack)
    assert (found["InvariantViolation"], found["OrdersAudited"]) == (1, 2)


@pytest.mark.corrupts
def test_a_claim_without_its_holding_is_a_violation(stack: Stack) -> None:
    gift = stack.give(stack.buy(quantity=2), shares=2)
    holding_id = stack.claim("bob", gift).body["holding_id"]
    stack.client.delete_item(
        TableName="handsel-test", Key={"pk": {"S": f"HOLDING#{holding_id}"}, "sk": {"S": "HOLDING"}}
    )
    assert collect_health_of_all_shards(stack)["InvariantViolation"] == 1


def test_collecting_health_writes_nothing(stack: Stack) -> None:
    for _ in range(3):
        stack.give(stack.buy())
    before = stack.all_items()
    collect_health_of_all_shards(stack)
    assert stack.all_items() == before
