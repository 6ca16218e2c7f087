"""From an API Gateway event to a route and back: identity, bodies, lists, problems.

app = create_app()

@app.get("/orders/<order_id>")
def read_order(order_id: str) -> Response[str]:
    request = HttpRequest(app)
    ...
    return json_response(200, view)

lambda_handler = handler(app)
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handsel.api import body as bodies
from handsel.api import cursors, problems
from handsel.api.validation import Model, validated
from handsel.domain import errors, ids
from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, logger, metrics, origin
from handsel.runtime.settings import settings
from handsel.runtime.wiring import link_keys, table
from handsel.store import keys
from handsel.store.keys import Key
from handsel.use_cases.accounts import profiles
from handsel.use_cases.idempotency import IdempotentRequest

if TYPE_CHECKING:
    from handsel.runtime.link_keys import LinkKeys

LambdaHandler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{8,64}")
# Groups of the user pool that are roles.
MERCHANTS = "merchant"
CARRIERS = "carrier"
_ANY_ACCOUNT = keys.account("nobody")
_KNOWN_LIMIT = 10_000
_known_accounts: set[str] = set()
# To be kept by who asked, and asked about before each use.
_PRIVATE = {"Cache-Control": "private, no-cache"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by the claims of the token that API Gateway verified. Never by anything in the request."""

    user_id: str
    groups: frozenset[str] = frozenset()
    store_id: str | None = None
    carrier: str | None = None

    @property
    def merchant_store_id(self) -> str:
        """The store the caller acts for.

        Raises:
            WrongRole: not a merchant.
        """
        if MERCHANTS not in self.groups or not self.store_id:
            raise errors.WrongRole
        return self.store_id

    @property
    def carries_for(self) -> str:
        """The carrier the caller acts for.

        Raises:
            WrongRole: not with a carrier.
        """
        if CARRIERS not in self.groups or not self.carrier:
            raise errors.WrongRole
        return self.carrier

    def require_store(self, store_id: str) -> None:
        """Raises:
        WrongRole: not a merchant.
        NotFound: of another store.
        """
        if self.merchant_store_id != store_id:
            raise errors.NotFound


class HttpRequest:
    """One HTTP request, as values. `now` is the clock of the deciding process, read once."""

    def __init__(self, app: APIGatewayHttpResolver) -> None:
        self._event = app.current_event
        self.now = clock.now_ms()

    @cached_property
    def caller(self) -> Caller:
        """Raises:
        Unauthenticated: there is no verified identity, as when the authorizer is not in front, or none that we can hold.
        """
        claims: Any = self._event.raw_event
        for part in ("requestContext", "authorizer", "jwt", "claims"):
            claims = claims.get(part) or {}
        user_id = claims.get("sub")
        if not isinstance(user_id, str) or not keys.is_valid_key_part(user_id):
            raise errors.Unauthenticated
        self._ensure_account(user_id, claims)
        return Caller(
            user_id,
            _groups(claims.get("cognito:groups")),
            claims.get("custom:store_id"),
            claims.get("custom:carrier"),
        )

    def _ensure_account(self, user_id: str, claims: Mapping[str, Any]) -> None:
        """The account exists from here on, whether sign-up made it or not. A process asks once per person."""
        if user_id in _known_accounts:
            return
        profiles.ensure(table(), profiles.of_claims(claims, now=self.now))
        if len(_known_accounts) >= _KNOWN_LIMIT:
            _known_accounts.clear()
        _known_accounts.add(user_id)

    @property
    def idempotency_key(self) -> str:
        """Raises:
        IdempotencyKeyRequired: absent, or not 8 to 64 visible ASCII characters.
        """
        key = self._event.headers.get("idempotency-key", "")
        if not _IDEMPOTENCY_KEY.fullmatch(key):
            raise errors.IdempotencyKeyRequired
        return key

    @property
    def call(self) -> IdempotentRequest:
        """The request as a creating call.

        Raises:
            Unauthenticated, IdempotencyKeyRequired, MalformedJson, TooLarge, UnsupportedMediaType
        """
        caller, key = self.caller.user_id, self.idempotency_key
        return IdempotentRequest(caller, key, ids.request_hash(self._event.path, self._value), self.now)

    @cached_property
    def _value(self) -> Any:
        return bodies.parse(
            self._event.body,
            is_base64=bool(self._event.is_base64_encoded),
            content_type=self._event.headers.get("content-type"),
        )

    @property
    def has_body(self) -> bool:
        return bool(self._event.body)

    @property
    def id(self) -> str:
        """Names this request among all of them."""
        return str(self._event.request_context.request_id)

    def body(self, model: type[Model], *, unless: Callable[[], object] | None = None) -> Model:
        """The body as a model. Where it is not right, `unless` is asked first, and its refusal counts more.

        Raises:
            MalformedJson, TooLarge, UnsupportedMediaType, InvalidRequest
        """
        try:
            return validated(model, self._value, "/")
        except errors.ApiProblem:
            if unless is not None:
                unless()
            raise

    def query(self, model: type[Model]) -> Model:
        """The query string as a model; whole numbers are read as such.

        Raises:
            InvalidRequest
        """
        given: dict[str, Any] = dict(self._event.query_string_parameters)
        limit = given.get("limit")
        if limit is not None and re.fullmatch(r"[0-9]{1,4}", limit):
            given["limit"] = int(limit)
        return validated(model, given, "?")

    @property
    def link_keys(self) -> "LinkKeys":
        """Raises:
        ServiceUnavailable: they cannot be read now.
        """
        return link_keys().at(self.now)

    def position(self, cursor: str | None, scope: str) -> str | None:
        """Where the caller's list `scope` goes on, by the cursor of the request; None at its start.

        Raises:
            Unauthenticated: whoever asks has no list.
            InvalidRequest, ServiceUnavailable
        """
        scope = f"{self.caller.user_id} {scope}"
        return None if cursor is None else cursors.unseal(cursor, scope=scope, keys=self.link_keys.by_version)

    def page(self, items: list[Any], next_position: str | None, scope: str) -> Response[str]:
        """One page of the caller's list `scope`."""
        cursor = None
        if next_position is not None:
            keys = self.link_keys
            scope = f"{self.caller.user_id} {scope}"
            cursor = cursors.seal(next_position, scope=scope, keys=keys.by_version, version=keys.current)
        return json_response(200, Page(items=items, next_cursor=cursor))

    def conditional_response(self, view: BaseModel) -> Response[str]:
        """A view with its entity tag; or nothing, where the caller has just that."""
        body = _text(view)
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
        if self.etag_matches(tag):
            return empty_response(304, {**_PRIVATE, "ETag": tag})
        return Response(200, "application/json", body, {**_PRIVATE, "ETag": tag})

    def etag_matches(self, tag: str) -> bool:
        """Whether the caller has what an entity tag names. Compared weakly, as RFC 9110 wants it of If-None-Match."""
        known = self.header("if-none-match")
        tags = (each.strip().removeprefix("W/") for each in known.split(","))
        return known.strip() == "*" or tag.removeprefix("W/") in tags

    def header(self, name: str) -> str:
        """A header of the request, by its name in lower case; empty where there is none."""
        return self._event.headers.get(name, "")

    @property
    def takes_gzip(self) -> bool:
        return "gzip" in self.header("accept-encoding")

    @property
    def web_url(self) -> str:
        """Origin of share links and pictures."""
        return settings().web_url or f"https://{self._event.raw_event['requestContext']['domainName']}"


