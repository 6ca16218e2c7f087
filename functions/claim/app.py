"""Claims: open a gift and receive one share of it."""

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
        errors.NotYet,
        errors.Expired,
        errors.Cancelled,
        errors.Declined,
        errors.AlreadyClaimed,
        errors.AddressRequired,
    ),
)
def claim_gift(gift_id: str) -> Response[str]:
    """Claim one share of a gift.

    The response is the holding that the caller receives. A caller who has already claimed a share of this gift gets the
    same holding in its current state, with status 200.
    """
    request = HttpRequest(app)
    caller = request.caller
    # An unknown gift is reported first, even if the body is invalid.
    body = request.body(ClaimRequest, unless=lambda: queries.require_gift(table(), gift_id, now=request.now))
    details, is_new = claiming.claim(
        table(),
        gift_id,
        caller=caller.user_id,
        secret=body.secret,
        address=body.address.value() if body.address else None,
        code=clock.voucher_code(),
        link_keys=request.link_keys.by_version,
        clock=clock.now_ms,
    )
    if is_new:
        count("GiftClaimed")
    return json_response(201 if is_new else 200, holding_view(details, now=request.now))


lambda_handler = handler(app)
