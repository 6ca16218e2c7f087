"""The audit of a table as the handlers leave it."""

from ops.audit.run import Audit, audit
from ops.scan import WholeTable
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
