"""The audit of a table as the handlers leave it."""

from dataclasses import replace

import pytest

from handsel.domain.models import Holding, Money
from ops.audit.audit_index import AuditIndex
from ops.audit.money import sum_money
from ops.audit.run import Audit, audit
from ops.scan import WholeTable
from testkit.factories import CODE, NOW, order, refund, voucher
from testkit.handlers.stack import DAY, Stack, gift_request

HOUR = 3_600_000


def audited(stack: Stack, *, grace_ms: int = 0) -> Audit:
    return audit(
        WholeTable(stack.client, "handsel-test"),
        clock=lambda: stack.now,
        grace_ms=grace_ms,
        log=lambda _: None,
        segments=1,
        recheck_after=0,
    )


def use_everything(stack: Stack) -> None:
    """Create items of every kind, and process the stream."""
    stack.start_recording()
    vouchers, parcels = stack.buy(quantity=9), stack.buy(quantity=5, product="parcel")
    order_path = f"/orders/{vouchers['order_id']}"
    stack.call("bob", "GET", "/me")
    group = stack.give(vouchers, shares=3)
    named = stack.give(vouchers, recipient_id="bob")
    stack.claim("bob", group)
    stack.claim("carol", group)
    parcel = stack.claim("bob", stack.give(parcels)).body
    stack.report(parcel["shipment_id"], "delivered")
    stack.use_parcel(parcels)
    assert stack.call("alice", "POST", f"{order_path}/use", {"quantity": 2}).status == 201
    assert stack.call("alice", "POST", f"{order_path}/refunds", {"quantity": 1}).status == 201
    body = stack.order_request() | {"wrapping": gift_request()["wrapping"]}
    body.pop("quantity")
    assert stack.call("bob", "POST", f"/gifts/{group['gift_id']}/return-gifts", body).status == 201
    body["payment"] = {"method": "card", "token": "tok_bad"}
    assert stack.call("carol", "POST", f"/gifts/{group['gift_id']}/return-gifts", body).status == 402
    gift = stack.give(vouchers, recipient_id="bob")
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline").status == 200
    gift = stack.give(vouchers, recipient_id="bob")
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_bad"))
    stack.call("alice", "POST", "/orders", stack.order_request(token="tok_timeout"))
    stack.call("alice", "PUT", f"/tagged/{stack.products['voucher']}")
    stack.call("alice", "GET", f"/products/{stack.products['voucher']}")
    stack.deliver_records()
    stack.now += DAY
    stack.sweep()
    assert stack.call("bob", "POST", f"/gifts/{named['gift_id']}/ask-again", {}).status == 202
    stack.give(vouchers, recipient_id="bob")
    stack.give(vouchers)
    stack.deliver_records()
    for message in stack.call("bob", "GET", "/messages").body["items"][:1]:
        stack.call("bob", "POST", f"/messages/{message['message_id']}/read")


def test_a_table_written_by_the_handlers_has_no_findings(stack: Stack) -> None:
    use_everything(stack)
    result = audited(stack)
    assert [finding.as_dict() for finding in result.findings] == []
    assert result.items == len(stack.all_items()) > 60


# --- money --------------------------------------------------------------------------------------------------------------


def test_what_was_charged_is_held_redeemed_repaid_or_on_its_way(stack: Stack) -> None:
    price = stack.buy(quantity=1)["payment"]["total"]["amount"]
    order = stack.buy(quantity=6)
    path = f"/orders/{order['order_id']}"
    redeemed, asked, _ = stack.call("alice", "POST", f"{path}/use", {"quantity": 3}).body["holdings"]
    assert stack.call("mia", "POST", f"/vouchers/{redeemed['code']}/redemptions").status == 201
    reason = {"reason": "unwanted"}
    assert stack.call("alice", "POST", f"/holdings/{asked['holding_id']}/refund-requests", reason).status == 201
    assert stack.call("alice", "POST", f"{path}/refunds", {"quantity": 1}).status == 201
    refused = stack.call("alice", "POST", "/orders", stack.order_request(token="tok_no_refund")).body
    refund = stack.call("alice", "POST", f"/orders/{refused['order_id']}/refunds", {"quantity": 1})
    assert refund.status == 201
    parcel = stack.claim("bob", stack.give(stack.buy(product="parcel"))).body
    before = audited(stack).money["CNY"]
    stack.report(parcel["shipment_id"], "delivered")
    after = audited(stack).money["CNY"]
    assert after.redeemed - before.redeemed == before.held - after.held > 0
    sums = after.as_dict()
    assert sums.pop("charged") == sum(sums.values())
    assert (after.repaid, after.manual, after.being_repaid, after.forfeited) == (2 * price, price, 0, 0)
    # Past their validity, what nobody redeemed is repaid.
    stack.now += 91 * DAY
    stack.sweep()
    stack.now += HOUR
    stack.sweep()
    ended = audited(stack, grace_ms=100 * DAY).money["CNY"]
    assert (ended.held, ended.forfeited, ended.redeemed) == (0, 0, after.redeemed)
    assert ended.charged == ended.redeemed + ended.repaid + ended.manual


@pytest.mark.parametrize("refunded", range(4))
def test_the_parts_of_a_total_that_does_not_divide_add_up(refunded: int) -> None:
    """Three units for 100: one is redeemed, and the others are refunded one after the other, or held."""
    index, total = AuditIndex(), Money(100, "EUR")
    bought = order(quantity=3, available=0)
    bought = replace(bought, payment=replace(bought.payment, total=total, reference="charge"))
    held = [voucher(f"{CODE}{number}", gift_id=None) for number in range(3)]
    states: list[Holding] = []
    for number, each in enumerate(held):
        if number < refunded:
            part = bought.repayment(1)
            bought = replace(bought, refunded=bought.refunded + 1)
            made = replace(refund(), refund_id=str(number), total=part, order_id=bought.order_id)
            index.refunds[str(number)] = made
            states.append(replace(each, refunded_at=NOW))
        else:
            states.append(replace(each, redeemed_at=NOW) if number == 2 else each)
    index.orders[bought.order_id] = bought
    index.holdings = {each.holding_id: replace(each, order_id=bought.order_id) for each in states}
    sums = sum_money(index, now=NOW)["EUR"].as_dict()
    assert sums["repaid"] == 100 * refunded // 3
    assert sums.pop("charged") == 100 == sum(sums.values())
