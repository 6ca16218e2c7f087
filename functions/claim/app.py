"""POST /gifts/{gift_id}/claims: open a gift and take one share."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.operations import operation
from handsel.api.requests import ClaimRequest
from handsel.api.views import AnyHolding, holding_view
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.use_cases import claiming, reading

app = create_app()


@app.post("/gifts/<gift_id>/claims")
@operation(
    body=ClaimRequest,
    answers={201: AnyHolding, 200: AnyHolding},
    refuses=(
        errors.OwnGift,
        errors.WrongSecret,
        errors.NotTheRecipient,
        errors.Expired,
        errors.Cancelled,
        errors.Declined,
        errors.AlreadyClaimed,
        errors.AddressRequired,
    ),
)
def claim(gift_id: str) -> Response[str]:
    """Open a gift and take one share.

    Whoever has claimed it before gets the same holding again, as it is now, with 200.
    """
    request = Request(app)
    caller = request.caller
    # Somebody with a dead link learns that first, whatever they sent along.
    body = request.body(ClaimRequest, unless=lambda: reading.require_gift(table(), gift_id))
    read, taken = claiming.claim(
        table(),
        gift_id,
        caller=caller.user_id,
        secret=body.secret,
        address=body.address.value() if body.address else None,
        code=clock.voucher_code(),
        link_keys=request.link_keys.by_version,
        clock=clock.now_ms,
    )
    if taken:
        count("GiftClaimed")
    return answer(201 if taken else 200, holding_view(read, now=request.now))


lambda_handler = handler(app)
