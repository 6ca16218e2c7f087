"""Delete expired items, as DynamoDB's time to live does, but within a second instead of days.

The engine ignores the setting in a template, and if it is turned on by API, deletes items without a stream record. So it stays
off. DynamoDB's rules apply: the attribute is a number of epoch seconds in the past, at most five years ago. The delete is
conditional, because the item may have changed since it was read.
"""

import json
import logging
import threading
import time
from typing import Any

from botocore.exceptions import ClientError

from local import aws

log = logging.getLogger(__name__)

FIVE_YEARS = 5 * 365 * 24 * 3600
PAUSE = 0.5


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


class Expiry:
    """Deletes the expired items of one table."""

    def __init__(self, endpoint_url: str, table: str, attribute: str, marks: Marks) -> None:
        self._client = aws.client("dynamodb", endpoint_url)
        self._table = table
        self._attribute = attribute
        self._marks = marks
        schema = self._client.describe_table(TableName=table)["Table"]["KeySchema"]
        self._keys = [part["AttributeName"] for part in schema]

    def run(self, stop: threading.Event) -> None:
        """Delete expired items until stopped. Large tables are read less often, so that the engine stays fast."""
        while True:
            started = time.monotonic()
            try:
                self.collect(int(time.time()))
            except Exception:
                # The engine may be busy or stopping; the next round continues.
                log.exception("Deleting expired items of %s failed", self._table)
            if stop.wait(max(PAUSE, 10 * (time.monotonic() - started))):
                return

    def collect(self, now: int) -> int:
        """Delete the expired items. Return their number."""
        deleted = 0
        names = {"#ttl": self._attribute, **{f"#k{number}": key for number, key in enumerate(self._keys)}}
        due = {
            ":now": {"N": str(now)},
            ":oldest": {"N": str(now - FIVE_YEARS)},
            ":number": {"S": "N"},
        }
        condition = "attribute_type(#ttl, :number) AND #ttl <= :now AND #ttl > :oldest"
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression=condition,
            ProjectionExpression=", ".join(f"#k{number}" for number in range(len(self._keys))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=due,
        )
        for item in (item for page in pages for item in page["Items"]):
            with self._marks.lock:
                try:
                    self._client.delete_item(
                        TableName=self._table,
                        Key=item,
                        ConditionExpression=condition,
                        ExpressionAttributeNames={"#ttl": self._attribute},
                        ExpressionAttributeValues=due,
                    )
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                        raise
                    continue
                self._marks.add(item)
                deleted += 1
        return deleted
