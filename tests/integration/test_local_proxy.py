"""The proxy of the local stack, in front of an engine that records requests and answers as a test defines."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.engine import free_port
from local.proxy import serve
from local.sign_in import SignIn
from local.test_clock import Advancer, Backlog

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
PREFIX = b"/_aws/execute-api/api/$default"

Script = Callable[[socket.socket], None]


class Engine:
    """An engine that handles each connection with a script. It uses sockets, because tests compare bytes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.script: Script = lambda connection: connection.sendall(OK)
        # The request line and headers of each request.
        self.heads: list[bytes] = []
        threading.Thread(target=self._run, daemon=True).start()

    def respond_with(self, response: bytes) -> None:
        self.script = lambda connection: connection.sendall(response)

    def stop(self) -> None:
        """Refuse connections from now on. A second call has no effect."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (byte := connection.recv(1)):
                    return
                head += byte
            self.heads.append(head)
            self.script(connection)

    @property
    def target(self) -> bytes:
        return self.heads[-1].split(b" ")[1]

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of a header of the last request."""
        lines = self.heads[-1].split(b"\r\n")[1:-2]
        return [line.partition(b": ")[2] for line in lines if line.lower().startswith(name + b":")]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.stop()


@contextlib.contextmanager
def run_proxy(engine_url: str, stack_file: Path) -> Iterator[int]:
    """Run a proxy in a thread, as the runner does, and yield its port."""
    port, ready, stop = free_port(), threading.Event(), threading.Event()

    async def run() -> None:
        signing_in, clock = SignIn(engine_url, "pool", "client", stack_file), Advancer(Backlog([], [], [], stop))
        async with serve("127.0.0.1", port, engine_url, "api", signing_in, clock):
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def port(engine: Engine, tmp_path: Path) -> Iterator[int]:
    with run_proxy(engine.url, tmp_path / "stack.json") as port:
        yield port


@pytest.fixture
def caller(port: int) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as caller:
        yield caller


def send_request(caller: http.client.HTTPConnection, *request: object, **more: object) -> tuple[int, bytes]:
    caller.request(*request, **more)  # type: ignore[arg-type]
    response = caller.getresponse()
    return response.status, response.read()


