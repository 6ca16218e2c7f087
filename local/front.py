"""The API on a plain port: http://127.0.0.1:8787/orders instead of the engine's own long address.

Passes requests and answers through as they are, in both directions as they come, on as many connections as there are.
Two things are set right: the Host header is always this address (the engine routes by it, AWS does not let a caller
choose it), and a function that raised answers 500 with AWS's body where the engine answers 502 with the exception.
Two things are answered here that are no part of what gets deployed: the pictures of the demo products, and /sign-in
(see sign_in), which lets the pages sign in and tells the demo users' tokens. And what may be kept for ever is, as by the
CDN that stands before pages elsewhere: a page asks for twenty files at once, and here each would start a function.
"""

import asyncio
import contextlib
import http.client
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import h11

from local import sign_in
from local.sign_in import SignIn
from local.users import TriggerError

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
# What the front takes itself is shorter.
LONGEST_BODY = 64 * 1024
IDLE_SECONDS = 75
# Belong to one connection, not to the message.
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"expect"}
PICTURES = {
    f"/pictures/{file.name}".encode(): file.read_bytes() for file in (Path(__file__).parent / "pictures").glob("*.svg")
}
# As the deployed function answers pictures of covers.
PICTURE_HEADERS = [
    (b"content-type", b"image/svg+xml"),
    (b"cache-control", b"public, max-age=86400"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
]
FAILED = b'{"message":"Internal Server Error"}'

Headers = list[tuple[bytes, bytes]]


class Front:
    """Serves until cancelled."""

    def __init__(self, bind_host: str, port: int, engine_url: str, api_id: str, signing_in: SignIn) -> None:
        address = urlsplit(engine_url)
        self._engine = (address.hostname or "127.0.0.1", address.port or 80)
        self._prefix = f"/_aws/execute-api/{api_id}/$default".encode()
        self._bind_host = bind_host
        self._port = port
        self._signing_in = signing_in
        # By path, and whether it is compressed: as many as the pages have files.
        self._kept: dict[tuple[bytes, bool], Kept] = {}

    async def start(self) -> asyncio.Server:
        """Raises OSError when the port is taken."""
        return await asyncio.start_server(self._serve, self._bind_host, self._port, backlog=1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller's connection: any number of requests, one after the other."""
        caller = Peer(h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024), reader, writer)
        try:
            while True:
                request = await caller.next(IDLE_SECONDS)
                if not isinstance(request, h11.Request):
                    return
                await self._exchange(caller, request)
                if caller.http.our_state is not h11.DONE or caller.http.their_state is not h11.DONE:
                    return
                caller.http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await caller.refuse(error.error_status_hint)
        except h11.LocalProtocolError:
            # The engine ended its answer early; all there is to do is to end ours.
            log.exception("An answer could not be passed on")
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the caller left
        finally:
            await caller.close()

    async def _exchange(self, caller: "Peer", request: h11.Request) -> None:
        path = target_path(request.target)
        if path is None:
            raise h11.RemoteProtocolError("No path", error_status_hint=400)
        if request.method in (b"GET", b"HEAD") and (picture := PICTURES.get(path.partition(b"?")[0])):
            await caller.body(LONGEST_BODY)  # nobody asks for a picture with one
            await caller.say(200, PICTURE_HEADERS, picture, only_headers=request.method == b"HEAD")
            return
        if request.method in (b"GET", b"HEAD", b"POST") and path.partition(b"?")[0] == sign_in.PATH:
            await self._sign_in(caller, request)
            return
        asked = dict(request.headers)
        name = path.partition(b"?")[0], b"gzip" in asked.get(b"accept-encoding", b"")
        # Who has it already asks the function, which says so.
        if request.method == b"GET" and b"if-none-match" not in asked and (kept := self._kept.get(name)):
            await caller.body(LONGEST_BODY)
            await caller.say(200, kept.headers, kept.content)
            return
        try:
            reader, writer = await asyncio.open_connection(*self._engine)
        except OSError:
            await caller.refuse(503)
            return
        engine = Peer(h11.Connection(h11.CLIENT), reader, writer)
        try:
            host = f"127.0.0.1:{self._port}".encode()
            headers = [(b"host", host), *passed_on(request.headers, b"host"), (b"connection", b"close")]
            await engine.send(h11.Request(method=request.method, target=self._prefix + path, headers=headers))
            # The answer may come before the body is through (413), so both directions run at once.
            body = asyncio.create_task(_pass_body(caller, engine))
            answer = asyncio.create_task(_pass_answer(engine, caller))
            try:
                await asyncio.wait({body, answer}, return_when=asyncio.FIRST_COMPLETED)
                if body.done():
                    body.result()
                if (kept := await answer) and request.method == b"GET":
                    self._kept[name] = kept
            finally:
                body.cancel()
                answer.cancel()
                await asyncio.gather(body, answer, return_exceptions=True)
        finally:
            await engine.close()

    async def _sign_in(self, caller: "Peer", request: h11.Request) -> None:
        body = await caller.body(LONGEST_BODY)
        said = dict(request.headers)
        target, content_type = (said.get(name, b"").decode("latin-1") for name in (b"x-amz-target", b"content-type"))
        try:
            if request.method == b"POST":
                answer = await asyncio.to_thread(self._signing_in.ask, target, content_type, body)
            else:
                answer = await asyncio.to_thread(self._signing_in.offer)
        except (OSError, http.client.HTTPException, TriggerError, LookupError, ValueError):
            log.exception("Nobody could sign in")
            await caller.refuse(503)
            return
        headers = [(b"content-type", answer.content_type.encode()), (b"cache-control", b"no-store")]
        await caller.say(answer.status, headers, answer.body, only_headers=request.method == b"HEAD")


@dataclass(frozen=True)
class Kept:
    """An answer that is the same for ever."""

    headers: Headers
    content: bytes


class Peer:
    """One side of a connection: h11's state and the socket."""

    def __init__(self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.http = http
        self._reader = reader
        self._writer = writer

    async def next(self, seconds: float | None = None) -> h11.Event | None:
        """The next event; None when the other side's turn is over."""
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            async with asyncio.timeout(seconds):
                self.http.receive_data(await self._reader.read(CHUNK))

    async def send(self, event: h11.Event) -> None:
        if data := self.http.send(event):
            self._writer.write(data)
            await self._writer.drain()

    async def body(self, most: int) -> bytes:
        """All of it. Raises RemoteProtocolError where it is longer."""
        whole = b""
        while isinstance(event := await self.next(IDLE_SECONDS), h11.Data):
            whole += event.data
            if len(whole) > most:
                raise h11.RemoteProtocolError("Too long", error_status_hint=413)
        return whole

    async def say(self, status: int, headers: Headers, content: bytes, *, only_headers: bool = False) -> None:
        """A whole answer; the connection goes on behind it."""
        headers = [*headers, (b"content-length", str(len(content)).encode())]
        await self.send(h11.Response(status_code=status, headers=headers))
        if not only_headers:
            await self.send(h11.Data(data=content))
        await self.send(h11.EndOfMessage())

    async def refuse(self, status: int) -> None:
        """Answer with a status of our own, if there is still a way to answer."""
        if self.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = b"Bad Request" if status < 500 else b"Service Unavailable"
            await self.answer(status, b'{"message":"%s"}' % text)

    async def answer(self, status: int, body: bytes) -> None:
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        try:
            await self.send(h11.Response(status_code=status, headers=headers))
            await self.send(h11.Data(data=body))
            await self.send(h11.EndOfMessage())
        except (OSError, h11.LocalProtocolError):
            pass  # the caller left, or asked with HEAD

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def _pass_body(caller: Peer, engine: Peer) -> None:
    """Raise what is wrong on the caller's side; when the engine stops listening, its answer says why."""
    while isinstance(event := await caller.next(IDLE_SECONDS), h11.Data | h11.EndOfMessage):
        try:
            await engine.send(event)
        except OSError:
            return
        if isinstance(event, h11.EndOfMessage):
            return


async def _pass_answer(engine: Peer, caller: Peer) -> Kept | None:
    """What may be kept of it."""
    try:
        while isinstance(response := await engine.next(), h11.InformationalResponse):
            pass
    except (OSError, h11.RemoteProtocolError):
        response = h11.ConnectionClosed()
    if not isinstance(response, h11.Response):
        await caller.refuse(503)
        return None
    if response.status_code == 502:
        await caller.answer(500, FAILED)
        return None
    headers = passed_on(response.headers)
    await caller.send(h11.Response(status_code=response.status_code, headers=headers, reason=response.reason))
    content = b""
    lasts = response.status_code == 200 and b"immutable" in dict(headers).get(b"cache-control", b"")
    while isinstance(event := await engine.next(), h11.Data):
        content += event.data if lasts else b""
        await caller.send(event)
    await caller.send(h11.EndOfMessage())
    return Kept(passed_on(headers, b"content-length", b"transfer-encoding"), content) if lasts else None


def passed_on(headers: Iterable[tuple[bytes, bytes]], *without: bytes) -> Headers:
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP and name not in without]


def target_path(target: bytes) -> bytes | None:
    """The path and query of a request target, in origin or absolute form; None for `*` and the like."""
    if target.startswith(b"/"):
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return None
    return b"/" + rest.partition(b"/")[2]
