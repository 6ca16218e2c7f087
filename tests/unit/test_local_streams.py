"""Where the records of a stream go that the local stack gave up, and what is said of them there."""

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


def given_up(folder: Path, destination: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The calls that giving the records up makes: the operation and its parameters."""
    properties: dict[str, Any] = {"Name": "Written", "FunctionName": "projector", "EventSourceArn": STREAM}
    if destination:
        properties["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    mapping = Mapping(
        "http://127.0.0.1:1", properties, Feed("http://127.0.0.1:1", STREAM, Marks()), folder / "position"
    )
    made: list[tuple[str, dict[str, Any]]] = []

    def answered(params: dict[str, Any], model: Any, **_: Any) -> tuple[object, dict[str, Any]]:
        made.append((model.name, params))
        response = type("Response", (), {"status_code": 200})()
        return response, {"QueueUrl": "http://queue.test/unprojected"}

    def asked(params: dict[str, Any], **_: Any) -> None:
        made.append(("", params))

    for client in (mapping._s3, mapping._sqs):
        events = cast("Any", client).meta.events
        events.register("provide-client-params.*.*", asked)
        events.register("before-call.*.*", answered)
    mapping._give_up(cast("Any", RECORDS), "RetryAttemptsExhausted", 11)
    # What was asked for, and then that it was called.
    return [(made[number + 1][0], made[number][1]) for number in range(0, len(made), 2)]


def test_a_queue_is_told_which_records_were_given_up_and_not_what_is_in_them(tmp_path: Path) -> None:
    destination = "arn:aws:sqs:us-east-1:000000000000:unprojected"
    (_, named), (operation, sent) = given_up(tmp_path, destination)
    assert named == {"QueueName": "unprojected"}
    assert (operation, sent["QueueUrl"]) == ("SendMessage", "http://queue.test/unprojected")
    report = json.loads(sent["MessageBody"])
    assert "payload" not in report
    assert "CANARY" not in sent["MessageBody"]
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 11
    batch = report["DDBStreamBatchInfo"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == ("7", "9", 3)


def test_a_bucket_keeps_the_records_themselves(tmp_path: Path) -> None:
    ((operation, put),) = given_up(tmp_path, "arn:aws:s3:::failed-records")
    assert (operation, put["Bucket"]) == ("PutObject", "failed-records")
    report = json.loads(put["Body"].read())
    assert json.loads(report["payload"]) == {"Records": RECORDS}
    assert report["DDBStreamBatchInfo"]["batchSize"] == 3


def test_without_a_destination_they_are_only_logged(tmp_path: Path) -> None:
    assert given_up(tmp_path, None) == []
