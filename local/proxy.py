"""Serve the API on a plain port: http://127.0.0.1:8787/orders instead of the engine's own long address.

Requests and responses pass unchanged, and their bodies are streamed in both directions. The exceptions:

- The Host header is always this address: the engine routes by it, and on AWS a caller cannot choose it.
- A function that raised answers 500 with AWS's body. The engine answers 502 with the exception.
- Immutable responses are cached, as by the CDN in front of deployed pages: a page loads twenty files at once, and each
  would start a function. Each time they are sent, they have another request ID.
- `apigw-requestid` is the ID that the function got with the request, as on AWS. The engine makes up another one.
- A request for the name of another machine is refused (see hosts).
- The test clock is advanced step by step (see test_clock).
- The pictures of the demo products and /sign-in (see sign_in) are served here. They are not part of a deployment.
"""

import asyncio
import http.client
import logging
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError
from yarl import URL

from handsel.api.weights import accepts_gzip
from local import hosts, sign_in, test_clock
from local.sign_in import SignIn
from local.test_clock import Advancer, Answer
from local.users import TriggerError

log = logging.getLogger(__name__)

# Of a request line and of a header, and of a request body that is read here.
MAX_BYTES = 64 * 1024
BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75
# Requests that are still running when the stack stops are cut off after this time, because the engine stops as well.
SHUTDOWN_SECONDS = 1
# These belong to one connection, not to the message. aiohttp decides by itself whether to send a body in chunks.
HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
}
PICTURES = {f"/pictures/{file.name}": file.read_bytes() for file in (Path(__file__).parent / "pictures").glob("*.svg")}
# The same as the deployed function sends with pictures of covers.
PICTURE_HEADERS = {
    "content-type": "image/svg+xml",
    "cache-control": "public, max-age=86400",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}

# Of the function's response, and of API Gateway.
REQUEST_ID, GATEWAY_REQUEST_ID = "x-request-id", "apigw-requestid"

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class CachedResponse:
    """A 200 response that never changes."""

    headers: Headers
    content: bytes


