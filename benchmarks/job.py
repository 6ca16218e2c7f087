"""Measure a function in a separate process that has it as `app` on its path, with a simulated DynamoDB endpoint.

    job.py paired EVENT.json N ROUNDS    CPU seconds per record of N invocations, alternating with one plain
                                         transact_write_items of the same shape
    job.py timed EVENT.json MS           seconds, CPU seconds and calls of one invocation with MS milliseconds of time

The result is the last line, as JSON.
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
    requests: list[dict[str, Any]] = []
    client, records = app.store.client, len(event["Records"])
    transact_write_items = client.transact_write_items

    def recorded(**request: Any) -> Any:
        requests.append(request)
        return transact_write_items(**request)

    client.transact_write_items = recorded
    app.lambda_handler(event, CONTEXT)
    client.transact_write_items = transact_write_items
    plain: Any = botocore.session.get_session().create_client("dynamodb")

    def transact() -> None:
        plain.transact_write_items(**requests[0])

    def invoke() -> None:
        assert app.lambda_handler(event, CONTEXT) == {"batchItemFailures": []}  # noqa: S101

    transact()  # warm up
    ours, plain_times = [], []
    for _ in range(rounds):
        ours.append(cpu(invoke, times) / (times * records))
        plain_times.append(cpu(transact, min(100, times * records)) / min(100, times * records))
    return {"ours": ours, "plain": plain_times}


def timed(event: dict[str, Any], milliseconds: int) -> dict[str, Any]:
    app.lambda_handler(event, CONTEXT)  # warm up; a sweep without time settles nothing
    calls = Counter[str]()
    app.store.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.update([model.name]))
    CONTEXT.remaining = milliseconds
    began, used = time.monotonic(), time.process_time()
    response = app.lambda_handler(event, CONTEXT)
    return {
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - used,
        "calls": calls,
        "response": response,
    }


if __name__ == "__main__":
    mode, path, *numbers = sys.argv[1:]
    event = json.loads(Path(path).read_text())
    took = (paired if mode == "paired" else timed)(event, *map(int, numbers))
    print(f"\n{json.dumps(took)}")
