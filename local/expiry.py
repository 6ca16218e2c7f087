"""Delete expired items by the time of the stack, as DynamoDB's time to live does, but within a second instead of days.

The engine ignores the setting in a template, and if it is turned on by API, deletes items without a stream record. So it stays
off. DynamoDB's rules apply: the attribute is a number of epoch seconds in the past, at most five years ago. The delete is
conditional, because the item may have changed since its record was read.

What expires is known from the stream, which has every write, and so is the test clock. The table is never searched, so its
size causes no delay.
"""

import heapq
import json
import logging
import queue
import threading
import time
from typing import Any

from botocore.exceptions import ClientError

from handsel.store import keys
from local import aws

log = logging.getLogger(__name__)

FIVE_YEARS = 5 * 365 * 24 * 3600
PAUSE = 0.2
# Of one transaction.
MAX_WRITES = 100

Item = dict[str, Any]


class Marks:
    """Keys of the items that this module deleted, until their stream records are read.

    The lock prevents that a record is read before its key is added.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._keys: set[str] = set()

    def add(self, keys: dict[str, Any]) -> None:
        """Add the key of a deleted item."""
        self._keys.add(json.dumps(keys, sort_keys=True))

    def take(self, keys: dict[str, Any]) -> bool:
        """Remove the key of an item. Return whether it was there."""
        text = json.dumps(keys, sort_keys=True)
        if text not in self._keys:
            return False
        self._keys.remove(text)
        return True


class Timers:
    """The times at which items expire, as the stream records of their table say.

    Args:
        attribute: the name of the time-to-live attribute.
    """

    def __init__(self, attribute: str) -> None:
        self._attribute = attribute
        self._times: dict[str, float] = {}
        # Times that an item does not have any more stay here until they are due.
        self._heap: list[tuple[float, str]] = []

    def apply(self, record: Item) -> None:
        """Take over the time of an item from a stream record of it."""
        key = json.dumps(record["dynamodb"]["Keys"], sort_keys=True)
        number = record["dynamodb"].get("NewImage", {}).get(self._attribute, {}).get("N")
        if number is None:
            self._times.pop(key, None)
        elif self._times.get(key) != float(number):
            self._set(key, float(number))

    def take_due(self, now: float) -> list[Item]:
        """Remove and return the keys of the items whose time has come, the earliest first."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._times.get(key) == at:
                del self._times[key]
                if at > now - FIVE_YEARS:
                    due.append(json.loads(key))
        return due

    def put_back(self, key: Item, now: float) -> None:
        """Add an item that is due, but could not be deleted."""
        self._set(json.dumps(key, sort_keys=True), now)

    def _set(self, key: str, at: float) -> None:
        self._times[key] = at
        heapq.heappush(self._heap, (at, key))


class Expiry:
    """Deletes the expired items of one table.

    Args:
        endpoint_url: the endpoint of the engine.
        table: the name of the table.
        attribute: its time-to-live attribute.
        marks: the keys of deleted items.
        records: receives every record of the table's stream, from the oldest on.
    """

    def __init__(
        self, endpoint_url: str, table: str, attribute: str, marks: Marks, records: "queue.Queue[Item]"
    ) -> None:
        self._client = aws.client("dynamodb", endpoint_url)
        self._table = table
        self._attribute = attribute
        self._marks = marks
        self._records = records
        self._timers = Timers(attribute)
        self._offset = 0  # the seconds by which the test clock is ahead
        self._lock = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Delete expired items until stopped."""
        while not stop.wait(PAUSE):
            self.collect(time.time())

    def collect(self, now: float) -> int:
        """Delete the items that have expired by the test clock, which is ahead of `now`. Return their number."""
        with self._lock:
            while not self._records.empty():
                record = self._records.get()
                self._timers.apply(record)
                self._read_clock(record["dynamodb"])
            return self._delete_due(now + self._offset)

    def _read_clock(self, change: Item) -> None:
        if change["Keys"] == keys.test_clock().attributes() and "NewImage" in change:
            self._offset = int(change["NewImage"]["offset_seconds"]["N"])

    def _delete_due(self, now: float) -> int:
        due = self._timers.take_due(now)
        return sum(self._delete_some(due[start : start + MAX_WRITES], now) for start in range(0, len(due), MAX_WRITES))

    def _delete_some(self, some: list[Item], now: float) -> int:
        """Delete items in one call, which takes a tenth of the time of a call for each; if that fails, one by one."""
        try:
            if self._delete(some, int(now)):
                return len(some)
        except Exception:
            # The engine may be busy or stopping; the next round continues.
            log.exception("Deleting expired items of %s failed", self._table)
            for key in some:
                self._timers.put_back(key, now)
            return 0
        return sum(self._delete_some([key], now) for key in some) if len(some) > 1 else 0

    def _delete(self, some: list[Item], now: int) -> bool:
        """Delete items unless one of them does not expire any more. Return whether they were deleted."""
        condition = {
            "ConditionExpression": "attribute_type(#ttl, :number) AND #ttl <= :now AND #ttl > :oldest",
            "ExpressionAttributeNames": {"#ttl": self._attribute},
            "ExpressionAttributeValues": {
                ":now": {"N": str(now)},
                ":oldest": {"N": str(now - FIVE_YEARS)},
                ":number": {"S": "N"},
            },
        }
        deletes: Any = [{"Delete": {"TableName": self._table, "Key": key, **condition}} for key in some]
        with self._marks.lock:
            try:
                self._client.transact_write_items(TransactItems=deletes)
            except ClientError as error:
                # The reasons why a transaction is cancelled, one for each write; other errors have none.
                reasons = error.response.get("CancellationReasons", [])
                if {reason["Code"] for reason in reasons} - {"None"} != {"ConditionalCheckFailed"}:
                    raise
                return False
            for key in some:
                self._marks.add(key)
        return True
