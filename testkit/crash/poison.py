"""Block the projector with a record that it cannot process, and check that gifts still expire on time."""

import time
from collections.abc import Sequence
from contextlib import closing

from handsel.domain.states import GiftState
from local import aws
from local.client import Stack, payment
from testkit.crash.contents import TableContents
from testkit.crash.load import until
from testkit.http_client import WRAPPING, RetryingClient, UnexpectedResponse, physical_id, require_success

GIFTS = 20
SECONDS = 60.0


def block_projector(stack: Stack, client: RetryingClient, giver: str, friend: str) -> Sequence[float]:
    """Return for each gift the seconds between the end of its claim window and its expiry, by the stream alone.

    The sweep is disabled. The projector is blocked by an ORDER item without an order's attributes.

    Raises:
        UnexpectedResponse: a gift did not expire, or the projector was not blocked.
    """
    with (
        closing(aws.client("dynamodb", stack["aws_endpoint_url"])) as table,
        closing(aws.client("events", stack["aws_endpoint_url"])) as events,
        closing(aws.client("logs", stack["aws_endpoint_url"])) as logs,
    ):
        events.disable_rule(Name=physical_id(stack, "SweepFunctionEveryMinute"))
        group, started = f"/aws/lambda/{physical_id(stack, 'ProjectorFunction')}", int(time.time() * 1000)
        poison = {name: {"S": "ORDER#poison" if name == "pk" else "ORDER"} for name in ("pk", "sk")}
        table.put_item(TableName=stack["table_name"], Item=poison)

        def projector_failed() -> bool:
            found = logs.filter_log_events(logGroupName=group, filterPattern='"projecting failed"', startTime=started)
            return bool(found["events"])

        if not until(projector_failed, SECONDS):
            raise UnexpectedResponse("the projector processed the invalid record")
        body = {"product_id": stack["products"]["voucher"], "quantity": GIFTS, "payment": payment()}
        path = f"/orders/{require_success(client.post(giver, '/orders', body))['order_id']}/gifts"
        body = {"shares": 1, "recipient_id": stack["users"][friend]["user_id"], "wrapping": WRAPPING}
        given = {require_success(client.post(giver, path, body))["gift_id"] for _ in range(GIFTS)}
        table.delete_item(TableName=stack["table_name"], Key=poison)

        def delays() -> list[float]:
            # Reads the whole table, and once only: it would delay what it measures.
            gifts = TableContents(table, stack["table_name"]).gifts
            return [
                (gift.ended_at - gift.expires_at) / 1000
                for gift in map(gifts.__getitem__, given)
                if gift.state is GiftState.RETURNED and gift.ended_at is not None
            ]

        if not until(lambda: len(delays()) == GIFTS, SECONDS):
            raise UnexpectedResponse(f"only {len(delays())} of {GIFTS} gifts expired")
        messages = client.get(friend, "/messages?limit=100")["items"]
        if any(message["gift_id"] in given for message in messages):
            raise UnexpectedResponse("the projector was not blocked")
        return delays()
