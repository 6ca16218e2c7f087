"""Serve AWS's JSON protocols on the loopback, for botocore; the caller supplies the responses."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Takes an operation (`GetItem`) and its request, returns a status and the response. Several threads call it.
Respond = Callable[[str, dict[str, Any]], tuple[int, Mapping[str, Any]]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, respond: Respond) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, response = self.server.respond(self.headers["X-Amz-Target"].rpartition(".")[2], request)
        body = json.dumps(response).encode()
        head = b"HTTP/1.1 %d -\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        self.wfile.write(head % (status, len(body)) + body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """Run a server; yield its URL."""
    with _Server(respond) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
