"""Advance the test clock past the end of all vouchers, and past the erasure of a user, while processes are killed."""

import threading
from contextlib import closing

from handsel.domain.models import Kind
from handsel.domain.states import OrderState, RefundStatus
from handsel.runtime.clock import now_ms
from local import aws
from local.client import MAX_ADVANCE, Stack
from ops.audit.run import audit
from ops.scan import WholeTable
from testkit.crash.contents import TableContents
from testkit.crash.killer import Killer
from testkit.crash.load import until
from testkit.http_client import RetryingClient, require_success

DAY_SECONDS = 86_400
# The vouchers of the demo are valid for 90 days. Refund requests and erasures end earlier.
DAYS = 120
# The kinds of problems.
ENDS = ("erasure", "vouchers", "violations at the end", "forfeited")
_STEP_SECONDS = 10 * DAY_SECONDS
KILLS, KILLING_SECONDS = 10, 60.0


def end_everything(
    stack: Stack, client: RetryingClient, killer: Killer, leaver: str, helper: str
) -> dict[str, list[str]]:
    """Let a user leave, and let time pass until no voucher is valid any more. Return the problems by kind.

    Args:
        leaver: the user who leaves.
        helper: the user who advances the clock.

    Raises:
        UnexpectedResponse: a call failed.
    """
    require_success(client.request(leaver, "DELETE", "/me"), 202)
    killer.start()
    # Advancing takes longer than the time between two kills, so it would never end while they go on.
    stopping = threading.Thread(target=_stop_after_kills, args=(killer,))
    stopping.start()
    try:
        _advance(client, helper, DAYS * DAY_SECONDS)
    finally:
        stopping.join()
    # Work that a killed process left is due again within the hour.
    offset_ms = _advance(client, helper, 3_600) * 1000
    wrong: dict[str, list[str]] = {}
    left = client.request(leaver, "GET", "/me").status_code
    wrong["erasure"] = [] if left == 410 else [f"the user who left gets {left}"]
    with closing(aws.client("dynamodb", stack["aws_endpoint_url"])) as dynamodb:
        wrong["vouchers"] = _find_unended(TableContents(dynamodb, stack["table_name"]))
        audited = audit(
            WholeTable(dynamodb, stack["table_name"]),
            clock=lambda: now_ms() + offset_ms,
            grace_ms=10_000,
            log=lambda _: None,
        )
    wrong["violations at the end"] = [str(finding) for finding in audited.findings]
    wrong["forfeited"] = [f"{sums.forfeited} {currency}" for currency, sums in audited.money.items() if sums.forfeited]
    return wrong


def _stop_after_kills(killer: Killer) -> None:
    until(lambda: killer.killed.total() >= KILLS or bool(killer.failed), KILLING_SECONDS)
    killer.stop()


def _advance(client: RetryingClient, user: str, seconds: int) -> int:
    """Advance the test clock by at least that many seconds; return its offset in seconds."""
    clock = client.get(user, "/test/clock")
    target = clock["offset_seconds"] + seconds
    while clock["offset_seconds"] < target or not clock.get("done", True):
        rest = max(1, min(target - clock["offset_seconds"], _STEP_SECONDS, MAX_ADVANCE))
        clock = require_success(client.post(user, "/test/clock", {"advance_seconds": rest}))
    return int(clock["offset_seconds"])


def _find_unended(contents: TableContents) -> list[str]:
    """List vouchers that are neither redeemed nor refunded, units that are left, and refunds that are not repaid."""
    return [
        *(
            f"voucher {each.holding_id} is neither redeemed nor refunded"
            for each in contents.holdings.values()
            if each.product.kind is Kind.VOUCHER
            and (each.redeemed_at, each.refunded_at, each.expired_at) == (None,) * 3
        ),
        *(
            f"order {each.order_id} has {each.available} units left"
            for each in contents.orders.values()
            if each.state is OrderState.PAID and each.valid_until is not None and each.available
        ),
        *(f"refund {each.refund_id} is pending" for each in contents.refunds if each.status is RefundStatus.PENDING),
    ]
