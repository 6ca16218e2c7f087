"""Runs in a process of its own that has one of our functions as `app` on its path, and DynamoDB's place at an endpoint.

    job.py paired EVENT.json N ROUNDS    CPU seconds a record of N invocations, in turns with those of one plain
                                         transact_write_items of the same shape
    job.py timed EVENT.json MS           seconds of one invocation, which has so many milliseconds, CPU seconds, calls

What it took is its last line, as JSON.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app  # type: ignore[import-not-found]
import botocore.session


class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "handsel"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:handsel"
    remaining = 0

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


CONTEXT = Context()


def cpu(act: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        act()
    return time.process_time() - began


def paired(event: dict[str, Any], times: int, rounds: int) -> dict[str, Any]:
    asked: list[dict[str, Any]] = []
    client, records = app.store.client, len(event["Records"])
    transact_write_items = client.transact_write_items

    def noted(**request: Any) -> Any:
        asked.append(request)
        return transact_write_items(**request)

    client.transact_write_items = noted
    app.lambda_handler(event, CONTEXT)
    client.transact_write_items = transact_write_items
    plain: Any = botocore.session.get_session().create_client("dynamodb")

    def transact() -> None:
        plain.transact_write_items(**asked[0])

    def invoke() -> None:
        assert app.lambda_handler(event, CONTEXT) == {"batchItemFailures": []}  # noqa: S101

    transact()  # what is made at first use is made
    ours, its = [], []
    for _ in range(rounds):
        ours.append(cpu(invoke, times) / (times * records))
        its.append(cpu(transact, min(100, times * records)) / min(100, times * records))
    return {"ours": ours, "plain": its}


def timed(event: dict[str, Any], milliseconds: int) -> dict[str, Any]:
    app.lambda_handler(event, CONTEXT)  # what is made at first use is made; a sweep without time settles nothing
    calls = Counter[str]()
    app.store.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.update([model.name]))
    CONTEXT.remaining = milliseconds
    began, used = time.monotonic(), time.process_time()
    said = app.lambda_handler(event, CONTEXT)
    return {"seconds": time.monotonic() - began, "cpu": time.process_time() - used, "calls": calls, "said": said}


if __name__ == "__main__":
    mode, path, *numbers = sys.argv[1:]
    asked_for = json.loads(Path(path).read_text())
    took = (paired if mode == "paired" else timed)(asked_for, *map(int, numbers))
    print(f"\n{json.dumps(took)}")
