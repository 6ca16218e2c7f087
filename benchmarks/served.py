"""DynamoDB on the loopback for measuring: answers as long after the request as it is told to."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from testkit.dynamodb.table import InMemoryTable

# What is published of DynamoDB: half of the calls take longer than this many seconds.
TRANSACTION, SINGLE = 0.025, 0.008
AS_DYNAMODB = {"": SINGLE, "TransactWriteItems": TRANSACTION}
# An answer to every write and every BatchGetItem.
_NOTHING: dict[str, Any] = {"Responses": {}}


class Served:
    """
    Args:
        table: what it answers from; without one, nothing is wrong and nothing is there.

    Attributes:
        seconds: how long an answer takes, by operation; of others under "".
        url: where it is asked, while it is served.
    """

    def __init__(self, table: InMemoryTable | None = None) -> None:
        self.seconds: Mapping[str, float] = {"": 0.0}
        self.url = ""
        self._table = table
        self._one_at_a_time = threading.Lock()

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        began = time.monotonic()
        with self._one_at_a_time:
            status, said = (200, _NOTHING) if self._table is None else _asked(self._table, operation, request)
        takes = self.seconds.get(operation, self.seconds[""])
        time.sleep(max(0.0, takes - (time.monotonic() - began)))
        return status, said


def _asked(table: InMemoryTable, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, getattr(table, xform_name(operation))(**request)
    except ClientError as error:
        said: Any = error.response
        reasons = {"CancellationReasons": said["CancellationReasons"]} if "CancellationReasons" in said else {}
        return 400, {"__type": f"com.amazonaws.dynamodb#{said['Error']['Code']}", "message": "", **reasons}
