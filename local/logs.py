"""Print the logs of the functions of a running stack, the oldest line first."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from local import aws, cli
from local.state import Directory

PAUSE = 1.0

# The time, the function and the message.
LogLine = tuple[int, str, str]


def main(directory: Directory, text: str, *, follow: bool) -> int:
    """Print the lines that contain a text. Return the exit status.

    Args:
        directory: the folder of the stack.
        text: for example a request id; empty for all lines.
        follow: whether to wait for further lines until interrupted.
    """
    running = directory.read()
    if running is None:
        cli.say("The stack is not ready.", error=True)
        return 1
    with closing(aws.client("logs", running.endpoint_url)) as logs:
        seen: set[LogLine] = set()
        try:
            while True:
                for line in _lines(logs, text, seen):
                    cli.say(line)
                if not follow:
                    return 0
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            return 0


def _lines(logs: Any, text: str, seen: set[LogLine]) -> Iterator[str]:
    """Yield the lines of all functions that were not seen before, by their time."""
    lines: list[LogLine] = []
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            # The engine gives events no id.
            lines += [(event["timestamp"], group.rpartition("/")[2], event["message"]) for event in page["events"]]
    for line in sorted(set(lines) - seen):
        _, function, message = line
        if text in message:
            yield f"{function}  {message.rstrip()}"
    seen.update(lines)
