"""Report in one failure what routes lack in the lists that are written by hand. Other tests leave such routes out."""

import ast
import re
from collections.abc import Iterator

from handsel.domain.errors import IdempotencyKeyReused, InvalidRequest
from local import template
from local.settings import ROOT
from testkit import access, bodies
from tests.canaries.test_canaries import BODIES
from tools import openapi, sample_events

ROUTES = {f"{route.method} {route.path}": route for route in openapi.routes()}
THROTTLES = template.read()["Resources"]["HttpApi"]["Properties"]["RouteSettings"]
CALLS = ROOT / "tests" / "e2e" / "test_calls.py"


def _text(node: ast.AST) -> str:
    """Return a string literal or an f-string, with `x` for its expressions and placeholders; else an empty string."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value if isinstance(part, ast.Constant) else "x" for part in parts]
    return re.sub(r"{\w+}", "x", "".join(map(str, texts))).partition("?")[0]


CALLED = {
    _text(node) for node in ast.walk(ast.parse(CALLS.read_text())) if isinstance(node, ast.JoinedStr | ast.Constant)
}
EVENTS = {event.route for event in sample_events.samples()}


def _outcomes(route: str) -> Iterator[str]:
    """Yield the statuses and problem codes that a route declares; tests of all routes cover the others."""
    handlers = openapi.handlers(openapi.load(ROUTES[route].function))
    operation = handlers[ROUTES[route].method, ROUTES[route].path].operation
    yield from map(str, operation.responses)
    yield from (problem.code for problem in operation.problems)
    if operation.idempotent and operation.body:
        yield IdempotencyKeyReused.code
    elif operation.body:
        yield InvalidRequest.code


def _lacks(route: str) -> Iterator[str]:
    """Yield what a route lacks, and where it belongs."""
    if route not in access.operations():
        yield "an entry in the OpenAPI document: run `make generate`"
        return
    if route not in access.rules():
        yield "an access rule in RULES of testkit/access.py"
    for name in set(access.parameters(route)) - {"product_id", *access.KINDS, *access.FIXED}:
        yield f"{{{name}}} in KINDS or FIXED of testkit/access.py"
    try:
        bodies.full_bodies(route, {})
    except LookupError as error:
        yield f"a valid body ({error})"
    if route not in BODIES:
        yield "an entry in BODIES of tests/canaries/test_canaries.py"
    if route not in EVENTS:
        yield "a sample event in tools/sample_events.py"
    path = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(ROUTES[route].path))
    if not any(re.fullmatch(path, called) for called in CALLED):
        yield f"tests in tests/e2e/test_calls.py of {', '.join(_outcomes(route))}"
    if ROUTES[route].public and ROUTES[route].key not in THROTTLES:
        yield "a throttle in RouteSettings of template.yaml"


def test_no_route_lacks_anything() -> None:
    lacking = {route: list(_lacks(route)) for route in ROUTES}
    report = [f"{route} lacks: {'; '.join(missing)}." for route, missing in lacking.items() if missing]
    assert not report, "\n" + "\n".join(report)


def test_no_list_names_a_route_that_does_not_exist() -> None:
    for named in (access.rules(), BODIES, EVENTS - {None}):
        assert not set(named) - ROUTES.keys()
