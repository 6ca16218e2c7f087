"""People with browsers on a stack of their own.

    def test_a_friend_opens_the_link(person, stack, keeps_secret):
        gift = stack.give(stack.buy()["order_id"])
        keeps_secret(gift["secret"])
        bob = person("bob", locale="zh-CN")
        bob.page.goto(f"/g/{gift['gift_id']}#{gift['secret']}")

Needs a browser, and is skipped without; REQUIRE_BROWSER=1 makes that a failure.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, StorageState, ViewportSize, expect, sync_playwright

from tests.browser import screenshots
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running, run_stack
from tools import browser

PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=800)
SESSION = "handsel.session"
# For what a page does: a function may have to start first, on a machine that has other things to do.
PATIENCE_MS = 40_000
DAY = 86_400
# Long enough to open a page and look at it.
SHORT_WINDOW = 8


class Invite(Protocol):
    """Opens a browser for somebody; `stranger` is the same without a name.

    Who says nothing about it would rather see no motion: without a graphics card that is much work.
    """

    def __call__(
        self,
        name: str | None = None,
        *,
        on: Running | None = None,
        locale: Literal["en", "zh-CN"] = "en",
        color_scheme: Literal["light", "dark"] = "light",
        reduced_motion: Literal["no-preference", "reduce"] = "reduce",
        desktop: bool = False,
    ) -> Visitor: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One for all tests of a process; everybody has a context of their own in it."""
    if browser.command() is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(f"REQUIRE_BROWSER is set. {browser.MISSING}")
        pytest.skip(browser.MISSING)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def stack(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """As deployed, with the window of a day. Started once there is a browser to look at it."""
    for running in run_stack(tmp_path_factory.mktemp("pages"), stream=True, window=DAY):
        _warm_up(running)
        yield running


@pytest.fixture(scope="session")
def hasty(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Another one, where a gift ends while somebody looks at it: `person("bob", on=hasty)`."""
    for running in run_stack(tmp_path_factory.mktemp("hasty"), stream=True, window=SHORT_WINDOW):
        _warm_up(running)
        yield running


def _warm_up(running: Running) -> None:
    """Start as many of the functions behind a page as a browser asks at once: on a busy machine that takes long."""
    asked = ["/", "/g/nothing", "/assets/any/base.css", "/assets/any/dom.js", "/assets/any/ui.js", "/health"]
    with ThreadPoolExecutor(len(asked)) as pool:
        list(pool.map(running.as_(None).get, asked))


@pytest.fixture
def _secrets() -> set[str]:
    return set()


@pytest.fixture
def keeps_secret(_secrets: set[str]) -> Callable[[str], None]:
    """Names what may be in no URL, no header, nothing that is not posted to us, and no line of a log."""
    return _secrets.add


@pytest.fixture
def person(chromium: Browser, stack: Running, _secrets: set[str]) -> Iterator[Invite]:
    """Opens a browser for somebody who is signed in: a phone, unless `desktop`.

    When the test is over, nothing may have gone wrong on anybody's pages that nobody expected (`Visitor.expects`).
    """
    since, visitors, stacks = int(time.time() * 1000), list[Visitor](), list[Running]()

    def invite(
        name: str | None = None,
        *,
        on: Running | None = None,
        locale: Literal["en", "zh-CN"] = "en",
        color_scheme: Literal["light", "dark"] = "light",
        reduced_motion: Literal["no-preference", "reduce"] = "reduce",
        desktop: bool = False,
    ) -> Visitor:
        running = on or stack
        origin = running.stack["web_url"]
        context = chromium.new_context(
            base_url=origin,
            viewport=DESKTOP if desktop else PHONE,
            is_mobile=not desktop,
            has_touch=not desktop,
            device_scale_factor=2 if screenshots.WANTED else 1,
            locale=locale,
            color_scheme=color_scheme,
            reduced_motion=reduced_motion,
            storage_state=_signed_in(running, name) if name else None,
        )
        context.set_default_timeout(PATIENCE_MS)
        visitors.append(Visitor(name or "a stranger", origin, context))
        stacks.append(running)
        return visitors[-1]

    yield invite
    for visitor in visitors:
        visitor.context.close()
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles(_secrets)]
    if _secrets:
        for running in {id(each): each for each in stacks}.values():
            logged = (line for line in running.log_lines(since) if any(secret in line for secret in _secrets))
            troubles += [f"a secret is in the log: {line}" for line in logged]
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def stranger(person: Invite) -> Invite:
    """Opens a browser for somebody who is not signed in."""
    return person


def _signed_in(running: Running, name: str) -> StorageState:
    session = json.dumps({"id_token": running.stack["users"][name]["token"]})
    stored = {"origin": running.stack["web_url"], "localStorage": [{"name": SESSION, "value": session}]}
    return {"cookies": [], "origins": [stored]}  # type: ignore[list-item]
