"""A deployment behind a CloudFront distribution: only its requests are answered, and only public responses are cached."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from handsel.api.http import ORIGIN_HEADER
from handsel.runtime import settings, wiring
from handsel.runtime.secrets import CACHE_TTL_MS
from testkit.handlers.stack import RESOURCES, Answer, Secrets, Stack, event
from testkit.lambda_environment import WEB_URL
from tools import openapi

SENT = {ORIGIN_HEADER: "sent by the distribution"}
DISTRIBUTION = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
CACHED = [behavior["PathPattern"] for behavior in DISTRIBUTION["CacheBehaviors"]]
PATHS = {"{file}": "red-classic.svg", "{version}": "any", "{asset}": "icon.svg"}


@pytest.fixture
def secrets(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    """Yield the secrets of a stack with a distribution, whose processes have not started."""
    monkeypatch.setenv("ORIGIN_SECRET", "handsel-test-origin")
    monkeypatch.setattr(stack.simulation, "functions", {})
    settings.settings.cache_clear()
    wiring.origin_secrets.cache_clear()
    yield stack.simulation.secrets
    vars(stack.simulation.secrets).update(vars(Secrets()))
    wiring.origin_secrets.cache_clear()


def send(stack: Stack, function: str, route: str, **headers: str) -> Answer:
    """Send a request to a function. `Stack.call` expects a declared status; no operation declares one of the gateway."""
    method, _, path = route.partition(" ")
    payload = event("account_read")
    payload["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    payload |= {"routeKey": route, "rawPath": path}
    payload["requestContext"]["http"] |= {"method": method, "path": path}
    answer = stack.invoke(function, payload)
    return Answer(answer["statusCode"], json.loads(answer["body"] or "null"), answer["headers"], answer["body"])


def status_of_profile(stack: Stack, given: str | None) -> int:
    headers = {} if given is None else {ORIGIN_HEADER: given}
    return send(stack, "AccountFunction", "GET /me", **headers).status


@pytest.mark.usefixtures("secrets")
def test_no_route_answers_a_request_that_did_not_come_through_the_distribution(stack: Stack) -> None:
    functions = {route.key: f"{route.function.title().replace('_', '')}Function" for route in openapi.routes()}
    assert len(set(functions.values())) == 19
    answers = {key: send(stack, name, key.replace("ANY", "GET")) for key, name in functions.items()}
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answers[f"{method} without a route"] = send(stack, "WebFunction", f"{method} /nowhere", accept="text/html")
    answers["HEAD"] = send(stack, "PublicApiFunction", "HEAD /health")
    for key, answer in answers.items():
        assert (answer.status, answer.body) == (421, {"message": "Misdirected Request"}), key
        assert answer.headers["Cache-Control"] == "no-store"
    assert stack.used == {grant for grant in stack.used if grant.statement == "ReadOriginSecret"}
    assert {grant.function for grant in stack.used} <= set(functions.values())


@pytest.mark.usefixtures("secrets")
def test_requests_of_the_distribution_are_answered(stack: Stack) -> None:
    assert stack.call("alice", "GET", "/me", headers=SENT).status == 200
    assert stack.call(None, "GET", "/health", headers=SENT).status == 200
    assert stack.call(None, "GET", "/", headers=SENT).status == 200
    assert stack.call(None, "GET", "/nowhere", headers=SENT).status == 404


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("given", [None, "", "sent by", "sent by the distribution ", "SENT BY THE DISTRIBUTION", "é"])
def test_another_value_is_refused(stack: Stack, given: str | None) -> None:
    assert status_of_profile(stack, given) == 421


def test_two_values_are_valid_while_the_secret_is_rotated_and_a_removed_one_is_refused(
    stack: Stack, secrets: Secrets
) -> None:
    both = {"1": "sent by the distribution", "2": "the next one"}

    def statuses() -> list[int]:
        return [status_of_profile(stack, value) for value in both.values()]

    assert statuses() == [200, 421]
    secrets.origin = json.dumps(both)
    stack.now += CACHE_TTL_MS
    assert statuses() == [200, 200]
    secrets.origin = json.dumps({"2": "the next one"})
    stack.now += CACHE_TTL_MS
    assert statuses() == [421, 200]


def test_the_secret_is_read_once_while_the_cache_is_fresh(stack: Stack, secrets: Secrets) -> None:
    for given in (*SENT.values(), "wrong", None) * 3:
        status_of_profile(stack, given)
    assert secrets.requests == 1


def test_the_cached_secret_is_used_during_an_outage(stack: Stack, secrets: Secrets) -> None:
    assert status_of_profile(stack, SENT[ORIGIN_HEADER]) == 200
    secrets.is_down = True
    stack.now += CACHE_TTL_MS
    assert status_of_profile(stack, SENT[ORIGIN_HEADER]) == 200
    assert status_of_profile(stack, "wrong") == 421


def test_without_the_secret_the_api_is_unavailable_and_not_open(stack: Stack, secrets: Secrets) -> None:
    secrets.is_down = True
    for given in (None, "", SENT[ORIGIN_HEADER]):
        answer = send(stack, "AccountFunction", "GET /me", **({} if given is None else {ORIGIN_HEADER: given}))
        assert (answer.status, answer.body["code"], answer.headers["Retry-After"]) == (503, "busy", "1")


@pytest.mark.parametrize("damaged", ["{}", '{"1": ""}', '{"1": "a", "2": ""}', '{"1": null}', '"text"', "no JSON"])
def test_an_invalid_secret_admits_nobody(stack: Stack, secrets: Secrets, damaged: str) -> None:
    secrets.origin = damaged
    for given in (None, "", "a"):
        assert status_of_profile(stack, given) == 500


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(("kind", "requests"), [("on-demand", 1), ("snap-start", 0)])
def test_a_process_reads_the_secret_before_its_first_request_but_not_into_a_snapshot(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, kind: str, requests: int
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    monkeypatch.setenv("LINK_KEYS_SECRET", "")  # as for this function in template.yaml
    settings.settings.cache_clear()
    before = stack.simulation.secrets.requests
    stack.function("AccountFunction")
    assert stack.simulation.secrets.requests - before == requests


def test_without_a_distribution_the_header_means_nothing_and_no_secret_is_read(stack: Stack) -> None:
    before = stack.simulation.secrets.requests
    for given in (None, "", "wrong"):
        assert status_of_profile(stack, given) == 200
    assert stack.simulation.secrets.requests == before


# --- the address of share links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "variables", "expected"),
    [
        ("", None, "https://api.handsel.example"),
        ("", {}, "https://api.handsel.example"),
        ("", {"web_url": "https://d111111abcdef8.cloudfront.net"}, "https://d111111abcdef8.cloudfront.net"),
        (WEB_URL, {"web_url": "https://d111111abcdef8.cloudfront.net"}, WEB_URL),
    ],
)
def test_links_lead_to_the_distribution_unless_another_origin_is_set(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, configured: str, variables: dict[str, str] | None, expected: str
) -> None:
    monkeypatch.setenv("WEB_URL", configured)
    settings.settings.cache_clear()
    payload = event("public_api_wrappings")
    if variables is not None:
        payload["stageVariables"] = variables
    payload["requestContext"]["domainName"] = "api.handsel.example"
    covers = json.loads(stack.invoke("PublicApiFunction", payload)["body"])["covers"]
    assert covers
    assert all(cover["image_url"].startswith(f"{expected}/covers/") for cover in covers)


# --- what is cached ----------------------------------------------------------------------------------------------------


def cached(path: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in CACHED)


def test_exactly_the_routes_with_public_responses_are_cached_and_none_of_them_takes_a_token(stack: Stack) -> None:
    public: set[str] = set()
    for route in openapi.routes():
        if not route.public:
            assert not cached(route.path), route
            continue
        path = route.path
        for name, value in PATHS.items():
            path = path.replace(name, value)
        directives = stack.call(None, "GET", path.replace("{gift_id}", "unknown")).headers["cache-control"]
        # Assets of another version are revalidated; the current ones are public.
        if directives.startswith("public") or route.path.startswith("/assets/"):
            public.add(route.path)
        else:
            assert directives in ("no-store", "no-cache"), route
    assert public == {route.path for route in openapi.routes() if cached(route.path)}
    assert all(any(fnmatchcase(path, pattern) for path in public) for pattern in CACHED)


def test_an_asset_of_the_current_version_is_immutable_and_one_of_another_version_is_not_cached(stack: Stack) -> None:
    named = re.findall(r'"(/assets/[^"]+)"', stack.call(None, "GET", "/").raw)
    assert named
    for current in named:
        assert cached(current)
        assert stack.call(None, "GET", current).headers["cache-control"] == "public, max-age=31536000, immutable"
        name = current.rpartition("/")[2]
        assert stack.call(None, "GET", f"/assets/000000000000/{name}").headers["cache-control"] == "no-cache"
    missing = stack.call(None, "GET", "/assets/000000000000/missing.js")
    assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize(
    "path", ["/assets/any/icon.svg", "/covers/red-classic.svg", "/covers/red-classic.png", "/openapi.json"]
)
def test_a_cached_response_depends_only_on_its_path_and_the_encodings(stack: Stack, path: str) -> None:
    answers: list[Any] = []
    for headers in ({}, {"accept-language": "zh", "accept": "text/html", "cookie": "a=b", "authorization": "Bearer x"}):
        answer = stack.call(None, "GET", path, headers=headers)
        # A cached response keeps the ID of the request that it was made for.
        shared = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        answers.append((answer.status, answer.raw, shared))
        assert set(answer.headers.get("vary", "Accept-Encoding").split(", ")) == {"Accept-Encoding"}
        assert "set-cookie" not in answer.headers
    assert answers[0] == answers[1]
    assert stack.call(None, "GET", f"{path}?kind=voucher").raw == answers[0][1]
