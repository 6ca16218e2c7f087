"""The built functions behind `sam local start-api`, which serves the routes without a JWT authorizer."""

from collections.abc import Iterator

import httpx
import pytest

from testkit import contract
from tests.sam.conftest import Stack
from tools import sample_events
from tools.sample_events import Event

pytestmark = pytest.mark.sam

# Each event is for another function, which takes a container; tests/integration/test_events.py replays all of them.
CALLS = ("purchase_buy", "order_list", "claim_claim", "merchant_hand_over", "account_read")


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    with stack.lambdas.api() as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.mark.parametrize("path", ["/health", "/wrappings?kind=voucher", "/openapi.json"])
def test_public_routes_respond(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    _check_response(answer)


@pytest.mark.parametrize(
    "event", [event for event in sample_events.samples() if event.name in CALLS], ids=lambda event: event.name
)
def test_without_an_authorizer_private_routes_are_unauthorized(api: httpx.Client, event: Event) -> None:
    answer = api.request(
        event.payload["requestContext"]["http"]["method"],
        event.payload["rawPath"],
        headers={name: value for name, value in event.payload["headers"].items() if name != "host"},
        content=event.payload.get("body"),
    )
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    _check_response(answer)


def _check_response(answer: httpx.Response) -> None:
    request, content_type = answer.request, answer.headers["content-type"]
    contract.check(request.method, request.url.path, answer.status_code, content_type, answer.content)