def send(port: int, request: bytes) -> bytes:
    """Send a request as it is, and return the status line and headers of the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return receive(connection, b"\r\n\r\n").partition(b"\r\n\r\n")[0]


def receive(connection: socket.socket, end: bytes) -> bytes:
    """Receive until these bytes have come."""
    received = b""
    while end not in received:
        received += (data := connection.recv(65536))
        assert data, received
    return received


@pytest.mark.parametrize(
    "path",
    [
        *("/a%2Fb", "/%61", "/a%27b%3B", "/%E4%BD%A0", "/%FF", "/%zz", "/a;b=1,c", "/a:b@c"),
        *("/a//b", "//a", "/a/", "/./a", "/../a", "/a/../../b", "/%2e%2e/%2E%2E/a"),
        *("/a?b=%41&b=a+b&c", "/a?b=/../c", "/a?b=c?d"),
    ],
)
def test_the_target_is_forwarded_byte_by_byte(engine: Engine, port: int, path: str) -> None:
    """Check that ".." is not resolved: other services of the engine have paths next to the API."""
    assert send(port, b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert engine.target == PREFIX + path.encode()


def test_a_target_may_be_an_absolute_url(engine: Engine, port: int) -> None:
    send(port, b"GET http://s3.example.com/../a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert engine.target == PREFIX + b"/../a?b=c"
    assert engine.values(b"host") == [b"127.0.0.1:%d" % port]


@pytest.mark.parametrize("line", [b"OPTIONS *", b"CONNECT 127.0.0.1:80"])
def test_a_target_without_a_path_is_not_forwarded(engine: Engine, port: int, line: bytes) -> None:
    assert send(port, line + b" HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 4")
    assert engine.heads == []


def test_headers_are_forwarded_except_those_of_the_connection(engine: Engine, port: int) -> None:
    sent = b"X-A: 1\r\nX-A: 2\r\nCookie: a=b\r\nTE: trailers\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
    send(port, b"GET /a HTTP/1.1\r\nHost: localhost\r\n" + sent + b"\r\n")
    names = {line.partition(b":")[0].lower() for line in engine.heads[-1].split(b"\r\n")[1:-2]}
    assert names == {b"host", b"x-a", b"cookie", b"connection"}
    assert engine.values(b"x-a") == [b"1", b"2"]
    assert engine.values(b"connection") == [b"close"]
    assert engine.values(b"host") == [b"127.0.0.1:%d" % port]


def test_a_header_that_is_not_utf_8_does_not_become_valid(engine: Engine, port: int) -> None:
    send(port, b"GET /a HTTP/1.1\r\nHost: localhost\r\nX-A: a\xe9b\r\nX-B: \xc3\xa9\r\n\r\n")
    assert engine.values(b"x-a") == ["a\ufffdb".encode()]
    assert engine.values(b"x-b") == [b"\xc3\xa9"]


def test_long_headers_and_targets_are_forwarded(engine: Engine, port: int) -> None:
    send(port, b"GET /%b HTTP/1.1\r\nHost: localhost\r\nX-A: %b\r\n\r\n" % (b"a" * 30_000, b"b" * 30_000))
    assert engine.target == PREFIX + b"/" + b"a" * 30_000
    assert engine.values(b"x-a") == [b"b" * 30_000]


def test_callers_do_not_share_cookies_or_connections(engine: Engine, caller: http.client.HTTPConnection) -> None:
    engine.respond_with(
        b"HTTP/1.1 302 Found\r\nset-cookie: a=b\r\nset-cookie: c=d\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n"
    )
    caller.request("GET", "/a")
    response = caller.getresponse()
    assert (response.status, response.headers.get_all("set-cookie")) == (302, ["a=b", "c=d"])
    response.read()
    send_request(caller, "GET", "/c")
    assert engine.values(b"cookie") == []
    assert len(engine.heads) == 2


def test_compressed_bodies_stay_compressed(engine: Engine, caller: http.client.HTTPConnection) -> None:
    # Neither body is really compressed, so decompression would fail.
    engine.script = _echo
    headers = {"content-encoding": "gzip", "content-type": ""}
    assert send_request(caller, "POST", "/a", b"no gzip", headers) == (200, b"no gzip")
    assert engine.values(b"content-encoding") == [b"gzip"]
    engine.respond_with(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 7\r\n\r\nno gzip")
    assert send_request(caller, "GET", "/a") == (200, b"no gzip")


def _echo(connection: socket.socket) -> None:
    body = connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def test_a_connection_is_reused_without_delay(caller: http.client.HTTPConnection) -> None:
    caller.connect()
    first, seconds = caller.sock, []
    for _ in range(30):
        started = time.monotonic()
        assert send_request(caller, "GET", "/a") == (200, b"ok")
        seconds.append(time.monotonic() - started)
    assert caller.sock is first
    # If a response waited for an acknowledgement of its first part, it would take 40 ms.
    assert min(seconds[-10:]) < 0.03


def test_a_caller_that_expects_continue_receives_it(engine: Engine, port: int) -> None:
    engine.script = _echo
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert receive(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert receive(connection, b"body").startswith(b"HTTP/1.1 200 OK\r\n")
    assert engine.values(b"expect") == []
    assert engine.values(b"content-length") == [b"4"]


def test_a_chunked_body_is_forwarded_as_it_arrives(engine: Engine, port: int) -> None:
    arrived = threading.Event()
    rest = b""

    def script(connection: socket.socket) -> None:
        nonlocal rest
        rest = connection.recv(65536)
        arrived.set()
        while not rest.endswith(b"0\r\n\r\n"):
            rest += connection.recv(65536)
        connection.sendall(OK)

    engine.script = script
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert arrived.wait(10)
        connection.sendall(b"2\r\nde\r\n0\r\n\r\n")
        assert receive(connection, b"\r\n\r\nok").startswith(b"HTTP/1.1 200 OK\r\n")
    assert (engine.values(b"transfer-encoding"), engine.values(b"content-length")) == ([b"chunked"], [])
    assert rest == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def test_a_response_is_forwarded_as_it_arrives(engine: Engine, caller: http.client.HTTPConnection) -> None:
    goes_on = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert goes_on.wait(10)
        connection.sendall(b"2\r\nde\r\n0\r\n\r\n")

    engine.script = script
    caller.request("GET", "/a")
    response = caller.getresponse()
    assert response.read(3) == b"abc"
    goes_on.set()
    assert response.read() == b"de"


def test_a_response_before_the_end_of_the_body_reaches_the_caller(engine: Engine, port: int) -> None:
    engine.respond_with(b"HTTP/1.1 413 Request Entity Too Large\r\ncontent-length: 0\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000)
        assert receive(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")


def test_large_bodies_are_forwarded_completely(engine: Engine, caller: http.client.HTTPConnection) -> None:
    body = bytes(range(256)) * 40_000

    def script(connection: socket.socket) -> None:
        received = bytearray()
        while len(received) < len(body):
            received += connection.recv(1 << 20)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(received))
        connection.sendall(received)

    engine.script = script
    assert send_request(caller, "PUT", "/a", body) == (200, body)


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 20\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n"),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
def test_after_a_response_without_a_body_the_connection_stays_usable(
    engine: Engine, port: int, method: str, response: bytes
) -> None:
    engine.respond_with(response)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for _ in range(2):
            connection.sendall(b"%b /a HTTP/1.1\r\nHost: localhost\r\n\r\n" % method.encode())
            received = receive(connection, b"\r\n\r\n")
            assert received.startswith(response.partition(b"\r\n")[0])
            assert received.endswith(b"\r\n\r\n")
            assert (b"content-length: 20\r\n" in received) == (method == "HEAD")


def test_a_function_that_raised_is_a_500_as_on_aws(engine: Engine, caller: http.client.HTTPConnection) -> None:
    engine.respond_with(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 9\r\n\r\nTraceback")
    status, body = send_request(caller, "GET", "/a")
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 200", b"no HTTP\r\n\r\n"])
def test_an_engine_that_does_not_respond_is_unavailable(
    engine: Engine, caller: http.client.HTTPConnection, response: bytes
) -> None:
    engine.respond_with(response)
    status, body = send_request(caller, "POST", "/a", b"body")
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})
    assert len(engine.heads) == 1  # a request is not sent twice


def test_a_stopped_engine_is_unavailable(engine: Engine, caller: http.client.HTTPConnection) -> None:
    engine.stop()
    status, body = send_request(caller, "POST", "/a", b"body")
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize(
    "framing", [b"content-length: 10\r\n\r\nhalf", b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
def test_a_truncated_response_is_reported_as_incomplete(
    engine: Engine, caller: http.client.HTTPConnection, framing: bytes
) -> None:
    engine.respond_with(b"HTTP/1.1 200 OK\r\ncache-control: immutable\r\n" + framing)
    for _ in range(2):  # it is not cached
        caller.request("GET", "/a")
        response = caller.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            response.read()
        caller.close()
    assert len(engine.heads) == 2


def test_a_caller_that_disconnects_does_not_affect_others(
    engine: Engine, port: int, caller: http.client.HTTPConnection
) -> None:
    arrived, ended = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        receive(connection, b"half")
        arrived.set()
        if not connection.recv(65536):
            ended.set()

    engine.script = script
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert arrived.wait(10)
    assert ended.wait(10)  # the engine does not wait for the rest
    engine.respond_with(OK)
    assert send_request(caller, "GET", "/a") == (200, b"ok")


def test_an_immutable_response_is_cached(engine: Engine, caller: http.client.HTTPConnection) -> None:
    engine.respond_with(
        b"HTTP/1.1 200 OK\r\ncache-control: public, immutable\r\netag: x\r\ncontent-length: 2\r\n\r\nok"
    )
    for path in ("/a", "/a", "/a?b"):
        caller.request("GET", path)
        response = caller.getresponse()
        assert (response.status, response.headers["etag"], response.headers["content-length"]) == (200, "x", "2")
        assert response.read() == b"ok"
    assert len(engine.heads) == 1
    others: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/a", {"accept-encoding": "gzip"}),  # a compressed response is another response
        ("GET", "/a", {"if-none-match": "x"}),  # the function answers 304
        ("HEAD", "/b", {}),
        ("GET", "/b", {}),
    ]
    for count, (method, path, headers) in enumerate(others, 2):
        send_request(caller, method, path, headers=headers)
        assert len(engine.heads) == count


@pytest.mark.parametrize("head", [b"200 OK\r\ncache-control: max-age=60", b"404 Not Found\r\ncache-control: immutable"])
def test_other_responses_are_not_cached(engine: Engine, caller: http.client.HTTPConnection, head: bytes) -> None:
    engine.respond_with(b"HTTP/1.1 " + head + b"\r\ncontent-length: 0\r\n\r\n")
    for count in (1, 2):
        send_request(caller, "GET", "/a")
        assert len(engine.heads) == count


def test_an_unfinished_request_does_not_keep_the_proxy_running(engine: Engine, tmp_path: Path) -> None:
    goes_on = threading.Event()

    def script(_: socket.socket) -> None:
        goes_on.wait(20)

    engine.script = script
    with run_proxy(engine.url, tmp_path / "stack.json") as port:
        waiting = socket.create_connection(("127.0.0.1", port), timeout=10)
        waiting.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", port), timeout=10)
        while not engine.heads:
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    goes_on.set()
    waiting.close()
    idle.close()


def test_sign_in_without_a_stack_is_unavailable(engine: Engine, caller: http.client.HTTPConnection) -> None:
    status, body = send_request(caller, "GET", "/sign-in")  # there is no stack file
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})
    assert engine.heads == []


@pytest.mark.parametrize("path", ["/a", "/sign-in", "/pictures/unknown.svg"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.nip.io:80"])
def test_a_request_for_another_host_is_refused(engine: Engine, port: int, path: str, host: str) -> None:
    """Check that a page on the internet cannot reach the stack by DNS rebinding."""
    answer = send(port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert engine.heads == []


def test_an_uncompressed_response_is_not_taken_from_the_cache_of_compressed_ones(
    engine: Engine, caller: http.client.HTTPConnection
) -> None:
    engine.respond_with(b"HTTP/1.1 200 OK\r\ncache-control: immutable\r\ncontent-length: 2\r\n\r\nok")
    for count, accept_encoding in enumerate(("gzip", "gzip;q=0"), 1):
        send_request(caller, "GET", "/a", headers={"accept-encoding": accept_encoding})
        assert len(engine.heads) == count
