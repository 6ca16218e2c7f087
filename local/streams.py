"""Poll a table's stream and invoke functions with its records, by the properties of the mappings in template.yaml.

The position is stored after each batch. A runner that replaces a killed one continues there, and delivers unfinished
records again, as Lambda does.
"""

import base64
import json
import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import aws
from local.delivery import FunctionError, Policy, Record, deliver
from local.expiry import Marks
from local.patterns import any_matches

log = logging.getLogger(__name__)

PAUSE = 0.2
# The identity in the record of an item that DynamoDB deleted.
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class Mapping:
    """An event source mapping.

    Args:
        endpoint_url: the endpoint of the engine.
        properties: the properties of the mapping, references resolved.
        feed: the stream.
        position_file: the file for the position in the stream.
    """

    def __init__(self, endpoint_url: str, properties: dict[str, Any], feed: "Feed", position_file: Path) -> None:
        self._properties = properties
        self._policy = Policy.from_properties(properties)
        self._patterns = [
            json.loads(entry["Pattern"]) for entry in properties.get("FilterCriteria", {}).get("Filters", [])
        ]
        self._size = int(properties.get("BatchSize", 100))
        self._window = float(properties.get("MaximumBatchingWindowInSeconds", 0))
        self._feed = feed
        self._inbox = feed.subscribe()
        self._position_file = position_file
        self._lambda = aws.client("lambda", endpoint_url)
        self._s3 = aws.client("s3", endpoint_url)
        self._sqs = aws.client("sqs", endpoint_url)
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Deliver records until stopped."""
        self._stop = stop
        position = self._read_position()
        while not stop.is_set():
            gathered = self._gather()
            records = [record for record in gathered if sequence(record) > position]
            wanted = [record for record in records if any_matches(self._patterns, record)]
            for start in range(0, len(wanted), self._size):
                self._deliver(wanted[start : start + self._size])
            if records and not stop.is_set():
                position = sequence(records[-1])
                self._write_position(position)
            for _ in gathered:
                self._inbox.task_done()

    def is_idle(self) -> bool:
        """Return whether all records that were read are delivered."""
        return not self._inbox.unfinished_tasks

    def _gather(self) -> list[Record]:
        """Return the waiting records. Wait shortly for the first one, then for the batching window."""
        try:
            records = [self._inbox.get(timeout=PAUSE)]
        except queue.Empty:
            return []
        if self._window:
            self._stop.wait(self._window)
        while not self._inbox.empty():
            records.append(self._inbox.get_nowait())
        return records

    def _deliver(self, batch: list[Record]) -> None:
        def pause(attempt: int) -> None:
            if self._stop.wait(min(0.2 * 2 ** min(attempt, 6), 5.0)):
                raise Stopped

        while not self._stop.is_set():
            try:
                deliver(batch, self._policy, invoke=self._invoke, give_up=self._give_up, pause=pause, now=time.time)
                return
            except Stopped:
                log.info("Stopped while %s had records to retry", self._properties["Name"])
            except Exception:
                # For example, the engine was unreachable. No record may be lost; duplicates are allowed.
                log.exception("Delivering to %s failed", self._properties["Name"])
                self._stop.wait(1)

    def _invoke(self, records: list[Record]) -> object:
        payload = json.dumps({"Records": records}).encode()
        while True:
            try:
                response = self._lambda.invoke(FunctionName=self._properties["FunctionName"], Payload=payload)
                break
            except ClientError as error:
                # A throttled call is not an attempt.
                if error.response["Error"]["Code"] != "TooManyRequestsException":
                    raise FunctionError from error
                if self._stop.wait(0.2 + random.random() * 0.3):  # noqa: S311 - jitter
                    raise Stopped from error
        body = response["Payload"].read()
        if "FunctionError" in response:
            log.error("%s failed: %s", self._properties["Name"], body.decode(errors="replace")[:2000])
            raise FunctionError
        return json.loads(body) if body else None

    def _give_up(self, records: list[Record], condition: str, attempts: int) -> None:
        """Send the records to the destination of the mapping, in Lambda's format and under Lambda's name."""
        log.error("%s gave up %d records: %s", self._properties["Name"], len(records), condition)
        destination = self._properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        now = datetime.now(UTC)
        stream = self._properties["EventSourceArn"]
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        report = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._properties["FunctionName"],
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": now.isoformat(),
            "DDBStreamBatchInfo": {
                "shardId": self._feed.shard_id,
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _instant(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _instant(last["ApproximateCreationDateTime"]),
                "batchSize": len(records),
                "streamArn": stream,
            },
        }
        kind = destination.split(":")[2] if destination else None
        if kind == "sqs":
            # A queue gets the positions of the records, not their content.
            queue_url = self._sqs.get_queue_url(QueueName=destination.rpartition(":")[2])["QueueUrl"]
            self._sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(report))
        elif kind == "s3":
            self._store_report(
                destination.rpartition(":")[2], report | {"payload": json.dumps({"Records": records})}, now
            )

    def _store_report(self, bucket: str, report: dict[str, Any], now: datetime) -> None:
        name = f"{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        self._s3.put_object(
            Bucket=bucket,
            Key=f"aws/lambda/{self._properties['Name']}/{self._feed.shard_id}/{name}",
            Body=json.dumps(report).encode(),
        )

    def _read_position(self) -> int:
        try:
            return int(self._position_file.read_text())
        except (FileNotFoundError, ValueError):
            return -1

    def _write_position(self, position: int) -> None:
        temporary = self._position_file.with_suffix(".tmp")
        temporary.write_text(str(position))
        temporary.replace(self._position_file)


class Stopped(Exception):
    """The runner goes down while records wait; the next one delivers them again."""


class Feed:
    """All records of one stream, read once for however many mappings, as events in the form Lambda passes on."""

    def __init__(self, endpoint_url: str, stream_arn: str, marks: Marks) -> None:
        self._client = aws.client("dynamodbstreams", endpoint_url)
        self._arn = stream_arn
        self._region = stream_arn.split(":")[3]
        self._marks = marks
        self._iterators: dict[str, str | None] = {}
        self._subscribers: list[queue.Queue[Record]] = []
        self._lock = threading.Lock()
        self.shard_id = ""

    def subscribe(self) -> "queue.Queue[Record]":
        """Return a queue that receives every record, from the oldest on. Call it before `run`."""
        self._subscribers.append(queue.Queue())
        return self._subscribers[-1]

    def run(self, stop: threading.Event) -> None:
        """Read the stream until stopped."""
        while not stop.wait(PAUSE):
            try:
                self.poll()
            except Exception:
                # The engine may be busy or stopping, or an iterator has expired. Start again from the oldest record;
                # subscribers skip the records that they have already processed.
                log.exception("Reading the stream failed")
                self._iterators.clear()

    def poll(self) -> int:
        """Read the available records of all shards. Return their number."""
        with self._lock:
            return sum(self._poll(shard) for shard in self._shards())

    def _poll(self, shard: str) -> int:
        count = 0
        while iterator := self._iterators[shard]:
            with self._marks.lock:
                response = self._client.get_records(ShardIterator=iterator, Limit=1000)
                events = [self._event(record) for record in response["Records"]]
            self._iterators[shard] = response.get("NextShardIterator")
            for event in events:
                for subscriber in self._subscribers:
                    subscriber.put(event)
            count += len(events)
            if not events:
                break
        return count

    def _shards(self) -> Iterator[str]:
        for shard in self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            identifier = shard["ShardId"]
            if identifier not in self._iterators:
                self._iterators[identifier] = self._client.get_shard_iterator(
                    StreamArn=self._arn, ShardId=identifier, ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
            self.shard_id = identifier
            yield identifier

    def _event(self, record: dict[str, Any]) -> Record:
        event = {
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "eventVersion": record.get("eventVersion", "1.1"),
            "eventSource": "aws:dynamodb",
            "awsRegion": self._region,
            "dynamodb": _jsonable(record["dynamodb"]),
            "eventSourceARN": self._arn,
        }
        if event["eventName"] == "REMOVE" and self._marks.take(event["dynamodb"]["Keys"]):
            event["userIdentity"] = SERVICE
        return event


def sequence(record: Record) -> int:
    """Return the position of a record in its stream."""
    return int(record["dynamodb"]["SequenceNumber"])


def _jsonable(value: Any) -> Any:
    """Return a value as in Lambda's events: times as epoch seconds, binary as base64."""
    if isinstance(value, dict):
        return {key: _jsonable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _instant(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()
