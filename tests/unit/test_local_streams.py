"""Reports of abandoned stream records in the local stack: their destination and contents."""

import json
from pathlib import Path
from typing import Any, cast

from local.expiry import Marks
from local.streams import Feed, Mapping

STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/handsel/stream/2026-01-05T00:00:00.000"
RECORDS = [
    {
        "eventID": str(number),
        "dynamodb": {
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_767_600_000 + number,
            "NewImage": {"code": {"S": "CANARY"}},
        },
    }
    for number in (7, 8, 9)
]


def calls_of_giving_up(folder: Path, destination: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the AWS calls that giving up the records makes: the operation and its parameters."""
    properties: dict[str, Any] = {"Name": "Written", "FunctionName": "projector", "EventSourceArn": STREAM}
    if destination:
        properties["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    mapping = Mapping(
        "http://127.0.0.1:1", properties, Feed("http://127.0.0.1:1", STREAM, Marks()), folder / "position"
    )
    calls: list[tuple[str, dict[str, Any]]] = []

    def record_call(params: dict[str, Any], model: Any, **_: Any) -> tuple[object, dict[str, Any]]:
        calls.append((model.name, params))
        response = type("Response", (), {"status_code": 200})()
        return response, {"QueueUrl": "http://queue.test/unprojected"}

    def record_parameters(params: dict[str, Any], **_: Any) -> None:
        calls.append(("", params))

    for client in (mapping._s3, mapping._sqs):
        events = cast("Any", client).meta.events
        events.register("provide-client-params.*.*", record_parameters)
        events.register("before-call.*.*", record_call)
    mapping._give_up(cast("Any", RECORDS), "RetryAttemptsExhausted", 11)
    # Each call appends its parameters and then its name.
    return [(calls[number + 1][0], calls[number][1]) for number in range(0, len(calls), 2)]


def test_a_queue_gets_the_metadata_of_abandoned_records_and_not_their_contents(tmp_path: Path) -> None:
    destination = "arn:aws:sqs:us-east-1:000000000000:unprojected"
    (_, named), (operation, sent) = calls_of_giving_up(tmp_path, destination)
    assert named == {"QueueName": "unprojected"}
    assert (operation, sent["QueueUrl"]) == ("SendMessage", "http://queue.test/unprojected")
    report = json.loads(sent["MessageBody"])
    assert "payload" not in report
    assert "CANARY" not in sent["MessageBody"]
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 11
    batch = report["DDBStreamBatchInfo"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == ("7", "9", 3)


def test_a_bucket_gets_the_abandoned_records_themselves(tmp_path: Path) -> None:
    ((operation, put),) = calls_of_giving_up(tmp_path, "arn:aws:s3:::failed-records")
    assert (operation, put["Bucket"]) == ("PutObject", "failed-records")
    report = json.loads(put["Body"].read())
    assert json.loads(report["payload"]) == {"Records": RECORDS}
    assert report["DDBStreamBatchInfo"]["batchSize"] == 3


def test_without_a_destination_abandoned_records_are_only_logged(tmp_path: Path) -> None:
    assert calls_of_giving_up(tmp_path, None) == []
