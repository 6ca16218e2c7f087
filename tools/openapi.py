"""Generate the published OpenAPI document from the routes.

Paths, methods and authorizers come from template.yaml; requests, responses and problems come from the declaration of each
handler (`handsel.api.operations`); what follows from both is added here, once for all routes. Field descriptions come from
the section "Attributes" of the docstring of a model; they cost nothing at run time. The document is committed, and the
function `public_api` returns it.
"""

import importlib.util
import inspect
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from handsel.api import languages, problems
from handsel.api.closed import OPEN_ROUTES
from handsel.api.operations import Media, Operation, PageOf, SuccessResponse, declared
from handsel.api.requests.base import Request
from handsel.api.views.base import View
from handsel.api.views.products import ProductView
from handsel.domain import errors
from handsel.domain.reasons import NotRefundableReason
from local import template
from local.settings import REGION, ROOT

Schema = dict[str, Any]

_SCHEMAS = "#/components/schemas/"

FILE = ROOT / "functions" / "public_api" / "openapi.json"

# --- problems that follow from a route, and are not declared ---------------------------------------------------------

FROM_AUTHORIZER = (errors.Unauthenticated, errors.AccountErased)
# The account of the caller is looked up, so every authenticated request reads the table. A closed stack answers all others
# with the same problem.
FROM_TABLE = (errors.ServiceUnavailable,)
FROM_PATH = (errors.NotFound,)
FROM_QUERY = (errors.InvalidRequest,)
FROM_BODY = (errors.MalformedJson, errors.TooLarge, errors.UnsupportedMediaType, errors.InvalidRequest)
FROM_IDEMPOTENCY = (errors.IdempotencyKeyRequired,)
# Without a body, a key cannot be reused for another one.
FROM_REUSE = (errors.IdempotencyKeyReused,)

# Responses of API Gateway itself: no token, body too large, throttled, function failed or not available.
GATEWAY_ALWAYS = (429, 500, 503)
GATEWAY_WITH_AUTHORIZER = 401
GATEWAY_WITH_BODY = 413

# The ends of the names of request schemas, which reject unknown fields. All other schemas are open.
CLOSED = ("Request", "Query", "Input")

# The method of a route for any method, and the path of the route for requests that match no other one.
ANY, DEFAULT = "ANY", "$default"

DESCRIPTION = """\
Times are RFC 3339 in UTC with milliseconds. Money is an amount in minor units, such as cents, and an ISO 4217 currency. IDs
and cursors are opaque.

Lists are newest first unless an operation says otherwise. A list returns one page; to get the next page, repeat the request
with `next_cursor` as `cursor`. A cursor is valid only for the same caller, list and filters.

Errors are RFC 9457 problem documents with a stable `code`. Errors of API Gateway itself have only a `message`. The
response is the same `not-found` problem whether an ID does not exist, belongs to another user, or is hidden from the caller.

A request with an `Idempotency-Key` takes effect once and can be repeated safely: a replay, with the same key and body,
returns the resource that the first request created, in its current state.

Operations without a token answer HEAD like GET, without the body. A path that does not exist returns `not-found`, or a page to
a client that accepts HTML.

Compatibility: within a major version, operations, fields of responses, problem codes, optional fields of requests and values of
enumerations of responses may be added. So a client must ignore fields that it does not know, and treat an unknown value or
code like the others of its status. Nothing is removed, renamed or given another meaning. A request with an unknown field is
rejected.
"""


class DocumentError(Exception):
    """Routes and declarations do not match; the message names them."""


