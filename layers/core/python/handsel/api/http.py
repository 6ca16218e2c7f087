"""Turn an API Gateway event into a request, and a view or an error into a response.

app = create_app()

@app.get("/orders/<order_id>")
def get_order(order_id: str) -> Response[str]:
    request = HttpRequest(app)
    ...
    return json_response(200, view)

lambda_handler = handler(app)
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from handsel.api import body as bodies
from handsel.api import cursors, problems
from handsel.api.validation import Model, validated
from handsel.api.weights import accepts_gzip
from handsel.domain import errors, ids
from handsel.runtime import clock
from handsel.runtime.observability import count, flush_metrics, identify, logger, metrics, origin
from handsel.runtime.settings import settings
from handsel.runtime.wiring import link_keys, origin_secrets, read_test_clock, table, warm_up
from handsel.use_cases.accounts import profiles
from handsel.use_cases.idempotency import IdempotentRequest

if TYPE_CHECKING:
    from handsel.runtime.secrets import LinkKeys

LambdaHandler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{8,64}")
_ONE_TOKEN = re.compile(r"(?i:bearer +)?[\w-]+\.([\w-]+)\.[\w-]+", re.ASCII)
_ONE_NAME = re.compile(r'^\["?([^\[\]"]+)"?\]$')
# The claim with the groups of the user pool, and the groups that give a role.
_GROUPS = "cognito:groups"
MERCHANTS = "merchant"
CARRIERS = "carrier"
# An entity tag without its mark of weakness. It can contain a comma.
_ENTITY_TAG = re.compile(r'"[^"]*"')
# The distribution adds it, in place of the one that a caller sends.
ORIGIN_HEADER = "x-origin-secret"
_MAX_KNOWN_ACCOUNTS = 10_000
# An hour: `erase_at` is days ahead of the call that sets it, so each process knows it in time.
_ACCOUNT_TTL_MS = 3_600_000
# By user: when the account was read, and the time from which on it is erased, or None.
_known_accounts: dict[str, tuple[int, int | None]] = {}
# The client may store the response, and must revalidate it before each use.
_PRIVATE = {"Cache-Control": "private, no-cache"}


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller.

    All fields come from the claims of the token that API Gateway verified, none from the request itself.
    """

    user_id: str
    groups: frozenset[str] = frozenset()
    store_id: str | None = None
    carrier: str | None = None

    @property
    def merchant_store_id(self) -> str:
        """Return the store that the caller manages.

        Raises:
            WrongRole: the caller is not a merchant.
        """
        if MERCHANTS not in self.groups or not self.store_id:
            raise errors.WrongRole
        return self.store_id

    @property
    def carrier_name(self) -> str:
        """Return the carrier that the caller works for.

        Raises:
            WrongRole: the caller does not work for a carrier.
        """
        if CARRIERS not in self.groups or not self.carrier:
            raise errors.WrongRole
        return self.carrier

    def require_store(self, store_id: str) -> None:
        """Check that the caller manages this store.

        Raises:
            WrongRole: the caller is not a merchant.
            NotFound: the caller manages another store.
        """
        if self.merchant_store_id != store_id:
            raise errors.NotFound


