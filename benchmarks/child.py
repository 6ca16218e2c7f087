"""Measure in a fresh interpreter that has only an artifact on its path; print the result as JSON on the last line.

    child.py reference                     a botocore client for DynamoDB
    child.py import                        the function's module
    child.py first REQUEST.json            the import and the first request
    child.py trace REQUEST.json            the same, with lists of compiled, imported and executed files
    child.py warm REQUEST.json ROUNDS N    rounds of N requests, alternating with N plain put_item calls

Times are CPU seconds of this process, including its start.
"""

import sys
import time

MODE = sys.argv[1]
compiled: list[str] = []
ran: set[str] = set()
if MODE == "trace":
    import types

    def on_audit_event(event: str, arguments: tuple[object, ...]) -> None:
        if event == "compile" and str(arguments[1]).endswith(".py"):
            compiled.append(str(arguments[1]))

    def on_call(frame: types.FrameType, event: str, _: object) -> None:
        # Skip the bodies of modules and classes, which always run at import.
        if event == "call" and frame.f_code.co_flags & 1:
            ran.add(frame.f_code.co_filename)

    sys.addaudithook(on_audit_event)
    sys.setprofile(on_call)
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
    clock = sys.modules["handsel.runtime.clock"]
    clock.now_ms = lambda: request["now"]  # type: ignore[attr-defined]

    def invoke() -> None:
        response = app.lambda_handler(request["event"], Context())
        if "statusCode" in response and response["statusCode"] != request["status"]:
            raise SystemExit(f"returned {response}, not {request['status']}")

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

        def alternate(number: int) -> tuple[float, float]:
            """Return the mean seconds of a request and of a put, alternating, so that both see the same processor caches."""
            pairs = [(timed(invoke), timed(put)) for _ in range(number)]
            return sum(request_time for request_time, _ in pairs) / number, sum(
                put_time for _, put_time in pairs
            ) / number

        rounds, number = int(sys.argv[3]), int(sys.argv[4])
        alternate(number)  # warm up
        print("--- warm ---", flush=True)
        measured = [alternate(number) for _ in range(rounds)]
        print("--- end ---", flush=True)
        took |= {"warm": [request_time for request_time, _ in measured], "put": [put_time for _, put_time in measured]}
    if MODE == "trace":
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
