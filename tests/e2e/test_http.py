"""HTTP on the whole stack: HEAD, unknown paths, and bodies that are damaged on the way to a function."""

import pytest

from local import logs
from local.state import Directory
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "path", ["/", "/g/unknown", "/health", "/covers/red-classic.svg", "/meta/state-machine", "/unknown"]
)
def test_head_has_the_headers_of_get_and_no_body(live: Running, path: str) -> None:
    got, head = (live.as_(None).request(method, path) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "content-encoding", "etag", "cache-control", "vary"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_an_unknown_path_is_a_page_for_a_browser_and_a_problem_for_a_program(live: Running) -> None:
    page = live.as_(None).request("GET", "/no/such/page", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for method in ("GET", "POST", "DELETE"):
        answer = live.as_(None).request(method, "/no/such/page")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'\xef\xbb\xbf{"recommendations": true}', 200),
        ('{"recommendations": true, "é": 1}'.encode("latin-1"), 400),
        ('{"recommendations": true}'.encode("utf-16"), 400),
    ],
)
def test_a_body_has_to_be_utf_8_with_or_without_a_byte_order_mark(live: Running, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    assert live.as_("alice").request("PATCH", "/me", content=body, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("GET", "/gifts/unknown/preview", 404),
        ("GET", "/g/unknown", 404),
        ("GET", "/", 200),
        ("GET", "/no/such/page", 404),
    ],
)
def test_a_response_has_one_id_that_leads_to_its_log_line(
    live: Running, method: str, path: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = live.as_(None).request(method, path)
    assert answer.status_code == status
    request_id = answer.headers["x-request-id"]
    assert answer.headers["apigw-requestid"] == request_id
    capsys.readouterr()
    assert logs.main(Directory(live.folder), request_id, follow=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if f'"status":{status}' in line] == lines
    assert len(lines) == 1


def test_a_response_of_the_gateway_itself_has_its_id(live: Running) -> None:
    answer = live.as_(None).get("/me")
    assert answer.status_code == 401
    assert answer.headers["apigw-requestid"]
    assert "x-request-id" not in answer.headers


def test_an_asset_from_the_cache_has_an_id_of_its_own(live: Running) -> None:
    page = live.as_(None).get("/").text
    asset = page.partition('src="')[2].partition('"')[0]
    answers = [live.as_(None).get(asset) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    assert all(answer.headers["x-request-id"] == answer.headers["apigw-requestid"] for answer in answers)


def test_browsers_on_other_origins_may_read_the_ids(live: Running) -> None:
    answer = live.as_(None).request("GET", "/health", headers={"origin": "https://app.test"})
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed == {"etag", "retry-after", "x-request-id", "apigw-requestid"}
