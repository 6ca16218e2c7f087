"""A closed stack: the parameter `Closed` of template.yaml."""

from copy import deepcopy

import pytest

from handsel.runtime import settings
from testkit.dynamodb.client import Call
from testkit.handlers.stack import RESOURCES, TEMPLATE, Stack, event, observe_calls
from tools import openapi

HEALTH = "GET /health"
PAGES = ("GET /", "GET /g/gift_id", "GET /g/a/b")
ROUTES = [f"{route.method} {route.path.replace('{', '').replace('}', '')}" for route in openapi.routes()]


@pytest.fixture
def closed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Return a stack whose functions were started with the parameter set to true."""
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    (name,) = (name for name, value in variables.items() if value == {"Ref": "Closed"})
    monkeypatch.setenv(name, "true")
    settings.settings.cache_clear()
    monkeypatch.setattr(stack.simulation, "functions", {})
    return stack


@pytest.mark.parametrize("route", [*ROUTES, "GET /unknown", "GET /g/a/b"])
def test_every_route_except_the_health_check_answers_503_without_a_call(closed: Stack, route: str) -> None:
    method, path = route.split()
    calls: list[Call] = []
    with observe_calls(calls.append):
        answer = closed.call("mia", method, path, {} if method in ("POST", "PUT", "PATCH") else None)
    if route == HEALTH:
        assert (answer.status, answer.body) == (200, {"status": "ok"})
    else:
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        if route in PAGES:
            assert answer.headers["content-type"].startswith("text/html")
        else:
            assert answer.body["code"] == "busy"
        assert answer.headers["cache-control"] == "no-store"
    assert calls == []


@pytest.mark.parametrize("path", ["/", "/g/a", "/unknown"])
def test_a_browser_gets_a_page_that_needs_no_asset_and_reloads_itself(closed: Stack, path: str) -> None:
    answer = closed.call(None, "GET", path, headers={"accept": "text/html,*/*;q=0.8"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "closed for maintenance" in answer.raw
    assert "refresh" in answer.raw
    assert "/assets/" not in answer.raw


def test_the_sign_up_trigger_writes_nothing(closed: Stack) -> None:
    confirmed = event("post_confirmation_sign_up")
    calls: list[Call] = []
    with observe_calls(calls.append):
        assert closed.invoke("PostConfirmationFunction", deepcopy(confirmed)) == confirmed
    assert calls == []


def test_nothing_changes_gifts_by_itself() -> None:
    schedule = RESOURCES["SweepFunction"]["Properties"]["Events"]["EveryMinute"]["Properties"]
    assert schedule["State"] == {"Fn::If": ["IsClosed", "DISABLED", "ENABLED"]}
    mapping = RESOURCES["RestoreFunction"]["Properties"]["Events"]["WindowRemoved"]["Properties"]
    assert mapping["Enabled"] == {"Fn::If": ["IsClosed", False, True]}