class HttpRequest:
    """One HTTP request, as values.

    Attributes:
        now: milliseconds since the epoch; the clock is read once per request.
    """

    def __init__(self, app: APIGatewayHttpResolver) -> None:
        """Take the request that the app is resolving."""
        self._event = app.current_event
        self.now = clock.now_ms()

    @cached_property
    def _headers(self) -> Mapping[str, str]:
        """Return the headers. Powertools builds a new mapping at each access, which takes longer than most checks."""
        return self._event.headers

    @cached_property
    def caller(self) -> Caller:
        """Return the caller; create their account on their first call.

        Raises:
            Unauthenticated, AccountErased, ServiceUnavailable
        """
        claims = self.claims
        user_id = profiles.user_id_from_claims(claims)
        self._ensure_account(user_id, claims)
        return Caller(
            user_id,
            _groups(claims.get(_GROUPS), self.header("authorization")),
            claims.get("custom:store_id"),
            claims.get("custom:carrier"),
        )

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """Return the claims of the caller's ID token.

        Raises:
            Unauthenticated: there is no verified identity (the route has no authorizer), or the token is not an ID token.
                API Gateway lets access tokens of the same client pass.
        """
        claims: Any = self._event.raw_event
        for part in ("requestContext", "authorizer", "jwt", "claims"):
            claims = claims.get(part) or {}
        # Cognito names the use of a token `token_use`, Keycloak `typ`; other providers send neither.
        if claims.get("token_use", "id") != "id" or claims.get("typ", "ID") not in ("ID", "JWT"):
            raise errors.Unauthenticated
        return cast("Mapping[str, Any]", claims)

    def _ensure_account(self, user_id: str, claims: Mapping[str, Any]) -> None:
        """Create the account unless it exists. Each process checks once per user and hour.

        Raises:
            AccountErased
        """
        read_at, erase_at = _known_accounts.get(user_id, (-_ACCOUNT_TTL_MS, None))
        # Before `erase_at` its user could still keep the account: what was read then is not the last word.
        is_fresh = self.now - read_at < _ACCOUNT_TTL_MS and (erase_at is None or not read_at < erase_at <= self.now)
        if not is_fresh:
            erase_at = profiles.ensure_account(table(), profiles.account_from_claims(claims, now=self.now))
            if len(_known_accounts) >= _MAX_KNOWN_ACCOUNTS:
                _known_accounts.clear()
            _known_accounts[user_id] = self.now, erase_at
        if erase_at is not None and erase_at <= self.now:
            raise errors.AccountErased

    @property
    def idempotency_key(self) -> str:
        """Return the Idempotency-Key.

        Raises:
            IdempotencyKeyRequired: the header is missing, or is not 8 to 64 visible ASCII characters.
        """
        key = self._headers.get("idempotency-key", "")
        if not _IDEMPOTENCY_KEY.fullmatch(key):
            raise errors.IdempotencyKeyRequired
        return key

    @property
    def optional_idempotency_key(self) -> str | None:
        """Return the Idempotency-Key, or None if the request has none.

        Raises:
            IdempotencyKeyRequired: it is not 8 to 64 visible ASCII characters.
        """
        return self.idempotency_key if "idempotency-key" in self._headers else None

    @property
    def call(self) -> IdempotentRequest:
        """Return the request as an idempotent request.

        Raises:
            Unauthenticated, IdempotencyKeyRequired, MalformedJson, TooLarge, UnsupportedMediaType
        """
        caller, key = self.caller.user_id, self.idempotency_key
        return IdempotentRequest(caller, key, ids.hash_request(self._event.path, self._json), self.now)

    @property
    def call_without_body(self) -> IdempotentRequest:
        """Return the request as an idempotent request of an operation that has no body.

        Raises:
            Unauthenticated, AccountErased, IdempotencyKeyRequired
        """
        caller, key = self.caller.user_id, self.idempotency_key
        return IdempotentRequest(caller, key, ids.hash_request(self._event.path, None), self.now)

    @cached_property
    def _json(self) -> Any:
        return bodies.parse(
            self._event.body,
            is_base64=bool(self._event.is_base64_encoded),
            content_type=self._headers.get("content-type"),
            content_encoding=self._headers.get("content-encoding"),
        )

    @property
    def has_body(self) -> bool:
        """Return whether the request has a body."""
        return bool(self._event.body)

    @property
    def id(self) -> str:
        """Return the unique id that API Gateway gave the request: in its access log, in log lines and in `X-Request-Id`."""
        return str(self._event.request_context.request_id)

    def body(self, model: type[Model], *, unless: Callable[[], object] | None = None) -> Model:
        """Parse and validate the body.

        Args:
            model: the model of the body.
            unless: runs first if validation fails; an error it raises takes precedence.

        Raises:
            MalformedJson, TooLarge, UnsupportedMediaType, InvalidRequest
        """
        try:
            return validated(model, self._json, "/")
        except errors.ApiProblem:
            if unless is not None:
                unless()
            raise

    def query(self, model: type[Model]) -> Model:
        """Parse and validate the query string; `limit` is converted to an integer.

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
        """Return the keys of share links and cursors.

        Raises:
            ServiceUnavailable: the keys cannot be read at the moment.
        """
        return link_keys().get(self.now)

    def start_position(self, cursor: str | None, scope: str) -> str | None:
        """Return the position after which a page of the caller's list starts; None is the start of the list.

        Args:
            cursor: the cursor that the client sent, if any.
            scope: the name of the list, with its filters; a cursor is valid for one list of one caller.

        Raises:
            Unauthenticated
            InvalidRequest: not a cursor of this list.
            ServiceUnavailable
        """
        scope = f"{self.caller.user_id} {scope}"
        return None if cursor is None else cursors.unseal(cursor, scope=scope, keys=self.link_keys.by_version)

    def page_response(self, items: list[Any], next_position: str | None, scope: str) -> Response[str]:
        """Return one page of the caller's list.

        Args:
            items: views.
            next_position: the position of the last item; None if the list ends here.
            scope: as for `start_position`.
        """
        cursor = None
        if next_position is not None:
            keys, scope = self.link_keys, f"{self.caller.user_id} {scope}"
            cursor = cursors.seal(next_position, scope=scope, keys=keys.by_version, version=keys.current)
        return json_response(200, PageBody(items=items, next_cursor=cursor))

    def conditional_response(self, view: BaseModel) -> Response[str]:
        """Return a view with its entity tag, or 304 without a body if the client has this version."""
        body = _dump(view)
        tag = _entity_tag(body)
        if self.etag_matches(tag):
            return empty_response(304, {**_PRIVATE, "ETag": tag})
        return Response(200, "application/json", body, {**_PRIVATE, "ETag": tag})

    def etag_matches(self, tag: str) -> bool:
        """Return whether `If-None-Match` has an entity tag, by the weak comparison of RFC 9110."""
        known = self.header("if-none-match").strip()
        return known == "*" or tag.removeprefix("W/") in _ENTITY_TAG.findall(known)

    def is_match_for(self, view: BaseModel) -> bool:
        """Return whether `If-Match` has the entity tag of a view, by the strong comparison of RFC 9110."""
        wanted = [each.strip() for each in self.header("if-match").split(",")]
        return wanted == ["*"] or _entity_tag(_dump(view)) in wanted

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, or an empty string."""
        return self._headers.get(name, "")

    @property
    def accepts_gzip(self) -> bool:
        """Return whether the client accepts gzip."""
        return accepts_gzip(self.header("accept-encoding"))

    @property
    def web_url(self) -> str:
        """Return the origin of share links and images."""
        event = self._event.raw_event
        # A stage variable names the distribution: the environment cannot, because the distribution depends on the API, and
        # the API on its functions.
        distribution = (event.get("stageVariables") or {}).get("web_url")
        return settings().web_url or distribution or f"https://{event['requestContext']['domainName']}"


