"""Holdings: the vouchers and parcels one has, own and received."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, image_response, json_response
from handsel.api.operations import Media, PageOf, operation
from handsel.api.requests.holdings import HoldingListQuery
from handsel.api.views.holdings import AnyHolding, VoucherView, holding_view
from handsel.domain.errors import NotFound
from handsel.runtime.wiring import table
from handsel.use_cases import queries

app = create_app()


@app.get("/holdings")
@operation(query=HoldingListQuery, responses={200: PageOf(AnyHolding)})
def list_holdings() -> Response[str]:
    """List what one holds, newest first: received, and taken for oneself."""
    request = HttpRequest(app)
    caller, query = request.caller, request.query(HoldingListQuery)
    scope = f"holdings {query.state}"
    page = queries.holdings_of(
        table(),
        caller=caller.user_id,
        state=query.state,
        limit=query.limit,
        before=request.position(query.cursor, scope),
        now=request.now,
    )
    return request.page([holding_view(read, now=request.now) for read in page.items], page.next_position, scope)


@app.get("/holdings/<holding_id>")
@operation(responses={200: AnyHolding})
def read_holding(holding_id: str) -> Response[str]:
    """Read one holding."""
    request = HttpRequest(app)
    read = queries.holding_of(table(), holding_id, caller=request.caller.user_id)
    return json_response(200, holding_view(read, now=request.now))


@app.get("/holdings/<holding_id>/qr")
@operation(responses={200: Media("image/svg+xml", "The picture, dark on white in either scheme.")})
def voucher_qr(holding_id: str) -> Response[str]:
    """The QR code of a voucher, to show in the store.

    It holds the `code` and nothing else, whatever became of the voucher. A parcel has none.
    """
    request = HttpRequest(app)
    voucher = holding_view(queries.holding_of(table(), holding_id, caller=request.caller.user_id), now=request.now)
    if not isinstance(voucher, VoucherView):
        raise NotFound
    # No other call pays for loading it.
    from handsel.api import qr

    return image_response("image/svg+xml", qr.svg(voucher.code), cache_control="private, no-store")


lambda_handler = handler(app)
