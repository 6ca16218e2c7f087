"""Process again what Lambda gave up: stream records of the restore function and the projector, and inbound events.

| function  | stored in                                 | processed again by                                       |
|-----------|-------------------------------------------|----------------------------------------------------------|
| restore   | the bucket, with the whole records        | `use_cases.gifts.expiring`, record by record             |
| projector | the queue UnprojectedRecords, as position | reading the stream, which keeps records for a day, then  |
|           |                                           | `use_cases.operations.projecting`; after that, `recount` |
| inbound   | the queue RefusedInputs, whole            | invoking the function                                    |

Processing is idempotent, so objects and messages are removed only on request.

The format of the bucket's objects is described in the Lambda guide ("Retain discarded records for a DynamoDB event
source"): JSON with `payload`, the event as text, under `aws/lambda/<mapping>/<shard>/<date>/`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from handsel.store.gifts import Released
from handsel.store.table import Table
from handsel.use_cases.gifts.expiring import expire_gift
from handsel.use_cases.operations.projecting import Publish, project

PREFIX = "aws/lambda/"
# A received message is hidden from other readers for this time.
_HIDDEN_SECONDS = 300
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result for one object or message.

    Attributes:
        source: `bucket`, `unprojected` or `refused`.
        name: the key of the object, or the id of the message.
        done: whether all of it is processed.
        detail: the action that was taken, or would be.
    """

    source: str
    name: str
    done: bool
    detail: str


def replay_failed_records(
    s3: Any, bucket: str, table: Table, *, clock: Callable[[], int], apply: bool, delete: bool
) -> Iterator[Replayed]:
    """Process the records that the restore function gave up, one object after the other."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for entry in page.get("Contents", []):
            name = entry["Key"]
            try:
                records = _records(s3.get_object(Bucket=bucket, Key=name)["Body"].read())
            except (ValueError, KeyError, TypeError):
                yield Replayed("bucket", name, False, "the object is not in Lambda's format; inspect it")
                continue
            if not apply:
                yield Replayed("bucket", name, False, f"{len(records)} records would be restored")
                continue
            result = _restore_records(table, records, clock=clock)
            if result.done and delete:
                s3.delete_object(Bucket=bucket, Key=name)
            yield Replayed("bucket", name, result.done, result.detail)


def _records(text: bytes) -> list[Mapping[str, Any]]:
    payload = json.loads(text)["payload"]
    records: list[Mapping[str, Any]] = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
    return records


def _restore_records(table: Table, records: list[Mapping[str, Any]], *, clock: Callable[[], int]) -> Replayed:
    expired, failed = 0, list[str]()
    for record in records:
        try:
            expired += isinstance(expire_gift(table, record, clock=clock), Released)
        except Exception as error:  # noqa: BLE001 - a record that fails again must not block the others
            failed.append(type(error).__name__)
    detail = f"{len(records)} records, {expired} gifts expired"
    return Replayed("bucket", "", not failed, detail + (f", failed again: {', '.join(failed)}" if failed else ""))


def replay_unprojected(
    sqs: Any,
    queue_url: str,
    streams: Any,
    table: Table,
    publish: Publish,
    *,
    clock: Callable[[], int],
    apply: bool,
    delete: bool,
) -> Iterator[Replayed]:
    """Process the records that the projector gave up, read again from the stream."""
    for message in _receive_all(sqs, queue_url):
        batch = json.loads(message["Body"])["DDBStreamBatchInfo"]
        records = _read_stream(streams, batch)
        if records is None:
            detail = (
                "the records are no longer in the stream, which keeps them for a day: their domain events are lost;"
                " `recount --all --apply` rebuilds messages and counters"
            )
            done = False
        elif apply:
            outcome = project(table, publish, records, now=clock())
            failed = sorted({type(error).__name__ for error in outcome.failed.values()})
            done = not failed
            detail = f"{len(records)} records projected, {outcome.published} events" + (
                f", failed again: {', '.join(failed)}" if failed else ""
            )
        else:
            done, detail = False, f"{len(records)} records would be projected"
        # Without its records a message is useless once it has been reported.
        _release_message(sqs, queue_url, message, delete=apply and delete and (done or records is None))
        yield Replayed("unprojected", message["MessageId"], done, detail)


def _read_stream(streams: Any, batch: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the records of a batch, including those that the mapping filters out; None if they are no longer there."""
    last = int(batch["endSequenceNumber"])
    records: list[Mapping[str, Any]] = []
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        while iterator:
            response = streams.get_records(ShardIterator=iterator)
            for record in response["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return records
                records.append(_as_delivered(record))
            if records and int(records[-1]["dynamodb"]["SequenceNumber"]) == last:
                return records
            iterator = response.get("NextShardIterator")
            if not response["Records"] and not iterator:
                return records
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    return records


def _as_delivered(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record in the format that Lambda delivers: with its time as a number."""
    change = record["dynamodb"]
    created_at = change["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": created_at}}


def replay_refused_inputs(
    sqs: Any, queue_url: str, lambdas: Any, function: str, *, apply: bool, delete: bool
) -> Iterator[Replayed]:
    """Invoke the inbound function again with the events that it failed to process."""
    for message in _receive_all(sqs, queue_url):
        body = json.loads(message["Body"])
        # Lambda wraps a failed event in a report; EventBridge stores an event that it could not deliver as it is.
        event = body.get("requestPayload", body)
        label, done = f"{event.get('detail-type')} {event.get('id')}", False
        if apply:
            response = lambdas.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            result = json.loads(response["Payload"].read())
            done = "FunctionError" not in response
            detail = f"{label}: {'processed' if done else 'failed again: ' + str(result.get('errorMessage'))}"
        else:
            reason = body.get("responsePayload", {}).get("errorMessage", "not delivered")
            detail = f"{label} would be processed again; it failed: {reason}"
        _release_message(sqs, queue_url, message, delete=done and delete)
        yield Replayed("refused", message["MessageId"], done, detail)


def _receive_all(sqs: Any, queue_url: str) -> list[Mapping[str, Any]]:
    """Receive all messages of a queue. They are hidden from other readers for _HIDDEN_SECONDS."""
    messages: dict[str, Mapping[str, Any]] = {}
    while True:
        response = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=1
        )
        received = response.get("Messages", [])
        if not received:
            return list(messages.values())
        messages |= {message["MessageId"]: message for message in received}


def _release_message(sqs: Any, queue_url: str, message: Mapping[str, Any], *, delete: bool) -> None:
    """Delete a message, or make it visible to other readers again."""
    handle = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
    if delete:
        sqs.delete_message(**handle)
    else:
        sqs.change_message_visibility(**handle, VisibilityTimeout=0)
