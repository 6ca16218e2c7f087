"""Fixtures: users with browsers, on a local stack.

    def test_a_friend_opens_the_link(person, stack, register_secret):
        gift = stack.give(stack.buy()["order_id"])
        register_secret(gift["secret"])
        bob = person("bob", locale="zh-CN")
        bob.page.goto(f"/g/{gift['gift_id']}#{gift['secret']}")

Tests are skipped if there is no browser, or fail with REQUIRE_BROWSER=1.
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
# For anything on a page: a function may have a cold start, on a busy machine.
TIMEOUT_MS = 40_000
# Before the end of a gift: long enough to open a page and see it.
SECONDS_TO_SEE = 12


class Invite(Protocol):
    """Open a browser for a user; without a name, nobody is signed in.

    Reduced motion is the default: animations are slow without a graphics card.
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
    """Start one browser for all tests of a process. Each visitor has an own context in it."""
    if browser.command() is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(f"REQUIRE_BROWSER is set. {browser.MISSING}")
        pytest.skip(browser.MISSING)
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def stack(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a stack with the default claim window of a day. Depends on the browser, so that it is skipped with it."""
    for running in run_stack(tmp_path_factory.mktemp("pages"), stream=True):
        _warm_up(running)
        yield running


@pytest.fixture(scope="session")
def strict_stack(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a stack where the policy leaves the giver no choice, and a gift cannot be cancelled."""
    for running in run_stack(tmp_path_factory.mktemp("strict_stack"), stream=True, policy="wechat"):
        _warm_up(running)
        yield running


def _warm_up(running: Running) -> None:
    """Start the functions that a browser calls at once for a page: on a busy machine that takes long."""
    paths = ["/", "/g/nothing", "/assets/any/gift.css", "/assets/any/gift.js", "/assets/any/app.js", "/health"]
    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(running.as_(None).get, paths))


@pytest.fixture
def _secrets() -> set[str]:
    return set()


@pytest.fixture
def register_secret(_secrets: set[str]) -> Callable[[str], None]:
    """Register a secret that must not be in any URL, header, body to another origin, or log line."""
    return _secrets.add


@pytest.fixture
def person(chromium: Browser, stack: Running, _secrets: set[str]) -> Iterator[Invite]:
    """Open a browser for a signed-in user: a phone, unless `desktop`.

    At the end of the test, fail if any page had an error that was not expected (`Visitor.expects`).
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
        context.set_default_timeout(TIMEOUT_MS)
        visitors.append(Visitor(name or "stranger", origin, context))
        stacks.append(running)
        return visitors[-1]

    yield invite
    for visitor in visitors:
        visitor.context.close()
    errors = [error for visitor in visitors for error in visitor.errors(_secrets)]
    if _secrets:
        for running in {id(each): each for each in stacks}.values():
            logged = (line for line in running.log_lines(since) if any(secret in line for secret in _secrets))
            errors += [f"a secret is in the log: {line}" for line in logged]
    assert not errors, "\n".join(errors)


@pytest.fixture
def stranger(person: Invite) -> Invite:
    """Open a browser for a user who is not signed in."""
    return person


def _signed_in(running: Running, name: str) -> StorageState:
    session = json.dumps({"id_token": running.stack["users"][name]["token"]})
    stored = {"origin": running.stack["web_url"], "localStorage": [{"name": SESSION, "value": session}]}
    return {"cookies": [], "origins": [stored]}  # type: ignore[list-item]
