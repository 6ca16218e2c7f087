"""Deletes expired items, as DynamoDB's time to live does, but within a second instead of days.

The engine drops the setting from a template, and when switched on by API it deletes without a stream record. So it
stays off there. The rules are DynamoDB's: the attribute is a number of epoch seconds in the past, by no more than five
years; the delete is conditional, because the item may have changed since it was found.
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
    """Keys this module deleted, until their stream records are read.

    The lock keeps a record from being read before its mark is made.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._keys: set[str] = set()

    def add(self, keys: dict[str, Any]) -> None:
        self._keys.add(json.dumps(keys, sort_keys=True))

    def take(self, keys: dict[str, Any]) -> bool:
        """Whether the mark was there; it is not any more."""
        text = json.dumps(keys, sort_keys=True)
        if text not in self._keys:
            return False
        self._keys.remove(text)
        return True


class Expiry:
    """Expired items of one table."""

    def __init__(self, endpoint_url: str, table: str, attribute: str, marks: Marks) -> None:
        self._client = aws.client("dynamodb", endpoint_url)
        self._table = table
        self._attribute = attribute
        self._marks = marks
        schema = self._client.describe_table(TableName=table)["Table"]["KeySchema"]
        self._keys = [part["AttributeName"] for part in schema]

    def run(self, stop: threading.Event) -> None:
        """Once and again until told to stop; a large table is read less often, not to slow the engine down."""
        while True:
            started = time.monotonic()
            try:
                self.collect(int(time.time()))
            except Exception:
                # The engine may be busy or going down; the next round finds what this one left.
                log.exception("Deleting expired items of %s failed", self._table)
            if stop.wait(max(PAUSE, 10 * (time.monotonic() - started))):
                return

    def collect(self, now: int) -> int:
        """Delete what is due; answer how many."""
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