class Proxy:
    """Answers all requests.

    Args:
        engine: The client that calls the engine.
        port: The port that the API is served on.
        engine_url: The endpoint of the engine.
        api_id: The HTTP API of the stack.
        signing_in: The answers of /sign-in.
        clock: Advances the test clock.
    """

    def __init__(
        self,
        engine: aiohttp.ClientSession,
        port: int,
        engine_url: str,
        api_id: str,
        signing_in: SignIn,
        clock: Advancer,
    ) -> None:
        self._engine = engine
        self._host = f"127.0.0.1:{port}"
        self._api_url = f"{engine_url}/_aws/execute-api/{api_id}/$default"
        self._signing_in = signing_in
        self._clock = clock
        # By path, and whether gzip was accepted. It holds no more than the files of the pages.
        self._cache: dict[tuple[str, bool], CachedResponse] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if not hosts.is_local(request.headers.get("host", "")):
            return _error(HTTPStatus.MISDIRECTED_REQUEST)
        path = request.rel_url.raw_path
        if request.method in ("GET", "HEAD") and (picture := PICTURES.get(path)):
            return web.Response(body=picture, headers=PICTURE_HEADERS)
        if request.method in ("GET", "HEAD", "POST") and path == sign_in.PATH:
            return await self._sign_in(request)
        if request.method == "POST" and path == test_clock.PATH:
            return await self._advance(request)
        # A conditional request goes to the function, which answers 304.
        if request.method != "GET" or "if-none-match" in request.headers:
            return await self._forward(request)
        key = path, accepts_gzip(request.headers.get("accept-encoding", ""))
        if cached := self._cache.get(key):
            return web.Response(body=cached.content, headers=[*cached.headers, (REQUEST_ID, str(uuid.uuid4()))])
        return await self._forward(request, key)

    async def _sign_in(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            if request.method == "POST":
                target = request.headers.get("x-amz-target", "")
                answer = await asyncio.to_thread(self._signing_in.call_user_pool, target, body)
            else:
                answer = await asyncio.to_thread(self._signing_in.list_demo_users)
        except (OSError, http.client.HTTPException, TriggerError, LookupError, ValueError):
            log.exception("/sign-in failed")
            return _error(HTTPStatus.SERVICE_UNAVAILABLE)
        headers = {"content-type": answer.content_type, "cache-control": "no-store"}
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _advance(self, request: web.Request) -> web.Response:
        """Advance the test clock by several calls of its function."""

        async def call(method: str, body: bytes) -> Answer:
            async with self._engine.request(
                method,
                URL(self._api_url + request.rel_url.raw_path_qs, encoded=True),
                headers=[("host", self._host), *_end_to_end(request.raw_headers, "host", "content-length")],
                data=body or None,
            ) as engine:
                return Answer(engine.status, _end_to_end(engine.raw_headers), await engine.read())

        try:
            answer = await self._clock.advance(call, await request.read())
        except (aiohttp.ClientError, BotoCoreError, ClientError):
            return _error(HTTPStatus.SERVICE_UNAVAILABLE)
        if answer.status == HTTPStatus.BAD_GATEWAY:
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def _forward(self, request: web.Request, key: tuple[str, bool] | None = None) -> web.StreamResponse:
        """Pass the request on to the engine, and its response back.

        Args:
            request: The request.
            key: The key to cache the response under, if it may be cached.
        """
        try:
            engine = await self._engine.request(
                request.method,
                # Already encoded: otherwise ".." is resolved, which leads to the engine's other services.
                URL(self._api_url + request.rel_url.raw_path_qs, encoded=True),
                headers=[("host", self._host), *_end_to_end(request.raw_headers, "host")],
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
            )
        except aiohttp.ClientError:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE)
        async with engine:
            if engine.status == HTTPStatus.BAD_GATEWAY:
                return _error(HTTPStatus.INTERNAL_SERVER_ERROR)
            headers = _end_to_end(engine.raw_headers)
            response = web.StreamResponse(status=engine.status, reason=engine.reason, headers=headers)
            await response.prepare(request)
            immutable = engine.status == HTTPStatus.OK and "immutable" in engine.headers.get("cache-control", "")
            content = b""
            async for chunk in engine.content.iter_any():
                content += chunk if immutable else b""
                await response.write(chunk)
            await response.write_eof()
            if key and immutable:
                kept = _end_to_end(engine.raw_headers, "content-length", REQUEST_ID, GATEWAY_REQUEST_ID)
                self._cache[key] = CachedResponse(kept, content)
            return response


def _end_to_end(headers: Iterable[tuple[bytes, bytes]], *without: str) -> Headers:
    """Return the headers that belong to the message, except those of the given lower-case names.

    They are decoded here because aiohttp would drop bytes that are not UTF-8, which could make a wrong value right.
    """
    pairs = [(name.decode(), value.decode(errors="replace")) for name, value in headers]
    return [(name, value) for name, value in pairs if name.lower() not in HOP_BY_HOP.union(without)]


def _error(status: HTTPStatus) -> web.Response:
    """Return an error in the form that API Gateway uses."""
    return web.json_response({"message": status.phrase}, status=status)


@asynccontextmanager
async def serve(
    bind_host: str, port: int, engine_url: str, api_id: str, signing_in: SignIn, clock: Advancer
) -> AsyncIterator[None]:
    """Serve the API until the block ends.

    Raises:
        OSError: The port is taken.
    """
    async with aiohttp.ClientSession(
        # Connections are not reused: the engine closes them when idle, and a POST that meets that moment must not be sent
        # twice.
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(),
        # Leave messages as they are. Cookies are not stored either: aiohttp stores none for addresses that are numbers.
        auto_decompress=False,
        skip_auto_headers=["accept", "accept-encoding", "content-type", "user-agent"],
    ) as engine:
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_route("*", "/{path:.*}", Proxy(engine, port, engine_url, api_id, signing_in, clock).handle)
        app.on_response_prepare.append(_adapt_headers)
        runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
            max_line_size=MAX_BYTES,
            max_field_size=MAX_BYTES,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, bind_host, port, backlog=BACKLOG).start()
            yield
        finally:
            await runner.cleanup()


async def _adapt_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Remove the header that aiohttp adds, because the engine sends none; send one ID of the request in both its headers."""
    headers = response.headers
    headers.pop("server", None)
    headers[GATEWAY_REQUEST_ID] = headers.get(REQUEST_ID) or headers.get(GATEWAY_REQUEST_ID) or str(uuid.uuid4())
