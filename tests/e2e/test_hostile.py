"""Hostile callers over HTTP."""

import contextlib
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from testkit.hostile import BODIES, INVALID, MALFORMED
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("path", ["/orders", "/orders/unknown/gifts", "/gifts/unknown/claims", "/orders/unknown/use"])
def test_a_hostile_body_is_a_client_error(live: Running, path: str) -> None:
    """Send bodies through the API, which encodes bodies that are not text; integration tests cover every operation."""
    for name, body in BODIES.items():
        headers = {"content-type": body.content_type, "idempotency-key": "hostile-body-1"}
        answer = live.as_("alice").request("POST", path, content=body.content, headers=headers)
        assert 400 <= answer.status_code < 500, (name, answer.text)
        # An unknown gift is not found, with any body.
        refused = {"not-found" if path.startswith("/gifts") else body.code}
        # The local engine replaces invalid UTF-8 before a function sees it.
        if body.content.decode(errors="ignore").encode() != body.content and body.code == MALFORMED:
            refused.add(INVALID)
        assert answer.json()["code"] in refused, (name, answer.text)


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic YWxpY2U6", "Bearer " + "A" * 4000])
def test_an_invalid_token_is_unauthorized(live: Running, token: str) -> None:
    headers = {"authorization": token} if token else {}
    for method, path in (("GET", "/orders"), ("POST", "/orders"), ("GET", "/gifts/x"), ("POST", "/gifts/x/claims")):
        assert live.as_(None).request(method, path, headers=headers).status_code == 401


def test_a_token_with_a_changed_claim_is_invalid(live: Running) -> None:
    head, _, signature = live.stack["users"]["alice"]["token"].split(".")
    _, body, _ = live.stack["users"]["bob"]["token"].split(".")
    headers = {"authorization": f"Bearer {head}.{body}.{signature}"}
    assert live.as_(None).request("GET", "/orders", headers=headers).status_code == 401


def test_another_users_items_look_like_items_that_do_not_exist(live: Running) -> None:
    order = live.buy()
    gift = live.give(order["order_id"])
    bob = live.as_("bob")
    claim = bob.post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]}).json()
    carol = live.as_("carol")
    unknown = "a" * len(order["order_id"])
    for path, identifier in (("/orders/{}", order["order_id"]), ("/holdings/{}", claim["holding_id"])):
        foreign, missing = carol.get(path.format(identifier)), carol.get(path.format(unknown))
        assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)
        assert foreign.status_code == 404
        assert _comparable_headers(foreign) == _comparable_headers(missing)


def _comparable_headers(answer: httpx.Response) -> dict[str, str]:
    changing = {"date", "x-request-id", "apigw-requestid", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"}
    return {name: value for name, value in answer.headers.items() if name not in changing}


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    ],
)
def test_an_invalid_http_request_affects_no_other_caller(live: Running, sent: bytes) -> None:
    address = urlsplit(live.stack["api_url"])
    answer = b""
    # A closed connection is also an answer.
    with (
        contextlib.suppress(OSError),
        socket.create_connection((address.hostname, address.port), timeout=5) as connection,
    ):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert live.as_(None).get("/health").status_code == 200


def test_the_host_header_does_not_lead_past_the_api(live: Running) -> None:
    for host in ("s3.amazonaws.com", "handsel-artifacts.s3.localhost", "dynamodb.us-east-1.amazonaws.com"):
        answer = httpx.get(f"{live.stack['api_url']}/health", headers={"host": host})
        assert (answer.status_code, answer.json()) == (421, {"message": "Misdirected Request"})
