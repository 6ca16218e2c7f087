"""Holdings: the vouchers and parcels of the caller."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, image_response, json_response
from handsel.api.operations import Media, PageOf, operation
from handsel.api.requests.holdings import HoldingListQuery
from handsel.api.views.holding_details import AnyHoldingDetails, holding_details_view
from handsel.api.views.holdings import VoucherView, holding_view
from handsel.domain.errors import NotExtendable, NotFound
from handsel.runtime import clock
from handsel.runtime.wiring import table
from handsel.use_cases import queries

app = create_app()


@app.get("/holdings")
@operation(query=HoldingListQuery, responses={200: PageOf(AnyHoldingDetails)})
def list_holdings() -> Response[str]:
    """List the caller's holdings, newest first.

    A holding is a voucher or a parcel: a share that the caller claimed, or units of an order that the caller took.
    """
    request = HttpRequest(app)
    caller, query = request.caller, request.query(HoldingListQuery)
    scope = f"holdings {query.state}"
    page = queries.list_holdings(
        table(),
        caller=caller.user_id,
        state=query.state,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
        now=request.now,
    )
    items = queries.load_refund_requests(table(), page.items)
    views = [holding_details_view(details, now=request.now) for details in items]
    return request.page_response(views, page.next_position, scope)


@app.get("/holdings/<holding_id>")
@operation(responses={200: AnyHoldingDetails})
def get_holding(holding_id: str) -> Response[str]:
    """Get one of the caller's holdings."""
    request = HttpRequest(app)
    return _details_response(request, queries.get_holding(table(), holding_id, caller=request.caller.user_id))


def _details_response(request: HttpRequest, found: queries.HoldingDetails) -> Response[str]:
    (details,) = queries.load_refund_requests(table(), [found])
    return json_response(200, holding_details_view(details, now=request.now))


@app.get("/holdings/<holding_id>/qr")
@operation(responses={200: Media("image/svg+xml", "The QR code, dark on white in any color scheme.")})
def get_holding_qr_code(holding_id: str) -> Response[str]:
    """Get the QR code of a voucher.

    The QR code contains the voucher's `code` and nothing else. Redeemed and expired vouchers have one too; for a parcel,
    the response is `not-found`.
    """
    request = HttpRequest(app)
    voucher = holding_view(queries.get_holding(table(), holding_id, caller=request.caller.user_id), now=request.now)
    if not isinstance(voucher, VoucherView):
        raise NotFound
    # Imported here, so that other requests do not load it.
    from handsel.api import qr

    return image_response(request, "image/svg+xml", qr.svg(voucher.code), cache_control="private, no-store")


@app.post("/holdings/<holding_id>/extend")
@operation(responses={200: AnyHoldingDetails}, problems=(NotExtendable,))
def extend_holding(holding_id: str) -> Response[str]:
    """Extend the validity of a voucher.

    The policy that its order was bought under says by how many days (rule `extend`). A voucher can be extended once, before
    it expires. Idempotent: repeating the request does not extend the voucher further.
    """
    request = HttpRequest(app)
    # Imported here, so that other requests do not load it.
    from handsel.use_cases.fulfilment import extending

    details = extending.extend(table(), holding_id, caller=request.caller.user_id, clock=clock.now_ms)
    return _details_response(request, details)


lambda_handler = handler(app)
