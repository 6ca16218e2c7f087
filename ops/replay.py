"""Doing again what Lambda gave up: records of the stream that `restore` or the projector failed at, inputs of the bus.

| what failed | where it waits                        | how it is done again                                        |
|-------------|---------------------------------------|-------------------------------------------------------------|
| restore     | the bucket, with the whole records    | `use_cases.restoring`, record by record                     |
| projector   | the queue UnprojectedRecords, by name | read again from the stream, which keeps them for a day,     |
|             |                                       | then `use_cases.projecting`; later, `recount`               |
| inbound     | the queue RefusedInputs, whole        | the function itself is invoked with it                      |

Each may be done twice: what was done is found done. So nothing is removed unless it is said.

The bucket's objects are as the Lambda guide says ("Retain discarded records for a DynamoDB event source"): JSON with
`payload`, the event as text, under `aws/lambda/<mapping>/<shard>/<date>/`.
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
# While a message is looked at nobody else gets it.
_HIDDEN_SECONDS = 300
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one object or message.

    Attributes:
        name: the object's key, or the message's id.
        done: whether nothing of it is left to do.
        said: what was, or would be, done with it.
    """

    source: str
    name: str
    done: bool
    said: str


def failed_records(
    s3: Any, bucket: str, table: Table, *, clock: Callable[[], int], apply: bool, delete: bool
) -> Iterator[Replayed]:
    """The records that the restore function failed at, one object after the other."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for entry in page.get("Contents", []):
            name = entry["Key"]
            try:
                records = _records(s3.get_object(Bucket=bucket, Key=name)["Body"].read())
            except (ValueError, KeyError, TypeError):
                yield Replayed("bucket", name, False, "is not what Lambda writes; look at it")
                continue
            if not apply:
                yield Replayed("bucket", name, False, f"{len(records)} records would be restored")
                continue
            result = _restored(table, records, clock=clock)
            if result.done and delete:
                s3.delete_object(Bucket=bucket, Key=name)
            yield Replayed("bucket", name, result.done, result.said)


def _records(text: bytes) -> list[Mapping[str, Any]]:
    payload = json.loads(text)["payload"]
    records: list[Mapping[str, Any]] = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
    return records


def _restored(table: Table, records: list[Mapping[str, Any]], *, clock: Callable[[], int]) -> Replayed:
    given_back, failed = 0, list[str]()
    for record in records:
        try:
            given_back += isinstance(expire_gift(table, record, clock=clock), Released)
        except Exception as error:  # noqa: BLE001 - one that fails again must not hold up the others
            failed.append(type(error).__name__)
    said = f"{len(records)} records, {given_back} gifts given back"
    return Replayed("bucket", "", not failed, said + (f", failed again: {', '.join(failed)}" if failed else ""))


def unprojected(
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
    """The records that the projector failed at, read again from the stream."""
    for message in _messages(sqs, queue_url):
        batch = json.loads(message["Body"])["DDBStreamBatchInfo"]
        records = _from_stream(streams, batch)
        if records is None:
            said = (
                "the stream keeps records for a day, and these are gone: events of them reach nobody any more;"
                " messages and counts come back by `recount --all --apply`"
            )
            done = False
        elif apply:
            outcome = project(table, publish, records, now=clock())
            failed = sorted({type(error).__name__ for error in outcome.failed.values()})
            done = not failed
            said = f"{len(records)} records followed, {outcome.published} events" + (
                f", failed again: {', '.join(failed)}" if failed else ""
            )
        else:
            done, said = False, f"{len(records)} records would be followed"
        # Those that are gone are no use to anybody, once somebody was told.
        _put_back(sqs, queue_url, message, delete=apply and delete and (done or records is None))
        yield Replayed("unprojected", message["MessageId"], done, said)


def _from_stream(streams: Any, batch: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The records of a batch, those in between that the mapping filters out included; None where they are gone."""
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
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return records
                records.append(_as_delivered(record))
            if records and int(records[-1]["dynamodb"]["SequenceNumber"]) == last:
                return records
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] and not iterator:
                return records
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    return records


def _as_delivered(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as Lambda hands it on: its time as a number."""
    said = record["dynamodb"]
    return {
        **record,
        "dynamodb": {**said, "ApproximateCreationDateTime": said["ApproximateCreationDateTime"].timestamp()},
    }


def refused_inputs(
    sqs: Any, queue_url: str, lambdas: Any, function: str, *, apply: bool, delete: bool
) -> Iterator[Replayed]:
    """What others put on the bus and was not taken: handed to the function again."""
    for message in _messages(sqs, queue_url):
        body = json.loads(message["Body"])
        # By way of Lambda it is within what Lambda says of it; by way of EventBridge it is the event itself.
        event = body.get("requestPayload", body)
        named, done = f"{event.get('detail-type')} {event.get('id')}", False
        if apply:
            answer = lambdas.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            result = json.loads(answer["Payload"].read())
            done = "FunctionError" not in answer
            said = f"{named}: {'taken' if done else 'refused: ' + str(result.get('errorMessage'))}"
        else:
            why = body.get("responsePayload", {}).get("errorMessage", "not handed over")
            said = f"{named} would be handed over again; it was refused: {why}"
        _put_back(sqs, queue_url, message, delete=done and delete)
        yield Replayed("refused", message["MessageId"], done, said)


def _messages(sqs: Any, queue_url: str) -> list[Mapping[str, Any]]:
    """All messages that wait; nobody else gets them while they are looked at."""
    messages: dict[str, Mapping[str, Any]] = {}
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=1
        )
        received = answer.get("Messages", [])
        if not received:
            return list(messages.values())
        messages |= {message["MessageId"]: message for message in received}


def _put_back(sqs: Any, queue_url: str, message: Mapping[str, Any], *, delete: bool) -> None:
    named = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
    if delete:
        sqs.delete_message(**named)
    else:
        sqs.change_message_visibility(**named, VisibilityTimeout=0)
