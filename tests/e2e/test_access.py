"""Authorization over HTTP: the authorizer, and the rules of testkit/access.py on a sample of worlds."""

import base64
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local import users
from local.seed import OTHER_CARRIER
from testkit import access
from testkit.access import Builder, World
from tests.e2e.conftest import Running, eventually

pytestmark = pytest.mark.e2e
# One current and one ended world of each kind; the nightly job checks all of them.
SAMPLE = [
    access.TIMELESS[0],
    access.TIMELESS[5],
    *(pytest.param(access.TIMELESS[number], marks=pytest.mark.nightly) for number in (2, 9, 11, 14)),
]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    raw: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class HttpCaller:
    """Makes the calls of worlds and cells, as the users of a stack."""

    live: Running

    @property
    def products(self) -> Mapping[str, str]:
        products: Mapping[str, str] = self.live.stack["products"]
        return products

    def call(self, user: str | None, method: str, path: str, body: object = None) -> Answer:
        headers = {"idempotency-key": uuid.uuid4().hex} if method == "POST" else {}
        sent = {} if body is None else {"json": body}
        answer = self.live.as_(user).request(method, path, headers=headers, **sent)
        parsed = answer.json() if "json" in answer.headers.get("content-type", "") else None
        return Answer(answer.status_code, parsed, answer.text, answer.headers)


@pytest.fixture(scope="module")
def http_caller(live: Running) -> HttpCaller:
    roles: dict[str, dict[str, str]] = {"stranger": {}, "friend": {}}
    roles["hera"] = {"group": "carrier", "carrier": OTHER_CARRIER}
    pool, client = live.physical("UserPool"), live.physical("UserPoolClient")
    live.stack["users"] |= users.create(live.stack["aws_endpoint_url"], pool, client, roles)
    return HttpCaller(live)


# --- invalid tokens ---------------------------------------------------------------------------------------------


def token_of_another_pool(live: Running) -> str:
    """Return a valid token of a user in another user pool."""
    cognito = live.aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    users._sign_up(cognito, pool, "alice", {}, None)
    return users._sign_in(cognito, client, "alice@example.com")


def token_of_another_app(live: Running) -> str:
    """Return a valid token of our user pool, issued to another app."""
    cognito, pool = live.aws("cognito-idp"), live.physical("UserPool")
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return users._sign_in(cognito, client, "alice@example.com")


def expired_token(live: Running) -> str:
    """Return an expired token of our user pool and app."""
    cognito, pool, client = live.aws("cognito-idp"), live.physical("UserPool"), live.physical("UserPoolClient")
    settings = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    kept = {"UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": settings["ExplicitAuthFlows"]}
    kept["WriteAttributes"] = settings["WriteAttributes"]
    cognito.update_user_pool_client(**kept, IdTokenValidity=1, TokenValidityUnits={"IdToken": "seconds"})
    try:
        token = users._sign_in(cognito, client, "alice@example.com")
    finally:
        # The engine keeps the numbers of a template as texts.
        validity = int(settings["IdTokenValidity"])
        cognito.update_user_pool_client(
            **kept, IdTokenValidity=validity, TokenValidityUnits=settings["TokenValidityUnits"]
        )
    assert token.split(".")[0] == live.stack["users"]["alice"]["token"].split(".")[0]  # signed with the same key
    assert eventually(lambda: status_of(live, "GET", "/me", token) == 401, 10)
    return token


def status_of(live: Running, method: str, path: str, token: str | None) -> int:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return live.as_(None).request(method, path, headers=headers).status_code


@pytest.fixture(scope="module")
def invalid_tokens(live: Running) -> Mapping[str, str | None]:
    """Return tokens that must not authenticate."""
    valid = live.stack["users"]["alice"]["token"]
    head, body, signature = valid.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return {
        "none": None,
        "expired": expired_token(live),
        "another pool's": token_of_another_pool(live),
        "another app's": token_of_another_app(live),
        "unsigned": f"{unsigned}.{body}.",
        "signed for another": f"{head}.{live.stack['users']['bob']['token'].split('.')[1]}.{signature}",
    }


def test_no_private_route_accepts_an_invalid_token(
    live: Running, invalid_tokens: Mapping[str, str | None], record_property: Callable[[str, object], None]
) -> None:
    results = Counter[tuple[str, int]]()
    for route in access.rules():
        method, path = route.split()[0], re.sub(r"{\w+}", "unknown", route.split()[1])
        for kind, token in invalid_tokens.items():
            got = status_of(live, method, path, token)
            assert (got == 401) is not access.is_public(route), (route, kind, got)
            results[kind, got] += 1
    record_property(
        "figures",
        f"access over HTTP: {results.total()} calls with {len(invalid_tokens)} kinds of tokens that are not ours",
    )


@pytest.mark.parametrize("making", SAMPLE)
def test_access_over_http(
    making: Callable[[Builder], World], http_caller: HttpCaller, record_property: Callable[[str, object], None]
) -> None:
    """Check rejected calls in open worlds; calls that would change a world are tested on the handlers."""
    make, results = Builder(http_caller), Counter[str]()
    not_found = access.not_found(http_caller)
    world = making(make)
    for route in (route for route in access.rules() if access.uses_world(route, world)):
        for role, user in access.USERS.items():
            wanted = access.expected(route, role, world)
            if wanted[0] == "2" and not route.startswith("GET"):
                continue
            path = access.build_path(route, access.path_ids(world))
            answer = http_caller.call(
                user, route.split()[0], path, access.build_body(route, role, world, make.products)
            )
            # The gateway answers 401 itself.
            got = "401" if answer.status == 401 else access.actual(route, answer)
            cell = (world.name, route, role)
            assert got == wanted.removesuffix(" unauthenticated"), (cell, answer.raw)
            assert answer.status != 404 or access.visible(answer) == not_found(route), cell
            assert answer.status < 400 or not [text for text in world.hidden if text in answer.raw], cell
            results[got] += 1
    record_property(
        "figures", f"access over HTTP: {results.total()} cells of {world.name}: {dict(sorted(results.items()))}"
    )
