"""Runs in a fresh interpreter that has nothing but an artifact on its path. What it took is its last line, as JSON.

    child.py reference                     a botocore client for DynamoDB
    child.py import                        the function's module
    child.py first REQUEST.json            and its first request
    child.py look REQUEST.json             the same, told of what was compiled, imported and run
    child.py warm REQUEST.json ROUNDS N    rounds of N requests, in turns with N plain put_item

Times are CPU seconds of this process, its start included.
"""

import sys
import time

MODE = sys.argv[1]
compiled: list[str] = []
ran: set[str] = set()
if MODE == "look":
    import types

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event == "compile" and str(arguments[1]).endswith(".py"):
            compiled.append(str(arguments[1]))

    def called(frame: types.FrameType, event: str, _: object) -> None:
        # The bodies of modules and classes run at import, whether anybody wants them or not.
        if event == "call" and frame.f_code.co_flags & 1:
            ran.add(frame.f_code.co_filename)

    sys.addaudithook(heard)
    sys.setprofile(called)
if MODE == "reference":
    import botocore.session

    botocore.session.get_session().create_client("dynamodb")
else:
    import app  # type: ignore[import-not-found]

took: dict[str, object] = {"import": time.process_time()}
if MODE not in ("reference", "import"):
    import json
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    class Context:
        aws_request_id = "00000000-0000-4000-8000-000000000000"
        function_name = "handsel"
        memory_limit_in_mb = 512
        invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:handsel"

        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 55_000

    request = json.loads(Path(sys.argv[2]).read_text())
    at_time = sys.modules["handsel.runtime.clock"]
    at_time.now_ms = lambda: request["now"]  # type: ignore[attr-defined]

    def invoke() -> None:
        answered = app.lambda_handler(request["event"], Context())
        if "statusCode" in answered and answered["statusCode"] != request["status"]:
            raise SystemExit(f"answered {answered}, not {request['status']}")

    began = time.process_time()
    invoke()
    took["first"] = time.process_time() - began
    if MODE == "warm":
        import botocore.session

        plain: Any = botocore.session.get_session().create_client("dynamodb")
        item = {"pk": {"S": "ORDER#1"}, "sk": {"S": "ORDER"}, "state": {"S": "paid"}, "quantity": {"N": "1"}}

        def timed(act: Callable[[], None]) -> float:
            began = time.process_time()
            act()
            return time.process_time() - began

        def put() -> None:
            plain.put_item(TableName="handsel", Item=item)

        def in_turns(number: int) -> tuple[float, float]:
            """Seconds of a request and of a put: each finds the processor's caches as the other left them."""
            pairs = [(timed(invoke), timed(put)) for _ in range(number)]
            return sum(ours for ours, _ in pairs) / number, sum(its for _, its in pairs) / number

        rounds, number = int(sys.argv[3]), int(sys.argv[4])
        in_turns(number)  # what is made at first use is made
        print("--- warm ---", flush=True)
        measured = [in_turns(number) for _ in range(rounds)]
        print("--- end ---", flush=True)
        took |= {"warm": [ours for ours, _ in measured], "put": [its for _, its in measured]}
    if MODE == "look":
        sys.setprofile(None)
        files = {name: getattr(module, "__file__", None) or "" for name, module in tuple(sys.modules.items())}
        took |= {"compiled": compiled, "modules": files, "ran": sorted(ran)}

    status = Path("/proc/self/status")
    if status.exists():  # on Linux
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        took["peak_kb"] = int(fields["VmHWM"].split()[0])
    print(json.dumps(took))
else:
    print(f'{{"import": {took["import"]}}}')