@dataclass(frozen=True)
class Route:
    """An HTTP route of template.yaml. A `public` route has no authorizer."""

    function: str
    method: str
    path: str
    public: bool

    @property
    def key(self) -> str:
        """Return the route key of API Gateway."""
        return f"{ANY if self.public else self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """Return the names of the path parameters."""
        return re.findall(r"{(\w+)}", self.path)


@dataclass(frozen=True)
class Handler:
    """A handler with its docstring and its declaration."""

    name: str
    documentation: str
    operation: Operation


def routes() -> list[Route]:
    """Return the HTTP routes of template.yaml, each with the folder of its function.

    A route for any method is documented as GET: HEAD has the same response without its body. The default route is none.
    """
    return [
        Route(
            Path(resource["Properties"]["CodeUri"]).name,
            event["Properties"]["Method"].replace(ANY, "GET"),
            event["Properties"]["Path"],
            event["Properties"].get("Auth", {}).get("Authorizer") == "NONE",
        )
        for resource in template.read()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi" and event["Properties"]["Path"] != DEFAULT
    ]


def load(function: str) -> ModuleType:
    """Import the module of a function by its folder."""
    # Required by the import; no client makes a request.
    for name, value in (("AWS_DEFAULT_REGION", REGION), ("TABLE_NAME", "none"), ("CLAIM_WINDOW_SECONDS", "1")):
        os.environ.setdefault(name, value)
    spec = importlib.util.spec_from_file_location(f"functions.{function}", ROOT / "functions" / function / "app.py")
    if spec is None or spec.loader is None:
        raise DocumentError(f"functions/{function}/app.py cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def handlers(module: ModuleType) -> dict[tuple[str, str], Handler]:
    """Return the declared handlers of a function, by method and path.

    Raises:
        DocumentError: a handler has no declaration or no docstring.
    """
    found = {}
    for route in (*module.app._static_routes, *module.app._dynamic_routes):
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        methods = [route.method] if isinstance(route.method, str) else route.method
        operation = declared(route.func)
        if operation is None or not route.func.__doc__:
            raise DocumentError(f"{route.func.__name__} ({path}) needs @operation and a docstring.")
        for method in methods:
            found[method, path] = Handler(route.func.__name__, route.func.__doc__, operation)
    return found


# --- the document ----------------------------------------------------------------------------------------------------


def document() -> Schema:
    """Return the OpenAPI document.

    Raises:
        DocumentError: routes and declarations do not match.
    """
    by_route = routes()
    modules = {name: load(name) for name in sorted({route.function for route in by_route})}
    known = {(name, *key): handler for name, module in modules.items() for key, handler in handlers(module).items()}
    in_template = {(route.function, route.method, route.path) for route in by_route}
    if unmatched := in_template ^ known.keys():
        raise DocumentError(
            "Only in template.yaml or only in a function: " + ", ".join(map(" ".join, sorted(unmatched)))
        )
    names = [handler.name for handler in known.values()]
    if duplicates := {name for name in names if names.count(name) > 1}:
        raise DocumentError("Handlers share a name, which is the operationId: " + ", ".join(sorted(duplicates)))

    schemas = Schemas([handler.operation for handler in known.values()])
    shared: Schema = {}
    paths: Schema = {}
    for route in sorted(by_route, key=lambda route: (route.path, route.method)):
        handler = known[route.function, route.method, route.path]
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, handler, schemas, shared)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Handsel",
            "version": project["version"],
            "summary": project["description"],
            "description": DESCRIPTION,
            "contact": {"name": "The Handsel contributors"},
            "license": {"name": "Apache License 2.0", "identifier": project["license"]},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": _first_line(module.__doc__)} for name, module in modules.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**schemas.published, **_PROBLEM_SCHEMAS}.items())),
            "responses": dict(sorted(shared.items())),
            "examples": {code: _problem_example(code) for code in (*sorted(problems.STATUS), problems.INTERNAL)},
            "parameters": {
                "AcceptLanguage": _ACCEPT_LANGUAGE,
                "IdempotencyKey": _IDEMPOTENCY_KEY,
                "IfNoneMatch": _IF_NONE_MATCH,
                "IfMatch": _IF_MATCH,
                "OptionalKey": _IDEMPOTENCY_KEY | {"required": False},
            },
            "headers": {
                "ContentLanguage": _CONTENT_LANGUAGE,
                "ETag": _ETAG,
                "RequestId": _REQUEST_ID,
                "RetryAfter": _RETRY_AFTER,
            },
            "securitySchemes": {
                "idToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An ID token of the user pool, or of the identity provider that the stack is configured with.",
                }
            },
        },
    }


def text() -> str:
    """Return the document as JSON."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def files() -> dict[Path, str]:
    """Return the generated file and its text.

    Raises:
        DocumentError: routes and declarations do not match.
    """
    return {FILE: text()}


