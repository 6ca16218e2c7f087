"""Somebody with a browser: what their pages asked for, and what went wrong meanwhile."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# As long as a test has patience: where nothing came for so long, the page that waits is not what went wrong.
LONGEST_ANSWER_SECONDS = 40
FAILED_TO_LOAD = re.compile(r"Failed to load resource: (?:the server responded with a status of (\d+)|(net::\w+))")


@dataclass(frozen=True)
class Asked:
    """A request as it was sent. The fragment of its address stays in the browser."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def tells(self, secret: str) -> bool:
        """Whether it tells a secret to logs or to a third party. What is posted is for us."""
        said = [self.url, unquote(self.url), *self.headers.values()]
        if self.method == "GET":
            said.append(self.body)
        return any(secret in each for each in said)


@dataclass
class Visitor:
    """A browser of one's own: nobody else's storage, any number of pages, one of them open.

    `page.goto` takes paths of the stack.
    """

    name: str
    origin: str
    context: BrowserContext
    page: Page = field(init=False)
    requests: list[Asked] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)
    _errors: list[str] = field(default_factory=list)
    # What did not load, and why: a status, or how Chromium calls it.
    _failures: list[tuple[str, str]] = field(default_factory=list)
    # Since when something is waited for.
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
        """Statuses (403) and failures of the network ("net::ERR_INTERNET_DISCONNECTED") that are part of the story."""
        self._expected |= {str(each) for each in failures}

    def asked(self, method: str, path: str) -> list[Asked]:
        """The requests to the stack with this method whose path matches all of a regular expression."""
        own = (each for each in self.requests if each.url.startswith(f"{self.origin}/"))
        return [each for each in own if each.method == method and re.fullmatch(path, each.path)]

    def troubles(self, secrets: set[str]) -> Iterator[str]:
        """What may not have happened, in words."""
        for request in list(self._waiting):
            self._on_end(request)
        yield from (f"{self.name}: {error}" for error in [*self._errors, *self._late])
        for reason, url in dict.fromkeys(self._failures):
            if reason not in self._expected:
                yield f"{self.name}: {reason} for {url}"
        for asked in self.requests:
            if any(asked.tells(secret) for secret in secrets):
                yield f"{self.name}: a secret is in {asked.method} {asked.url} {asked.headers}"
            if asked.body and not asked.url.startswith(f"{self.origin}/"):
                yield f"{self.name}: {asked.method} with a body goes to {asked.url}"

    def _on_request(self, request: Request) -> None:
        self._waiting[request] = time.monotonic()
        body = (request.post_data_buffer or b"").decode(errors="replace")
        self.requests.append(Asked(request.method, urldefrag(request.url).url, request.headers, body))

    def _on_end(self, request: Request) -> None:
        waited = time.monotonic() - self._waiting.pop(request, time.monotonic())
        if waited > LONGEST_ANSWER_SECONDS:
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
