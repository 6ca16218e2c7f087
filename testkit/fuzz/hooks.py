"""Hooks and checks for schemathesis, which loads this module by SCHEMATHESIS_HOOKS."""

import atexit
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import TestPhase

from testkit import contract
from testkit.fuzz.pool import Pool

AnyCase = Case[Any]

FOLDER = Path(os.environ["FUZZ_FOLDER"])
# The probability that a valid request refers to existing resources.
KNOWN = 0.85
# The probability that it repeats an earlier successful request, and that a value of that request is replaced.
REPEATED = 0.5
CHANGED = 0.3
# A return gift needs a gift that the caller claimed.
POOL_NAMES = {("POST /gifts/{gift_id}/return-gifts", "gift_id"): "claimed_gift_id"}
# The problem codes of requests that do not match the schema.
ABOUT_SHAPE = {"malformed-json", "invalid-request", "idempotency-key-required", "unsupported-media-type", "too-large"}
BEFORE_SHAPE = {"wrong-role"}
# Parts of error details about rules that no schema can express.
BEYOND_SHAPE = (
    "not a cursor of this list",
    "in the future",
    "before 1970",
    "out of range",
    "must have the same currency",
    "must contain a visible character",
    "user-perceived characters",
    "must not contain an e-mail address",
    "must not claim to be the operator",
    "needs a line that is not blank",
    "not a country code",
    "not a phone number",
    "not a postal code of this country",
    "required in this country",
    "must not be below price",
    "contains no letter or digit",
    "the total in",
    "requires a gift of one share",
    "is the recipient of this gift already",
    "is the second person of this gift already",
    "has passed",
    "within 365 days from now",
    "must be another user",
    "200 years ahead",
    "is reserved for",
)

_rng = random.Random(os.environ["FUZZ_SEED"])  # noqa: S311 - has to be reproducible
_pool = Pool.load(FOLDER)
_hidden: list[str] = json.loads((FOLDER / "hidden.json").read_text())
# Texts that only internal code contains.
_INTERNAL = (b"Traceback", b"botocore", b"pydantic", b"handsel/", b"ConditionalCheck", b"SENT#", b"USER#")
_seen: Counter[str] = Counter()


@schemathesis.hook
def before_call(_: Any, case: AnyCase, __: dict[str, Any]) -> None:
    """Fill in ids of existing resources if the request is meant to be valid."""
    label, path, body = case.operation.label, case.path_parameters or {}, case.body
    about_body = isinstance(body, dict | list) and _valid(case, ParameterLocation.BODY)
    often = KNOWN
    earlier = _pool.pick_request(label, _rng) if about_body and _rng.random() < REPEATED else None
    if earlier and _valid(case, ParameterLocation.PATH):
        (path, body), often = earlier, CHANGED
    if path and _valid(case, ParameterLocation.PATH):
        path = {name: _pick_known(POOL_NAMES.get((label, name), name), value, often) for name, value in path.items()}
        case.path_parameters = path
    if about_body and label == "POST /test/clock":
        case.body = {"advance_seconds": 1}  # a longer time ends the gifts of the other calls
    elif about_body:
        case.body = _fill_in(body, path.get("gift_id"), often)
        # Keep numbers small outside of the coverage phase, so that an order lasts for many calls.
        if isinstance(case.body, dict) and case.meta is not None and case.meta.phase.name is not TestPhase.COVERAGE:
            few = 1 if case.body.get("recipient_id") else _rng.choice((1, 1, 2, 3))
            case.body = {name: few if name in ("quantity", "shares") else entry for name, entry in case.body.items()}
    if case.query and "cursor" in case.query and _valid(case, ParameterLocation.QUERY) and _rng.random() < KNOWN:
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}
    key = case.headers.get("Idempotency-Key") if case.headers else None
    # Schemathesis varies one thing at a time, and would send different bodies with the same key.
    if isinstance(key, str) and re.fullmatch("[!-~]{8,64}", key) and _rng.random() < KNOWN:
        case.headers["Idempotency-Key"] = f"{_rng.getrandbits(128):032x}"


@schemathesis.hook
def after_call(_: Any, case: AnyCase, response: Response) -> None:
    """Count the response and collect its values."""
    # A response without a body may still have a content type from API Gateway.
    is_json = response.content and "json" in response.headers.get("content-type", [""])[0]
    answer = json.loads(response.content) if is_json else {}
    done = response.status_code < 300
    _seen[f"{case.operation.label} {response.status_code} {'' if done else answer.get('code', '')}".rstrip()] += 1
    if done and case.path != "/openapi.json":
        # The response with a new link does not name its gift; the path does.
        _pool.collect({**(case.path_parameters or {}), **answer})
        if isinstance(case.body, dict):
            _pool.add_request(case.operation.label, case.path_parameters or {}, case.body)


@schemathesis.check
def document_decides_validity(_: Any, response: Response, case: AnyCase) -> None:
    """Check that invalid requests fail, and that valid requests never fail for their shape."""
    request = response.request
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    wrong = contract.find_violations(str(request.method), str(request.url), headers, _bytes(request.body))
    # Authentication and existence are checked before the body.
    if wrong is None or response.status_code in (401, 404):
        return
    problem = json.loads(response.content) if response.status_code >= 400 else {}
    code = problem.get("code")
    if wrong:
        assert code in ABOUT_SHAPE or code in BEFORE_SHAPE, f"The document does not allow this: {wrong}"
    elif code in ABOUT_SHAPE:
        details = [error["detail"] for error in problem.get("errors", [])] or [code]
        unexplained = [each for each in details if not any(words in each for words in BEYOND_SHAPE)]
        assert not unexplained, f"The document allows this: {problem}"


@schemathesis.check
def no_private_or_internal_data_is_exposed(_: Any, response: Response, case: AnyCase) -> None:
    shown = [text for text in _hidden if text.encode() in response.content]
    assert not shown, f"The caller may not see this: {shown}"
    internal = [text for text in _INTERNAL if text in response.content]
    assert not internal or case.path == "/openapi.json", f"Internal data is exposed: {internal}"


@schemathesis.check
def unavailable_is_said_by_us(_: Any, response: Response, case: AnyCase) -> None:
    """Check that no 503 comes from API Gateway, which means that the function did not respond."""
    if response.status_code == 503:
        assert response.headers["content-type"] == ["application/problem+json"], response.content


def _valid(case: AnyCase, location: ParameterLocation) -> bool:
    return case.meta is not None and not case.meta.is_negative_at(location)


def _pick_known(name: str, value: Any, often: float) -> Any:
    return _pool.pick(name, _rng) or value if _rng.random() < often else value


def _fill_in(value: Any, gift_id: object, often: float) -> Any:
    """Return a body with texts that refer to existing resources."""
    if isinstance(value, list):
        return [_fill_in(entry, gift_id, often) for entry in value]
    if not isinstance(value, dict):
        # For a schema 1.0 is an integer; for Handsel it is not, and testing that adds little.
        return int(value) if isinstance(value, float) and value.is_integer() else value
    filled: dict[str, Any] = {}
    for name, entry in value.items():
        if not isinstance(entry, str):
            filled[name] = _fill_in(entry, gift_id, often)
        elif name == "secret" and _rng.random() < KNOWN:
            filled[name] = _pool.get_secret(gift_id) or entry
        else:
            filled[name] = _pick_known(name, entry, often)
    return filled


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


@atexit.register
def _save() -> None:
    (FOLDER / "responses.json").write_text(json.dumps(_seen, indent=1, sort_keys=True))