def _operation(route: Route, handler: Handler, schemas: "Schemas", shared: Schema) -> Schema:
    operation = handler.operation
    summary, _, rest = handler.documentation.strip().partition("\n")
    described: Schema = {"tags": [route.function], "operationId": handler.name, "summary": summary}
    if description := re.sub(r"\n +", "\n", rest).strip():
        described["description"] = description
    described["security"] = [] if route.public else [{"idToken": []}]
    if parameters := [*_path_parameters(route, operation), *_other_parameters(operation, schemas)]:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schemas.of(operation.body), "examples": _request_examples(route)}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    answers = {
        status: {
            "description": _answer_description(status, answer),
            "headers": _headers(),
            **_answer_content(answer, schemas),
        }
        for status, answer in operation.responses.items()
    }
    if operation.localized:
        for status in answers:
            answers[status]["headers"]["Content-Language"] = {"$ref": "#/components/headers/ContentLanguage"}
    if 304 in answers or operation.responses.get(200) is ProductView:
        for status in answers.keys() & {200, 304}:
            answers[status]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    pages = {status for status, answer in operation.responses.items() if status >= 400 and isinstance(answer, Media)}
    error_responses = _error_responses(route, operation, shared, pages)
    for status in answers.keys() & error_responses.keys():
        if status not in pages:
            raise DocumentError(f"{handler.name} declares {status} as a response and as a problem.")
        answers[status]["content"] |= {"application/json": {"schema": _ref("GatewayMessage")}}
    described["responses"] = {str(status): entry for status, entry in sorted({**error_responses, **answers}.items())}
    return described


def _request_examples(route: Route) -> Schema:
    """Return the bodies of the sample events of a route, by the name of the event."""
    return _bodies_by_route().get(f"{route.method} {route.path}", {})


@cache
def _bodies_by_route() -> Mapping[str, Schema]:
    from tools import sample_events  # imported here, because it imports this module

    found: dict[str, Schema] = {}
    for event in sample_events.samples():
        if event.route is not None and "body" in event.payload:
            example = {"summary": event.description, "value": json.loads(event.payload["body"])}
            found.setdefault(event.route, {})[event.name] = example
    return found


def _headers() -> Schema:
    """Return the headers that every response of a function has."""
    return {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def _path_parameters(route: Route, operation: Operation) -> Iterator[Schema]:
    if unknown := operation.path.keys() - set(route.parameters):
        raise DocumentError(f"{route.path} has no {unknown}.")
    for name in route.parameters:
        description = operation.path.get(name)
        if description is None and not name.endswith("_id"):
            raise DocumentError(f"{route.path}: @operation(path=...) must describe {name}.")
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": description or _describe_id(name),
            "schema": {"type": "string", "minLength": 1},
        }


def _other_parameters(operation: Operation, schemas: "Schemas") -> Iterator[Schema]:
    if operation.query is not None:
        model = schemas.of_query(operation.query)
        for name, schema in model["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in model.get("required", []),
                "description": schema["description"],
                "schema": _as_parameter(schema),
            }
    if operation.idempotent:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if operation.accepts_key:
        yield {"$ref": "#/components/parameters/OptionalKey"}
    if operation.accepts_if_match:
        yield {"$ref": "#/components/parameters/IfMatch"}
    if operation.localized:
        yield {"$ref": "#/components/parameters/AcceptLanguage"}
    if 304 in operation.responses:
        yield {"$ref": "#/components/parameters/IfNoneMatch"}


def _as_parameter(schema: Schema) -> Schema:
    """Return the schema of a query parameter, which can be missing but not null."""
    flat = {name: value for name, value in schema.items() if name != "description" and value is not None}
    if alternatives := [each for each in flat.pop("anyOf", []) if each != {"type": "null"}]:
        (only,) = alternatives
        flat = {**only, **flat}
    return flat


def _answer_description(status: int, answer: SuccessResponse) -> str:
    if status == 304:
        return "The client has the current version; the response has no body."
    return answer.description if isinstance(answer, Media) else HTTPStatus(status).phrase


