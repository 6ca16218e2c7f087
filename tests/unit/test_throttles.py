"""Throttles in template.yaml, which limit a caller before any function runs. The local engine has none."""

from typing import Any

import pytest

from local import template
from tools import openapi

TEMPLATE = template.read()
API = TEMPLATE["Resources"]["HttpApi"]["Properties"]
PARAMETERS = TEMPLATE["Parameters"]
ROUTES = {route.key: route for route in openapi.routes()}


def limit(settings: dict[str, Any], name: str) -> int:
    """Return a limit: a number, or a template parameter with its default."""
    value = settings[name]
    return int(PARAMETERS[value["Ref"]]["Default"] if isinstance(value, dict) else value)


def test_the_stage_has_a_default_limit_for_every_route() -> None:
    assert limit(API["DefaultRouteSettings"], "ThrottlingRateLimit") == 2000
    assert limit(API["DefaultRouteSettings"], "ThrottlingBurstLimit") == 1000


def test_public_routes_and_routes_that_allow_guessing_have_their_own_limits() -> None:
    # A public route without a limit is reported by test_route_checklist.py.
    limited = {name for name in API["RouteSettings"] if name != openapi.DEFAULT and not ROUTES[name].public}
    assert limited == {"GET /people/{handle}", "POST /gifts/{gift_id}/claims"}


@pytest.mark.parametrize("route", API["RouteSettings"])
def test_the_own_limit_of_a_route_belongs_to_an_existing_route_and_does_not_exceed_the_default(route: str) -> None:
    assert route in {*ROUTES, openapi.DEFAULT}
    for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        assert 0 < limit(API["RouteSettings"][route], name) <= limit(API["DefaultRouteSettings"], name)


def test_requests_without_a_route_have_their_own_limit() -> None:
    assert openapi.DEFAULT in API["RouteSettings"]