def _groups(claim: object) -> frozenset[str]:
    """The groups of a token. An HTTP API hands a list claim on as text, `[merchant carrier]`."""
    if isinstance(claim, str):
        claim = claim.strip("[]").split(" ")
    return frozenset(filter(None, claim)) if isinstance(claim, list) else frozenset()


class Page(BaseModel):
    items: list[Any]
    next_cursor: str | None


def json_response(status: int, view: BaseModel, headers: Mapping[str, str] | None = None) -> Response[str]:
    return Response(
        status_code=status,
        content_type="application/json",
        body=_text(view),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def image_response(content_type: str, body: Any, *, cache_control: str) -> Response[Any]:
    """A picture, as text, which is sent compressed to who takes that, or bytes, which are compressed already.

    An SVG is a document: opened by itself, it may draw and nothing else.
    """
    headers = {
        "Cache-Control": cache_control,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(200, content_type, body, headers, compress=isinstance(body, str))


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response[str]:
    """An answer that its status says all of."""
    return Response(status_code=status, body="", headers={"Cache-Control": "no-store", **(headers or {})})


def _text(view: BaseModel) -> str:
    return view.model_dump_json(serialize_as_any=True)


def create_app() -> APIGatewayHttpResolver:
    """A resolver that answers every refusal as a problem, and every fault of ours as a 500 that tells nothing."""
    app = APIGatewayHttpResolver()

    @app.exception_handler(errors.ApiProblem)  # type: ignore[untyped-decorator]
    def refused(refusal: errors.ApiProblem) -> Response[str]:
        metrics.add_dimension("code", refusal.code)
        count("ProblemAnswered")
        return problems.of(refusal)

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def failed(error: Exception) -> Response[str]:
        request_id = app.lambda_context.aws_request_id
        logger.error("failed", error_type=type(error).__name__, damage=_damage(error), origin=origin(error))
        return problems.internal(request_id)

    @app.not_found
    def unknown_route(_: Exception) -> Response[str]:
        return problems.of(errors.NotFound())

    return app


def _damage(error: Exception) -> str | None:
    """What a person has to look at: this message is ours and names ids only, as no other one surely does."""
    return str(error) if isinstance(error, errors.DataIntegrityError) else None


def handler(app: APIGatewayHttpResolver, connects_by: Key = _ANY_ACCOUNT) -> LambdaHandler:
    """The Lambda handler of an app: resolve, and log one line, with the metrics. Makes the process's clients, in INIT.

    Args:
        connects_by: what the function may read, to open its connection by.
    """
    items, keys_of_links = table(), link_keys() if settings().link_keys_secret else None
    if settings().connects_early:
        items.connect(connects_by)
        if keys_of_links is not None:
            # The request that needs them asks again, and says what is wrong with them. Most need none.
            with suppress(Exception):
                keys_of_links.at(clock.now_ms())

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answered = app.resolve(event, context)
        said = {
            "request_id": context.aws_request_id,
            "route": event.get("routeKey"),
            "status": answered["statusCode"],
        }
        if not flush_metrics(message="answered", **said):
            logger.info("answered", **said)
        return answered

    return lambda_handler