def _groups(claim: object, authorization: str) -> frozenset[str]:
    """Return the exact names of the caller's groups.

    An HTTP API passes a list claim on as text, `[merchant carrier]`, where one name with a space looks like two names. The
    token itself tells where names end. The text stays the authority: the names in the token have to have the same letters.

    Args:
        claim: the claim as the authorizer passes it on.
        authorization: the header that the authorizer verified.
    """
    if isinstance(claim, str):
        names = _read_token(authorization).get(_GROUPS) if " " in claim or "," in claim else None
        if isinstance(names, list) and _letters("".join(map(str, names))) == _letters(claim):
            claim = names
        else:
            claim = [_ONE_NAME.sub(r"\1", claim)]
    return frozenset(name for name in claim if isinstance(name, str)) if isinstance(claim, list) else frozenset()


def _read_token(authorization: str) -> dict[str, Any]:
    """Return the claims of a token without verifying it, or nothing if the header does not have exactly one token."""
    token = _ONE_TOKEN.fullmatch(authorization)
    try:
        claims = json.loads(base64.urlsafe_b64decode(token[1] + "==")) if token else None
    except ValueError:
        claims = None
    return claims if isinstance(claims, dict) else {}


def _letters(names: str) -> str:
    return re.sub(r'[\s,\[\]"]', "", names)


class PageBody(BaseModel):
    """One page of a list."""

    items: list[Any]
    next_cursor: str | None


