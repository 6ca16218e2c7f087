"""Searching the logs of a stack by `ops logs`, with a client that answers as CloudWatch Logs does."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import logs
from ops.stack import CannotRunError

REQUEST, INVOCATION = "JKJaXm/Lv+cESHA=", "5f0f4a6e-7ad6-4c3f-9d0c-6f3f5d1d6a7e"
ACCESS = json.dumps({"request_id": REQUEST, "function_request_id": INVOCATION, "status": "503"})
REFUSED = json.dumps({"request_id": REQUEST, "function_request_id": "-", "status": "401"})
TIMEOUT = json.dumps({"type": "platform.report", "record": {"requestId": INVOCATION, "status": "timeout"}})


class CloudWatchLogs:
    """Holds lines, and runs the one form of query that `ops.logs` sends."""

    def __init__(self, *lines: str, status: str = "Complete", code: str | None = None) -> None:
        self.lines, self.status, self.code = lines, status, code
        self.queries: list[dict[str, Any]] = []

    def start_query(self, **query: Any) -> dict[str, str]:
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": ""}}, "StartQuery")
        self.queries.append(query)
        return {"queryId": "1"}

    def get_query_results(self, **_: str) -> dict[str, Any]:
        wanted = re.search(r"like /(.*)/ \|", self.queries[-1]["queryString"])
        assert wanted is not None
        found = [line for line in self.lines if re.search(wanted[1], line)]
        names = ("@timestamp", "@logStream", "@message")
        rows = [("2026-11-30 10:00:00.000", "stream", line) for line in found]
        results = [[{"field": name, "value": value} for name, value in zip(names, row, strict=True)] for row in rows]
        return {"status": self.status, "results": results}


def found_in(client: CloudWatchLogs, request_id: str) -> set[str]:
    return {line.message for line in logs.find_request(client, ["functions", "access"], request_id, hours=1)}


@pytest.mark.parametrize("known", [REQUEST, INVOCATION])
def test_either_id_leads_to_the_lines_of_both(known: str) -> None:
    client = CloudWatchLogs(ACCESS, TIMEOUT, '{"request_id":"another"}')
    assert found_in(client, known) == {ACCESS, TIMEOUT}
    assert client.queries[0]["logGroupNames"] == ["functions", "access"]


def test_a_request_that_reached_no_function_is_one_query() -> None:
    client = CloudWatchLogs(REFUSED, TIMEOUT)
    assert found_in(client, REQUEST) == {REFUSED}
    assert len(client.queries) == 1


@pytest.mark.parametrize("text", ["", "short", "an id/ | filter 1", "x" * 65])
def test_only_an_id_is_searched_as_an_id(text: str) -> None:
    client = CloudWatchLogs()
    with pytest.raises(CannotRunError, match="not a request ID"):
        found_in(client, text)
    assert client.queries == []


def test_a_text_is_searched_as_it_is() -> None:
    lines = logs.find_text(CloudWatchLogs("a.b/c (d)", "axb/c (d)"), ["functions"], ["a.b/c (d)"], hours=1)
    assert [line.message for line in lines] == ["a.b/c (d)"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDeniedException", "need logs:StartQuery and logs:GetQueryResults"),
        ("ResourceNotFoundException", "check AWS_DEFAULT_REGION"),
        ("LimitExceededException", "Try again in a minute"),
    ],
)
def test_a_failed_query_is_explained(code: str, reason: str) -> None:
    with pytest.raises(CannotRunError, match=reason):
        found_in(CloudWatchLogs(code=code), REQUEST)


@pytest.mark.parametrize("status", ["Failed", "Timeout", "Cancelled"])
def test_a_query_that_did_not_complete_is_an_error(status: str) -> None:
    with pytest.raises(CannotRunError, match="--hours"):
        found_in(CloudWatchLogs(ACCESS, status=status), REQUEST)