def _answer_content(answer: SuccessResponse, schemas: "Schemas") -> Schema:
    match answer:
        case None:
            return {}
        case Media():
            return {"content": {each: _of_media(each) for each in answer.content_types}}
        case PageOf():
            return {"content": {"application/json": {"schema": _page(schemas.of(answer.item))}}}
        case _:
            return {"content": {"application/json": {"schema": schemas.of(answer)}}}


def _of_media(content_type: str) -> Schema:
    if content_type == "image/png":
        return {}  # the notation of OpenAPI for binary content
    return {"schema": {"type": "object" if content_type == "application/json" else "string"}}


def _page(item: Schema) -> Schema:
    cursor = "Pass this value as `cursor` to get the next page; null on the last page."
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": item, "description": "The entries of this page."},
            "next_cursor": {"type": ["string", "null"], "description": cursor},
        },
    }


# --- problems --------------------------------------------------------------------------------------------------------


def _error_responses(route: Route, operation: Operation, shared: Schema, pages: set[int]) -> dict[int, Schema]:
    """Return the error responses by status. A status that a page declares is not a problem document."""
    declared_or_implied = dict.fromkeys(
        (
            *operation.problems,
            *(FROM_PATH if route.parameters else ()),
            *(FROM_QUERY if operation.query else ()),
            *(FROM_BODY if operation.body else ()),
            *(FROM_IDEMPOTENCY if operation.idempotent or operation.accepts_key else ()),
            *(FROM_REUSE if operation.accepts_key or (operation.idempotent and operation.body) else ()),
            *(() if route.public else FROM_AUTHORIZER),
            *(() if route.key in OPEN_ROUTES else FROM_TABLE),
        )
    )
    gateway = {
        *GATEWAY_ALWAYS,
        *(() if route.public else (GATEWAY_WITH_AUTHORIZER,)),
        *((GATEWAY_WITH_BODY,) if operation.body else ()),
    }
    by_status: dict[int, list[type[errors.ApiProblem]]] = {status: [] for status in gateway}
    for problem in declared_or_implied:
        if (status := problems.STATUS[problem.code]) not in pages:
            by_status.setdefault(status, []).append(problem)
    return {status: _error_response(status, found, shared, status in gateway) for status, found in by_status.items()}


