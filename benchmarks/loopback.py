"""AWS on the loopback, as far as botocore's JSON services see it: whoever measures says what is answered."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# From an operation (`GetItem`) and its request to a status and the answer. Called by several threads at once.
Answering = Callable[[str, dict[str, Any]], tuple[int, Mapping[str, Any]]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answering = answering


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, said = self.server.answering(self.headers["X-Amz-Target"].rpartition(".")[2], request)
        body = json.dumps(said).encode()
        head = b"HTTP/1.1 %d -\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        self.wfile.write(head % (status, len(body)) + body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """Its URL, while it runs."""
    with _Server(answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
