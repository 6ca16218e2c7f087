"""What bounds a caller before any function runs: the throttles of template.yaml. The local engine has none."""

import pytest

from local import template
from tools import openapi

TEMPLATE = template.read()
API = TEMPLATE["Resources"]["HttpApi"]["Properties"]
PARAMETERS = TEMPLATE["Parameters"]
ROUTES = {f"{route.method} {route.path}": route for route in openapi.routes()}


def limit(settings: dict[str, dict[str, str]], name: str) -> int:
    """A limit, as it is unless a deployment says otherwise: each is a parameter."""
    return int(PARAMETERS[settings[name]["Ref"]]["Default"])


def test_the_stage_has_a_limit_for_every_route() -> None:
    assert limit(API["DefaultRouteSettings"], "ThrottlingRateLimit") == 2000
    assert limit(API["DefaultRouteSettings"], "ThrottlingBurstLimit") == 1000


def test_what_needs_no_token_or_can_be_guessed_at_has_a_limit_of_its_own() -> None:
    # A public route without a limit is reported by test_route_checklist.py.
    limited = {name for name in API["RouteSettings"] if not ROUTES[name].public}
    assert limited == {"GET /people/{handle}", "POST /gifts/{gift_id}/claims"}


@pytest.mark.parametrize("route", API["RouteSettings"])
def test_a_limit_of_a_routes_own_is_of_a_route_there_is_and_no_looser_than_the_stages(route: str) -> None:
    assert route in ROUTES
    for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        assert 0 < limit(API["RouteSettings"][route], name) <= limit(API["DefaultRouteSettings"], name)