def _error_response(
    status: int, found: Sequence[type[errors.ApiProblem]], shared: Schema, from_gateway: bool
) -> Schema:
    titles = {problem.code: problem.title for problem in found}
    if status == 500:
        titles[problems.INTERNAL] = problems.INTERNAL_TITLE
    lines = [f"- `{code}`: {title}" for code, title in sorted(titles.items())]
    content: Schema = {}
    if titles:
        content[problems.CONTENT_TYPE] = {
            "schema": _ref("Problem"),
            "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in sorted(titles)},
        }
    if from_gateway:
        lines.append(
            f"- {HTTPStatus(status).phrase}: returned by API Gateway itself, as `GatewayMessage` without a `code`."
        )
        content["application/json"] = {"schema": _ref("GatewayMessage")}
    response: Schema = {"description": "\n".join(lines), "content": content}
    if titles:
        response["headers"] = _headers()
    if any(problem.retry_after is not None for problem in found):
        response["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if len(titles) > 1:
        return response
    # A response with one code, or from the gateway only, is shared by all operations.
    code = next(iter(titles), f"gateway {HTTPStatus(status).phrase}")
    name = "".join(word.title() for word in code.replace("-", " ").split())
    if shared.setdefault(name, response) != response:
        raise DocumentError(f"Two different responses are called {name}.")
    return {"$ref": f"#/components/responses/{name}"}


def _problem_example(code: str) -> Schema:
    found = problems.find(code)
    if found is None:
        raise DocumentError(f"There is no problem {code}.")
    status, title, explanation = found
    value = {
        "type": f"{problems.TYPE_PATH}{code}",
        "title": title,
        "status": status,
        "detail": explanation,
        "code": code,
        **_PROBLEM_EXTRAS.get(code, {}),
    }
    return {"summary": title, "value": value}


# The further fields of a problem, in its example.
_PROBLEM_EXTRAS: Mapping[str, Schema] = {
    "invalid-request": {"errors": [{"pointer": "/quantity", "detail": "Input should be greater than or equal to 1"}]},
    "message-refused": {"errors": [{"pointer": "/wrapping/message", "detail": "a message cannot contain a link"}]},
    "already-redeemed": {"redeemed_at": "2026-01-05T08:00:00.000Z"},
    "price-changed": {"total": {"amount": 1990, "currency": "CNY"}},
    "not-refundable": {"reason": "not-possible"},
    "internal-error": {"request_id": "AbCdEfGhIjKlMnO="},
}


def _ref(name: str) -> Schema:
    return {"$ref": f"{_SCHEMAS}{name}"}


_PROBLEM_SCHEMAS: Schema = {
    "Problem": {
        "description": "An RFC 9457 problem document.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": f"The address of the page of this problem: `{problems.TYPE_PATH}` followed by the code.",
            },
            "title": {"type": "string", "description": "The problem as a sentence that clients can show."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status code."},
            "detail": {
                "type": "string",
                "description": "An explanation of the problem, what to do, or details of this occurrence.",
            },
            "code": {
                "description": "Identifies the problem. The code of a problem never changes.",
                "type": "string",
                "enum": sorted([*problems.STATUS, problems.INTERNAL]),
            },
            "errors": {
                "description": f"Only with `invalid-request`: one error for each invalid field, at most {problems.MAX_ERRORS}.",
                "type": "array",
                "maxItems": problems.MAX_ERRORS,
                "items": _ref("FieldError"),
            },
            "redeemed_at": {
                "description": "Only with `already-redeemed`: the time of the redemption.",
                "type": "string",
                "format": "date-time",
            },
            "reason": {
                "description": "Only with `not-refundable`. A payer who is not the holder gets `not-possible` for any.",
                "type": "string",
                "enum": list(NotRefundableReason),
            },
            "total": {"description": "Only with `price-changed`: the current total.", "allOf": [_ref("MoneyView")]},
            "rule": {
                "description": "Only with `not-allowed` and `not-giftable`: the name of the rule, as in `GET /meta/policy`; "
                "`giftable` is the setting of the store or the product.",
                "type": "string",
            },
            "request_id": {"description": "Only with `internal-error`: the ID to report.", "type": "string"},
        },
    },
    "FieldError": {
        "description": "An error in one field of a request.",
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {
                "description": "A JSON Pointer (RFC 6901) into the body, or `?` and the name of a query parameter. "
                "A long unknown name is shortened.",
                "type": "string",
                "examples": ["/quantity", "?limit"],
            },
            "detail": {"type": "string", "description": "The reason why the value is invalid."},
        },
    },
    "GatewayMessage": {
        "description": "An error that API Gateway returns itself: it did not call the function, or the function failed.",
        "type": "object",
        "required": ["message"],
        "properties": {"message": {"type": ["string", "null"], "description": "The error message of API Gateway."}},
    },
}

_ACCEPT_LANGUAGE: Schema = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "The languages that the reader prefers (RFC 9110). Texts are in English, the default, or in Chinese.",
    "schema": {"type": "string"},
    "example": "zh-CN,zh;q=0.9,en;q=0.8",
}

_CONTENT_LANGUAGE: Schema = {
    "description": "The language of the texts.",
    "schema": {"type": "string", "enum": [*languages.LANGUAGES.values()]},
}


