"""DynamoDB on the loopback for measuring: answers as long after the request as it is told to."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.memory.table import Memory

# What is published of DynamoDB: half of the calls take longer than this many seconds.
TRANSACTION, SINGLE = 0.025, 0.008
AS_DYNAMODB = {"": SINGLE, "TransactWriteItems": TRANSACTION}
# An answer to every write and every BatchGetItem.
_NOTHING: dict[str, Any] = {"Responses": {}}


class Served(ThreadingHTTPServer):
    """
    Args:
        table: what it answers from; without one, nothing is wrong and nothing is there.

    Attributes:
        seconds: how long an answer takes, by operation; of others under "".
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, table: Memory | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seconds: Mapping[str, float] = {"": 0.0}
        self._table = table
        self._one_at_a_time = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        began = time.monotonic()
        with self._one_at_a_time:
            status, said = (200, _NOTHING) if self._table is None else _asked(self._table, operation, request)
        takes = self.seconds.get(operation, self.seconds[""])
        time.sleep(max(0.0, takes - (time.monotonic() - began)))
        return status, said


def _asked(table: Memory, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, getattr(table, xform_name(operation))(**request)
    except ClientError as error:
        said: Any = error.response
        reasons = {"CancellationReasons": said["CancellationReasons"]} if "CancellationReasons" in said else {}
        return 400, {"__type": f"com.amazonaws.dynamodb#{said['Error']['Code']}", "message": "", **reasons}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Served

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, said = self.server.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
        body = json.dumps(said).encode()
        head = b"HTTP/1.1 %d -\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        self.wfile.write(head % (status, len(body)) + body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(table: Memory | None = None) -> Iterator[Served]:
    with Served(table) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        try:
            yield served
        finally:
            served.shutdown()
