"""Turn errors into RFC 9457 problem documents."""

import json
from collections.abc import Iterator, Mapping

from aws_lambda_powertools.event_handler import Response

from handsel.domain import errors
from handsel.domain.times import format_timestamp

# The status of each code.
STATUS: Mapping[str, int] = {
    "idempotency-key-required": 400,
    "malformed-json": 400,
    "unauthenticated": 401,
    "payment-declined": 402,
    "own-gift": 403,
    "wrong-secret": 403,
    "not-the-recipient": 403,
    "not-claimed": 403,
    "wrong-role": 403,
    "not-available-yet": 403,
    "not-found": 404,
    "out-of-stock": 409,
    "price-changed": 409,
    "not-allowed": 409,
    "order-cancelled": 409,
    "not-cancellable": 409,
    "no-payment-provider": 409,
    "units-not-available": 409,
    "already-claimed": 409,
    "already-returned": 409,
    "already-redeemed": 409,
    "too-late-to-undo": 409,
    "still-open": 409,
    "not-yet": 409,
    "already-thanked": 409,
    "already-named": 409,
    "not-named": 409,
    "already-shipped": 409,
    "too-many-events": 409,
    "not-refundable": 409,
    "already-decided": 409,
    "no-return-expected": 409,
    "voucher-refunded": 409,
    "not-extendable": 409,
    "handle-taken": 409,
    "expired": 410,
    "cancelled": 410,
    "declined": 410,
    "voucher-expired": 410,
    "account-erased": 410,
    "precondition-failed": 412,
    "too-large": 413,
    "unsupported-media-type": 415,
    "invalid-request": 422,
    "idempotency-key-reused": 422,
    "not-giftable": 422,
    "unknown-wrapping": 422,
    "recipient-unknown": 422,
    "self-gift": 422,
    "other-store": 422,
    "address-required": 422,
    "message-refused": 422,
    "too-many-open-gifts": 429,
    "too-many-changes": 429,
    "too-many-reminders": 429,
    "too-many-gifts": 429,
    "too-many-handles": 429,
    "too-many-exports": 429,
    "too-many-requests": 429,
    "payment-unknown": 503,
    "busy": 503,
}

CONTENT_TYPE = "application/problem+json"
# The `type` of a problem is the address of its page, on the stack that returned it. RFC 9457 resolves it against the request.
TYPE_PATH = "/problems/"
# The problem document of any other error.
INTERNAL = "internal-error"
INTERNAL_TITLE = "Internal error."
INTERNAL_DETAIL = (
    "The request failed for a reason on the side of the server. Report `request_id`, which leads to its log."
)
# A request of many invalid fields gets no longer an answer than one of a few.
MAX_ERRORS = 20


def of(problem: errors.ApiProblem) -> Response[str]:
    """Return the response to an ApiProblem. Equal problems have equal bytes, so that they reveal nothing."""
    status = STATUS[problem.code]
    body: dict[str, object] = {
        "type": f"{TYPE_PATH}{problem.code}",
        "title": problem.title,
        "status": status,
        "detail": problem.detail or problem.explanation,
        "code": problem.code,
    }
    if isinstance(problem, errors.AlreadyRedeemed):
        body["redeemed_at"] = format_timestamp(problem.redeemed_at)
    if isinstance(problem, errors.PriceChanged):
        body["total"] = {"amount": problem.amount, "currency": problem.currency}
    if isinstance(problem, (errors.NotAllowed, errors.NotGiftable)):
        body["rule"] = problem.rule
    if isinstance(problem, errors.NotRefundable):
        body["reason"] = problem.reason
    if isinstance(problem, errors.MessageRefused):
        body["errors"] = [{"pointer": problem.pointer, "detail": problem.detail or problem.title}]
    if isinstance(problem, errors.InvalidRequest):
        listed = problem.fields[:MAX_ERRORS]
        body["errors"] = [{"pointer": field.pointer, "detail": field.detail} for field in listed]
        if len(listed) < len(problem.fields):
            body["detail"] = f"{problem.explanation} These are the first {MAX_ERRORS} of {len(problem.fields)} errors."
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return _response(status, body, headers)


def internal(request_id: str) -> Response[str]:
    """Return the response to an unexpected error: only the request id, which leads to its log lines."""
    body = {
        "type": f"{TYPE_PATH}{INTERNAL}",
        "title": INTERNAL_TITLE,
        "status": 500,
        "detail": INTERNAL_DETAIL,
        "code": INTERNAL,
        "request_id": request_id,
    }
    return _response(500, body, {})


def find(code: str) -> tuple[int, str, str] | None:
    """Return the status, the title and the explanation of a code, or None if there is no such problem."""
    if code == INTERNAL:
        return 500, INTERNAL_TITLE, INTERNAL_DETAIL
    for problem in _classes(errors.ApiProblem):
        if problem.code == code:
            return STATUS[code], problem.title, problem.explanation
    return None


def _classes(base: type[errors.ApiProblem]) -> Iterator[type[errors.ApiProblem]]:
    for problem in base.__subclasses__():
        yield problem
        yield from _classes(problem)


def _response(status: int, body: Mapping[str, object], headers: Mapping[str, str]) -> Response[str]:
    # The resolver serialises a dict only if the content type is application/json.
    return Response(
        status_code=status,
        content_type=CONTENT_TYPE,
        body=json.dumps(body, separators=(",", ":")),
        headers={"Cache-Control": "no-store", **headers},
    )
