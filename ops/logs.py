"""Find the log lines of a request in the logs of the functions and in the access log of API Gateway.

Lines of the functions have the ID that API Gateway gave the request; lines of Lambda itself, about a timeout or a crash, have
the ID of the invocation. The line of the access log has both, so it leads from one to the other.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.stack import CannotRunError

# CloudWatch Logs Insights returns no more lines for a query.
MAX_LINES = 10_000
PERMISSIONS = "logs:StartQuery and logs:GetQueryResults on the log groups of the stack"
_PAUSE_SECONDS = 0.5
_MAX_SECONDS = 120.0
_ID = re.compile(r"[\w=+/-]{6,64}", re.ASCII)
# The fields of the access log with the IDs of a request (template.yaml, AccessLogSettings).
_ID_FIELDS = ("request_id", "function_request_id")


@dataclass(frozen=True, slots=True, order=True)
class LogLine:
    """A log line.

    Attributes:
        at: the time in UTC, as CloudWatch writes it.
        source: the log stream, which contains the name of the function; or the access log.
        message: the line.
    """

    at: str
    source: str
    message: str


def find_request(client: Any, groups: Iterable[str], request_id: str, *, hours: int) -> list[LogLine]:
    """Return all lines of a request or an invocation, the oldest first.

    Args:
        client: a client of CloudWatch Logs.
        groups: the log groups.
        request_id: the ID of a response or of an invocation.
        hours: how many hours back to search.

    Raises:
        CannotRunError: the text is not a request ID, or the logs cannot be read.
    """
    if not _ID.fullmatch(request_id):
        raise CannotRunError(
            f"{request_id!r} is not a request ID. Copy `x-request-id` or `apigw-requestid` of a response."
        )
    lines = find_text(client, groups, [request_id], hours=hours)
    if others := {found for line in lines for found in _ids(line.message)} - {request_id}:
        lines = find_text(client, groups, [request_id, *sorted(others)], hours=hours)
    return lines


def find_text(client: Any, groups: Iterable[str], texts: Iterable[str], *, hours: int) -> list[LogLine]:
    """Return the lines that contain one of several texts, the oldest first.

    Raises:
        CannotRunError: the logs cannot be read.
    """
    pattern = "|".join(re.escape(text).replace("/", r"\/") for text in texts)
    query = f"fields @timestamp, @logStream, @message | filter @message like /{pattern}/ | sort @timestamp asc"
    now = int(time.time())
    try:
        query_id = client.start_query(
            logGroupNames=list(groups),
            startTime=now - hours * 3600,
            endTime=now + 60,
            queryString=query,
            limit=MAX_LINES,
        )["queryId"]
        return sorted(_results(client, query_id))
    except ClientError as error:
        raise CannotRunError(_explain(error)) from error


def _results(client: Any, query_id: str) -> Iterator[LogLine]:
    deadline = time.monotonic() + _MAX_SECONDS
    while (answer := client.get_query_results(queryId=query_id))["status"] in ("Scheduled", "Running"):
        if time.monotonic() > deadline:
            raise CannotRunError(f"The query did not end within {_MAX_SECONDS:.0f} s. Search fewer hours with --hours.")
        time.sleep(_PAUSE_SECONDS)
    if answer["status"] != "Complete":
        raise CannotRunError(f"The query ended with the status {answer['status']}. Search fewer hours with --hours.")
    for row in answer["results"]:
        fields = {each["field"]: each["value"] for each in row}
        yield LogLine(fields["@timestamp"], fields.get("@logStream", ""), fields["@message"].rstrip())


def _ids(message: str) -> set[str]:
    """Return the IDs in a line of the access log, and nothing for any other line."""
    try:
        line = json.loads(message)
    except ValueError:
        return set()
    found = {line.get(name) for name in _ID_FIELDS} if isinstance(line, dict) else set()
    return {each for each in found if isinstance(each, str) and _ID.fullmatch(each)}


def _explain(error: ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code"))
    reason = {
        "AccessDeniedException": f"The credentials need {PERMISSIONS}.",
        "ResourceNotFoundException": "A log group does not exist: check AWS_DEFAULT_REGION, and whether the group was deleted.",
        "LimitExceededException": "Too many queries are running in this account. Try again in a minute.",
    }.get(code, "")
    return f"The logs cannot be searched: {error.operation_name} failed: {code}. {reason}"
