"""POST /gifts/{gift_id}/claims: open a gift and take one share."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.claims import ClaimRequest
from handsel.api.views.holdings import AnyHolding, holding_view
from handsel.domain import errors
from handsel.runtime import clock
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.use_cases import queries
from handsel.use_cases.gifts import claiming

app = create_app()


@app.post("/gifts/<gift_id>/claims")
@operation(
    body=ClaimRequest,
    responses={201: AnyHolding, 200: AnyHolding},
    problems=(
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
    request = HttpRequest(app)
    caller = request.caller
    # Somebody with a dead link learns that first, whatever they sent along.
    body = request.body(ClaimRequest, unless=lambda: queries.require_gift(table(), gift_id))
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
    return json_response(201 if taken else 200, holding_view(read, now=request.now))


lambda_handler = handler(app)