def _optional_header(name: str, description: str) -> Schema:
    """Return the parameter of a request header that may be absent."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


_IF_NONE_MATCH = _optional_header(
    "If-None-Match",
    "The `ETag` of an earlier response. If it is still current, the response is 304 without a body.",
)

_ETAG: Schema = {
    "description": "The version of the response. Send it as `If-None-Match` to get 304 while nothing has changed.",
    "schema": {"type": "string"},
}

_IF_MATCH = _optional_header(
    "If-Match",
    "The `ETag` of an earlier response, or `*` for any version. If it is not current, the response is 412.",
)

_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": (
        "8 to 64 visible ASCII characters, such as a UUID. "
        "Use a new key for each new request, and the same key to repeat a request whose response was lost."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{8,64}$"},
}

_REQUEST_ID: Schema = {
    "description": (
        "The ID of the request, which leads to its log lines: report it with an error. A response of API Gateway itself, "
        "such as 401 or 429, has it as `apigw-requestid`."
    ),
    "schema": {"type": "string"},
}

_RETRY_AFTER: Schema = {
    "description": "The number of seconds after which the same request may succeed.",
    "schema": {"type": "integer", "minimum": 0},
}


# --- schemas of the models -------------------------------------------------------------------------------------------


_ATTRIBUTES = "\n\nAttributes:\n"


class Generator(GenerateJsonSchema):
    """Generate JSON schemas with the descriptions of docstrings, without the titles that pydantic derives from names."""

    def model_schema(self, schema: Any) -> Schema:
        """Return the schema of a model, with descriptions of its fields."""
        return _describe_fields(schema["cls"], super().model_schema(schema))

    def typed_dict_schema(self, schema: Any) -> Schema:
        """Return the schema of a TypedDict, with descriptions of its keys."""
        return _describe_fields(schema["cls"], super().typed_dict_schema(schema))

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave the title out."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Return whether a field is required."""
        # The configuration of views makes all fields required, but an optional key of a TypedDict may be missing.
        return (
            bool(field["required"]) if field["type"] == "typed-dict-field" else super().field_is_required(field, total)
        )


def _describe_fields(model: type, schema: Schema) -> Schema:
    """Move the section "Attributes" of a model's docstring, and of its bases', into the schemas of the fields.

    Raises:
        DocumentError: the section describes a field that does not exist.
    """
    fields = schema.get("properties", {})
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        section = inspect.cleandoc(each.__dict__.get("__doc__") or "").partition(_ATTRIBUTES)[2]
        if issubclass(each, View | Request) or each is model:
            found |= re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", section, re.MULTILINE)
    if unknown := found.keys() - fields.keys():
        raise DocumentError(f"{model.__name__} has no {unknown}.")
    for name, field in fields.items():
        if text := found.get(name):
            field["description"] = re.sub(r"\s+", " ", text[0].upper() + text[1:])
        elif name.endswith("_id"):
            field.setdefault("description", _describe_id(name))
    if "description" in schema:
        schema["description"] = schema["description"].partition(_ATTRIBUTES)[0]
    return schema


def _describe_id(name: str) -> str:
    return f"The ID of the {name.removesuffix('_id').replace('_', ' ')}."


class Schemas:
    """The schemas of all requests and responses, as components that refer to each other."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        wanted: dict[Any, None] = {}
        for operation in operations:
            wanted |= dict.fromkeys((model, "validation") for model in (operation.body, operation.query) if model)
            for answer in operation.responses.values():
                item = answer.item if isinstance(answer, PageOf) else answer
                if item is not None and not isinstance(item, Media):
                    wanted[item, "serialization"] = None
        found, definitions = TypeAdapter.json_schemas(
            [(model, mode, TypeAdapter(model)) for model, mode in wanted],
            ref_template=f"{_SCHEMAS}{{model}}",
            schema_generator=Generator,
        )
        self._found: Mapping[Any, Schema] = {model: schema for (model, _), schema in found.items()}
        self.published: Schema = definitions["$defs"]
        # A query is published as parameters.
        queries = {operation.query for operation in operations if operation.query}
        self._queries: Mapping[Any, Schema] = {query: self.published.pop(self._name(query)) for query in queries}
        for name, schema in self.published.items():
            schema.pop("title", None)
            # Fields may be added to responses, so a client has to accept those that it does not know.
            if not name.endswith(CLOSED) and schema.get("additionalProperties") is False:
                del schema["additionalProperties"]

    def of(self, model: Any) -> Schema:
        """Return the schema of a request or response: a reference to a component."""
        return self._found[model]

    def of_query(self, model: type[BaseModel]) -> Schema:
        """Return the schema of a query, from which parameters are made."""
        return self._queries[model]

    def _name(self, model: type[BaseModel]) -> str:
        return str(self._found[model]["$ref"]).removeprefix(_SCHEMAS)


def _first_line(documentation: str | None) -> str:
    return (documentation or "").strip().partition("\n")[0]
