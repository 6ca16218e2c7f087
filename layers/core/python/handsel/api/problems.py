"""Refusals as RFC 9457 problem documents."""

import json
from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response

from handsel.domain import errors
from handsel.domain.times import timestamp

# The one table from reason to status.
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
    "not-found": 404,
    "out-of-stock": 409,
    "units-not-available": 409,
    "already-claimed": 409,
    "already-returned": 409,
    "already-redeemed": 409,
    "still-open": 409,
    "too-many-events": 409,
    "handle-taken": 409,
    "expired": 410,
    "cancelled": 410,
    "declined": 410,
    "voucher-expired": 410,
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
    "too-many-open-gifts": 429,
    "too-many-requests": 429,
    "payment-unknown": 503,
    "busy": 503,
}

CONTENT_TYPE = "application/problem+json"
# A fault of ours is no refusal, but is answered as a problem too.
INTERNAL = "internal-error"
INTERNAL_TITLE = "Something went wrong on our side."


def of(refusal: errors.ApiProblem) -> Response[str]:
    """The answer to a refused call. Equal refusals answer equal bytes."""
    status = STATUS[refusal.code]
    body: dict[str, object] = {
        "type": f"urn:handsel:problem:{refusal.code}",
        "title": refusal.title,
        "status": status,
        "detail": refusal.detail or refusal.title,
        "code": refusal.code,
    }
    if isinstance(refusal, errors.AlreadyRedeemed):
        body["redeemed_at"] = timestamp(refusal.redeemed_at)
    if isinstance(refusal, errors.InvalidRequest):
        body["errors"] = [{"pointer": field.pointer, "detail": field.detail} for field in refusal.fields]
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return _answer(status, body, headers)


def internal(request_id: str) -> Response[str]:
    """The answer to a fault of ours: nothing but where to find it in the log."""
    body = {
        "type": f"urn:handsel:problem:{INTERNAL}",
        "title": INTERNAL_TITLE,
        "status": 500,
        "detail": INTERNAL_TITLE,
        "code": INTERNAL,
        "request_id": request_id,
    }
    return _answer(500, body, {})


def _answer(status: int, body: Mapping[str, object], headers: Mapping[str, str]) -> Response[str]:
    # A dict body with this content type would go out unserialised.
    return Response(
        status_code=status,
        content_type=CONTENT_TYPE,
        body=json.dumps(body, separators=(",", ":")),
        headers={"Cache-Control": "no-store", **headers},
    )
