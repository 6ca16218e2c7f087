"""Operator commands, run as processes on a stack with corrupted items."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.settings import REGION, ROOT
from tests.e2e.conftest import ADDRESS, PARCEL_WRAPPING, Running, eventually, run_stack

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def key_of(kind: str, identifier: str) -> dict[str, Any]:
    return {"pk": {"S": f"{kind}#{identifier}"}, "sk": {"S": kind}}


@dataclass(frozen=True)
class Operator:
    running: Running

    def run(self, *arguments: str, where: tuple[str, ...] = ("--stack", "handsel"), **environ: str) -> Result:
        ours = {
            "AWS_ENDPOINT_URL": self.running.stack["aws_endpoint_url"],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [sys.executable, "-m", "ops", arguments[0], *where, *arguments[1:]]
        environ = {**os.environ, **ours, **environ}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def found(self) -> dict[str, set[str]]:
        """Return the findings of an audit, by type."""
        done = self.run("audit", "--grace", "0", "--recheck-after", "1", "--json")
        sorts: dict[str, set[str]] = {}
        for finding in done.json["findings"]:
            sorts.setdefault(finding["type"], set()).add(finding["about"])
        assert done.status == (1 if sorts else 0), done.err
        return sorts

    def stuck_gift(self) -> dict[str, Any]:
        """Return an expired gift that neither stream nor sweep finds.

        Its timer item stays without a TTL: the stream record of its deletion could expire the gift late.
        """
        gift = self.running.give(self.running.buy()["order_id"])
        gift_id, table = gift["gift_id"], self.running.stack["table_name"]
        out_of_list = {"Key": key_of("GIFT", gift_id), "UpdateExpression": "REMOVE due_pk, due_sk"}
        for_ever = {"Key": key_of("WINDOW", gift_id), "UpdateExpression": "REMOVE #ttl"}
        corruptions = [out_of_list, for_ever | {"ExpressionAttributeNames": {"#ttl": "ttl"}}]
        self.running.aws("dynamodb").transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, "ConditionExpression": "attribute_exists(pk)", **each}}
                for each in corruptions
            ]
        )
        self.running.jump_to(gift["expires_at"])
        return gift

    def remove_timer(self, gift: dict[str, Any]) -> None:
        table, key = self.running.stack["table_name"], key_of("WINDOW", gift["gift_id"])
        self.running.aws("dynamodb").delete_item(TableName=table, Key=key)

    def state_of(self, gift: dict[str, Any]) -> str:
        item = self.running.item("GIFT", gift["gift_id"])
        assert item is not None
        return str(item["state"]["S"])

    def messages_in(self, output: str) -> int:
        attributes = self.running.aws("sqs").get_queue_attributes(
            QueueUrl=self.running.output(output), AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    for running in run_stack(tmp_path_factory.mktemp("ops"), stream=True):
        running.aws("events").disable_rule(Name=running.physical("SweepFunctionEveryMinute"))
        yield Operator(running)


def test_an_audit_of_a_used_stack_has_no_findings(operator: Operator) -> None:
    running = operator.running
    order = running.buy(3)
    gift = running.give(order["order_id"], shares=2)
    answer = running.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert answer.status_code == 201
    done = operator.run("audit")
    assert done.status == 0, done.out
    assert "The table is consistent" in done.out
    assert "per second" in done.err


def test_a_gift_and_its_order_are_explained(operator: Operator) -> None:
    gift = operator.running.give(operator.running.buy()["order_id"])
    for identifier, kind in ((gift["gift_id"], "gift"), (gift["order_id"], "order")):
        done = operator.run("explain", identifier, "--json")
        assert done.status == 0, done.err
        assert (done.json["kind"], done.json["id"], done.json["policy"]) == (kind, identifier, "douyin@1")
    text = operator.run("explain", gift["gift_id"])
    assert gift["expires_at"] in text.out
    assert "douyin@1 at_end = order. Douyin" in text.out
    assert gift["secret"] not in text.out
    unknown = operator.run("explain", "unknown")
    assert (unknown.status, unknown.out) == (2, "")


def test_a_stuck_gift_is_found_listed_as_due_and_settled(operator: Operator) -> None:
    gift = operator.stuck_gift()
    about = f"GIFT#{gift['gift_id']}"
    timer = f"WINDOW#{gift['gift_id']}"
    assert operator.found() == {"gift-overdue": {about}, "not-due": {about}, "window-differs": {timer}}
    assert operator.run("settle", "--apply").status == 0
    assert operator.state_of(gift) == "open", "no index leads to it"
    dry = operator.run("settle", "--scan")
    assert (dry.status, gift["gift_id"] in dry.out) == (0, True)
    assert operator.state_of(gift) == "open", "nothing was to be written"
    done = operator.run("settle", "--scan", "--apply", "--json")
    assert (done.status, done.json["returned"], done.json["failed"]) == (0, 1, {})
    assert operator.state_of(gift) == "returned"
    operator.remove_timer(gift)
    assert eventually(lambda: operator.found() == {}, 30)


def test_wrong_counts_are_found_and_recounted(operator: Operator) -> None:
    running = operator.running
    user = running.stack["users"]["alice"]["user_id"]
    running.buy()
    assert eventually(lambda: operator.found() == {}, 30)
    before = running.get_counts(running.as_("alice"))
    running.aws("dynamodb").update_item(
        TableName=running.stack["table_name"],
        Key={"pk": {"S": f"USER#{user}"}, "sk": {"S": "SUMMARY"}},
        UpdateExpression="SET #counters.to_give = #counters.to_give + :off",
        ExpressionAttributeNames={"#counters": "counters"},
        ExpressionAttributeValues={":off": {"N": "7"}},
    )
    assert operator.found() == {"count-differs": {f"USER#{user}/SUMMARY"}}
    dry = operator.run("recount", "--user", user)
    assert (dry.status, "Nothing was written" in dry.out) == (0, True)
    assert running.get_counts(running.as_("alice")) != before
    assert operator.run("recount", "--all", "--recheck-after", "0", "--apply").status == 0
    assert running.get_counts(running.as_("alice")) == before
    assert operator.found() == {}


def test_failed_records_in_the_bucket_are_replayed(operator: Operator) -> None:
    running, gift = operator.running, operator.stuck_gift()
    key = key_of("WINDOW", gift["gift_id"])
    image = {**key, "order_id": {"S": gift["order_id"]}, "shares": {"N": "1"}, "gift_id": {"S": gift["gift_id"]}}
    record = {"eventName": "REMOVE", "dynamodb": {"Keys": key, "OldImage": image, "SequenceNumber": "1"}}
    bucket, s3 = running.output("FailedRecordsBucket"), running.aws("s3")
    name = "aws/lambda/mapping/shardId-0/2026/01/05/2026-01-05T08.00.00-1"
    s3.put_object(Bucket=bucket, Key=name, Body=json.dumps({"payload": json.dumps({"Records": [record]})}).encode())
    dry = operator.run("replay", "--source", "bucket")
    assert (dry.status, "1 records would be restored" in dry.out) == (0, True)
    assert operator.state_of(gift) == "open"
    assert operator.run("replay", "--source", "bucket", "--apply").status == 0
    assert operator.state_of(gift) == "returned"
    operator.remove_timer(gift)
    assert "Contents" in s3.list_objects_v2(Bucket=bucket), "nothing is deleted without --delete"
    done = operator.run("replay", "--source", "bucket", "--apply", "--delete")
    assert (done.status, "0 gifts expired" in done.out) == (0, True)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_records_that_the_projector_gave_up_are_read_from_the_stream_again(operator: Operator) -> None:
    running = operator.running
    streams = running.aws("dynamodbstreams")
    (stream,) = streams.list_streams(TableName=running.stack["table_name"])["Streams"]
    shard = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    batch = {
        "streamArn": stream["StreamArn"],
        "shardId": shard,
        "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
        "endSequenceNumber": records[9]["dynamodb"]["SequenceNumber"],
    }
    queue = running.output("UnprojectedRecordsUrl")
    body = json.dumps({"DDBStreamBatchInfo": batch})
    running.aws("sqs").send_message(QueueUrl=queue, MessageBody=body)
    dry = operator.run("replay", "--source", "unprojected")
    assert (dry.status, "10 records would be projected" in dry.out) == (0, True)
    done = operator.run("replay", "--source", "unprojected", "--apply", "--delete")
    assert (done.status, "10 records projected" in done.out) == (0, True), done.out
    assert operator.messages_in("UnprojectedRecordsUrl") == 0
    assert eventually(lambda: operator.found() == {}, 30)


def test_a_rejected_report_is_replayed(operator: Operator) -> None:
    running = operator.running
    order = running.buy(product="parcel")
    gift = running.give(order["order_id"], wrapping=PARCEL_WRAPPING)
    body = {"secret": gift["secret"], "address": ADDRESS}
    parcel = running.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", body).json()
    detail = {
        "shipment_id": parcel["shipment_id"],
        "carrier": "swift",
        "event_id": "scan-1",
        "status": "picked_up",
        "location": "Depot 4",
        "occurred_at": "2026-01-05T08:00:00Z",
    }
    event = {"id": "event-1", "source": "example.partner", "detail-type": "carrier.reported", "detail": detail}
    message = {"requestPayload": event, "responsePayload": {"errorMessage": "busy"}}
    queue = running.output("RefusedInputsUrl")
    running.aws("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(message))
    dry = operator.run("replay", "--source", "refused")
    assert (dry.status, "it failed: busy" in dry.out) == (0, True), dry.out
    assert operator.messages_in("RefusedInputsUrl") == 1
    done = operator.run("replay", "--source", "refused", "--apply", "--delete")
    assert (done.status, "processed" in done.out) == (0, True), done.out
    shipment = running.as_("bob").get(f"/shipments/{parcel['shipment_id']}").json()
    assert shipment["status"] == "picked_up"
    assert operator.messages_in("RefusedInputsUrl") == 0


@pytest.mark.parametrize(
    ("where", "environ", "reason"),
    [
        (("--table", "no-such-table"), {}, "The table does not exist"),
        (("--stack", "no-such-stack"), {}, "AWS_DEFAULT_REGION"),
        (("--table", "x"), {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_a_command_that_cannot_run_explains_the_fix(
    operator: Operator, where: tuple[str, ...], environ: dict[str, str], reason: str
) -> None:
    started = time.monotonic()
    done = operator.run("audit", where=where, **environ)
    assert (done.status, done.out) == (2, "")
    assert reason in done.err
    assert "Traceback" not in done.err
    assert time.monotonic() - started < 30


def test_logs_lead_from_a_response_to_the_lines_of_its_function_and_of_lambda(operator: Operator) -> None:
    logs, now = operator.running.aws("logs"), int(time.time() * 1000)
    request_id, invocation = "JKJaXm/Lv+cESHA=", "5f0f4a6e-7ad6-4c3f-9d0c-6f3f5d1d6a7e"
    function, access = (operator.running.output(name) for name in ("LogGroupName", "AccessLogGroupName"))
    written = [
        (access, "api", {"request_id": request_id, "function_request_id": invocation, "status": "503"}),
        (function, "2026/11/30/claim[$LATEST]1", {"request_id": request_id, "message": "claiming"}),
        (function, "2026/11/30/claim[$LATEST]1", {"record": {"requestId": invocation}, "type": "platform.report"}),
        (function, "2026/11/30/claim[$LATEST]1", {"request_id": "JKJaXmxLv+cESHA=", "message": "another"}),
    ]
    for number, (group, stream, line) in enumerate(written):
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": now + number, "message": json.dumps(line)}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    by_request = operator.run("logs", "--request-id", request_id, "--json")
    assert by_request.status == 0, by_request.err
    assert [json.loads(line["message"]) for line in by_request.json] == [line for _, _, line in written[:3]]
    by_invocation = operator.run("logs", "--request-id", invocation, "--json")
    assert by_invocation.json == by_request.json
    by_text = operator.run("logs", "--text", "another")
    assert (by_text.status, "claim[$LATEST]1" in by_text.out) == (0, True), by_text.err
    for arguments, reason in (
        (("--request-id", "NotInAnyLine="), "No line within 24 hours."),
        (("--request-id", "not an id"), "is not a request ID"),
    ):
        done = operator.run("logs", *arguments)
        assert (done.status, reason in done.err) == (1 if "No line" in reason else 2, True), done.err


def test_logs_of_a_table_without_a_stack_are_unknown(operator: Operator) -> None:
    where = ("--table", operator.running.stack["table_name"])
    done = operator.run("logs", "--text", "any", where=where)
    assert (done.status, "requires --stack" in done.err) == (2, True)


def test_a_rollout_is_shown_and_changed(operator: Operator) -> None:
    running, wanted = operator.running, ("rollout", "gifting", "--deny", "bob", "--percent", "99.5")
    assert running.as_("bob").get("/me").status_code == 200
    shown = operator.run(*wanted)
    assert (shown.status, "bob loses it" in shown.out, "--apply" in shown.out) == (0, True, True), shown.err
    assert operator.run("rollout", "--json").json["features"]["gifting"]["percent"] == 100
    unknown = operator.run("rollout", "gifting", "--allow", "nobody.here", "--off", "--apply")
    assert (unknown.status, "nobody.here" in unknown.err) == (2, True), unknown.err
    done = operator.run(*wanted, "--apply")
    assert (done.status, "within 30 seconds" in done.out) == (0, True), done.err
    stage = operator.run("rollout", "--json").json["features"]["gifting"]
    assert (stage["percent"], stage["deny"]) == (99.5, [running.as_("bob").user_id])
    restored = operator.run("rollout", "gifting", "--forget", "bob", "--percent", "100", "--apply")
    assert restored.status == 0, restored.err


def test_the_commands_in_the_readme_reach_a_local_stack(operator: Operator) -> None:
    environ = {**os.environ, "LOCAL_DIR": str(operator.running.folder)}
    command = [sys.executable, "-m", "local.ops", "settle"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Nothing was written" in done.stdout) == (0, True), done.stderr