def json_response(status: int, view: BaseModel, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Return a view as JSON that is not cached."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=_dump(view),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def tagged_response(view: BaseModel) -> Response[str]:
    """Return a view as JSON after a change, with the entity tag that `conditional_response` has for it."""
    body = _dump(view)
    return Response(200, "application/json", body, {"Cache-Control": "no-store", "ETag": _entity_tag(body)})


def _entity_tag(body: str) -> str:
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def image_response(request: HttpRequest, content_type: str, body: Any, *, cache_control: str) -> Response[Any]:
    """Return an image.

    The content security policy keeps an SVG that is opened as a document from running scripts and loading anything.

    Args:
        request: the request.
        content_type: the media type.
        body: text, which is compressed if the client accepts that; or bytes, which are sent as they are.
        cache_control: the value of the header.
    """
    headers = {
        "Cache-Control": cache_control,
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(200, content_type, body, headers, compress=isinstance(body, str) and request.accepts_gzip)


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Return an empty response."""
    return Response(status_code=status, body="", headers={"Cache-Control": "no-store", **(headers or {})})


def _dump(view: BaseModel) -> str:
    return view.model_dump_json(serialize_as_any=True)


class _Resolver(APIGatewayHttpResolver):
    """Resolves routes whose path parameters are any text. Powertools knows letters and ASCII only, not a typed dash."""

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> re.Pattern[str]:
        return re.compile(base_regex.format(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", rule)))


def create_app() -> APIGatewayHttpResolver:
    """Create a resolver that returns an ApiProblem as a problem document, and any other error as a 500 without details."""
    app = _Resolver()

    @app.exception_handler(errors.ApiProblem)  # type: ignore[untyped-decorator]
    def handle_problem(problem: errors.ApiProblem) -> Response[str]:
        metrics.add_dimension("code", problem.code)
        count("ProblemAnswered")
        if isinstance(problem, errors.WrongSecret) and problem.removed_version is not None:
            logger.warning("link key removed", version=problem.removed_version)
        return problems.of(problem)

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def handle_internal_error(error: Exception) -> Response[str]:
        logger.error(
            "request failed",
            error_type=type(error).__name__,
            integrity_error=_integrity_error(error),
            origin=origin(error),
        )
        return problems.internal(HttpRequest(app).id)

    @app.not_found
    def handle_unknown_route(_: Exception) -> Response[str]:
        return unknown_route_response(app)

    return app


def unknown_route_response(app: APIGatewayHttpResolver) -> Response[str]:
    """Return the response to a request that matches no route: a problem.

    A preflight request is accepted: a browser requires a status of success, and API Gateway adds the headers of CORS. It
    answers preflight requests of other routes itself.
    """
    if app.current_event.http_method == "OPTIONS":
        return empty_response(204)
    return problems.of(errors.NotFound())


def _integrity_error(error: Exception) -> str | None:
    """Return the message of a DataIntegrityError: it is safe to log, because it is our own and contains only ids."""
    return str(error) if isinstance(error, errors.DataIntegrityError) else None


def _route(event: Mapping[str, Any]) -> str:
    """Return the key of the route that was called; a route for any method with the method of the request."""
    route = str(event.get("routeKey"))
    return route.replace("ANY ", f"{event['requestContext']['http']['method']} ", 1)


def _require_distribution(app: APIGatewayHttpResolver, next_middleware: Callable[..., Any]) -> Any:
    """Resolve a request that came through the distribution, and refuse one to the API's own address, as API Gateway would.

    Raises:
        ServiceUnavailable: the secret cannot be read at the moment.
    """
    request = HttpRequest(app)
    given = request.header(ORIGIN_HEADER).encode()
    # Each comparison takes the same time for every value. Several are valid while the secret is rotated.
    if any(hmac.compare_digest(given, secret) for secret in origin_secrets().get(request.now)):
        return next_middleware(app)
    return Response(421, "application/json", '{"message":"Misdirected Request"}', {"Cache-Control": "no-store"})


def _read_test_clock(app: APIGatewayHttpResolver, next_middleware: Callable[..., Any]) -> Any:
    """Resolve a request at the time of the stack. The header tells scripts by how much it is ahead of real time (`clock.js`).

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    read_test_clock()
    response = next_middleware(app)
    if offset := clock.offset_ms():
        metrics_before = response.headers.get("Server-Timing")
        response.headers["Server-Timing"] = ", ".join(filter(None, (metrics_before, f"offset;dur={offset}")))
    return response


def handler(app: APIGatewayHttpResolver, *, probe: Literal["account", "gift"] = "account") -> LambdaHandler:
    """Return the Lambda handler of an app. It resolves a request and writes one log line, with the metrics.

    Args:
        app: the resolver with its routes.
        probe: the kind of item that the function may read, for `warm_up`.
    """
    if settings().origin_secret:
        app.use(middlewares=[_require_distribution])
    if settings().has_test_clock:
        app.use(middlewares=[_read_test_clock])
    if settings().is_closed:
        from handsel.api.closed import close

        resolve = close(app)
    else:
        warm_up(probe=probe)
        resolve = app.resolve

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        http, request_id = event["requestContext"]["http"], event["requestContext"]["requestId"]
        identify(request_id)
        if http["method"] == "HEAD":
            http["method"] = "GET"  # API Gateway sends the headers without the body
        response = resolve(event, context)
        # Browsers then treat no response as another media type than the declared one.
        response["headers"]["X-Content-Type-Options"] = "nosniff"
        response["headers"]["X-Request-Id"] = request_id
        fields = {"route": _route(event), "status": response["statusCode"]}
        if not flush_metrics(message="request handled", **fields):
            logger.info("request handled", **fields)
        return response

    return lambda_handler
