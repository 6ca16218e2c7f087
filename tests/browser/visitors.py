"""A user with a browser: records the requests and the errors of its pages."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# The timeout of a test. If a response takes longer, it is reported instead of the page that waits for it.
MAX_RESPONSE_SECONDS = 40
FAILED_TO_LOAD = re.compile(r"Failed to load resource: (?:the server responded with a status of (\d+)|(net::\w+))")


@dataclass(frozen=True)
class SentRequest:
    """A request as it was sent, without the fragment of its URL."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def leaks(self, secret: str) -> bool:
        """Return whether the request has a secret outside of the body of a POST, PUT, PATCH or DELETE."""
        parts = [self.url, unquote(self.url), *self.headers.values()]
        if self.method == "GET":
            parts.append(self.body)
        return any(secret in each for each in parts)


@dataclass
class Visitor:
    """A browser with its own storage, and one page open.

    `page.goto` takes paths of the stack.
    """

    name: str
    origin: str
    context: BrowserContext
    page: Page = field(init=False)
    requests: list[SentRequest] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)
    _errors: list[str] = field(default_factory=list)
    # Reason (a status, or an error name of Chromium) and URL of each failed load.
    _failures: list[tuple[str, str]] = field(default_factory=list)
    # Start times of the requests in flight.
    _waiting: dict[Request, float] = field(default_factory=dict)
    _late: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)
        self.context.on("requestfinished", self._on_end)
        self.context.on("requestfailed", self._on_end)
        self.context.on("console", self._on_console)
        self.context.on("weberror", self._on_error)
        self.page = self.context.new_page()

    def expects(self, *failures: int | str) -> None:
        """Allow failures that are part of the test: statuses (403) and network errors ("net::ERR_INTERNET_DISCONNECTED")."""
        self._expected |= {str(each) for each in failures}

    def sent(self, method: str, path: str) -> list[SentRequest]:
        """Return the requests to the stack with this method, and a path that fully matches a regular expression."""
        own = (each for each in self.requests if each.url.startswith(f"{self.origin}/"))
        return [each for each in own if each.method == method and re.fullmatch(path, each.path)]

    def errors(self, secrets: set[str]) -> Iterator[str]:
        """Yield a description of each unexpected error and each leaked secret."""
        for pending in list(self._waiting):
            self._on_end(pending)
        yield from (f"{self.name}: {error}" for error in [*self._errors, *self._late])
        for reason, url in dict.fromkeys(self._failures):
            if reason not in self._expected:
                yield f"{self.name}: {reason} for {url}"
        for request in self.requests:
            if any(request.leaks(secret) for secret in secrets):
                yield f"{self.name}: a secret is in {request.method} {request.url} {request.headers}"
            if request.body and not request.url.startswith(f"{self.origin}/"):
                yield f"{self.name}: {request.method} with a body goes to {request.url}"

    def _on_request(self, request: Request) -> None:
        self._waiting[request] = time.monotonic()
        body = (request.post_data_buffer or b"").decode(errors="replace")
        self.requests.append(SentRequest(request.method, urldefrag(request.url).url, request.headers, body))

    def _on_end(self, request: Request) -> None:
        waited = time.monotonic() - self._waiting.pop(request, time.monotonic())
        if waited > MAX_RESPONSE_SECONDS:
            self._late.append(f"{waited:.0f} s for {request.method} {urldefrag(request.url).url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 500:
            self._failures.append((str(response.status), response.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if failed := FAILED_TO_LOAD.match(message.text):
            self._failures.append((failed[1] or failed[2], str(message.location["url"])))
        else:
            self._errors.append(f"console: {message.text} ({message.location['url']})")

    def _on_error(self, error: WebError) -> None:
        self._errors.append(f"error on the page: {error.error}")
