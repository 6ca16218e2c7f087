"""A simulated DynamoDB on the loopback that responds after a given delay."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from testkit.dynamodb.table import InMemoryTable

# Published median latencies of DynamoDB, in seconds.
TRANSACTION, SINGLE = 0.025, 0.008
AS_DYNAMODB = {"": SINGLE, "TransactWriteItems": TRANSACTION}
# A valid response to every write and every BatchGetItem.
_EMPTY_RESPONSE: dict[str, Any] = {"Responses": {}}


class DelayedTable:
    """Responds to requests after a delay.

    Args:
        table: the table; without one, every write succeeds and every read is empty.

    Attributes:
        seconds: the delay by operation; "" is the default.
        url: the URL, while it is served.
    """

    def __init__(self, table: InMemoryTable | None = None) -> None:
        self.seconds: Mapping[str, float] = {"": 0.0}
        self.url = ""
        self._table = table
        self._one_at_a_time = threading.Lock()

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        began = time.monotonic()
        with self._one_at_a_time:
            status, response = (
                (200, _EMPTY_RESPONSE) if self._table is None else _execute(self._table, operation, request)
            )
        delay = self.seconds.get(operation, self.seconds[""])
        time.sleep(max(0.0, delay - (time.monotonic() - began)))
        return status, response


def _execute(table: InMemoryTable, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, getattr(table, xform_name(operation))(**request)
    except ClientError as error:
        response: Any = error.response
        reasons = {"CancellationReasons": response["CancellationReasons"]} if "CancellationReasons" in response else {}
        return 400, {"__type": f"com.amazonaws.dynamodb#{response['Error']['Code']}", "message": "", **reasons}
