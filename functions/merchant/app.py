"""Store management for merchants: products, voucher redemption and shipments."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response, tagged_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.redemptions import RedemptionRequest, UndoRequest
from handsel.api.requests.shipments import ShipmentListQuery, ShipmentRequest
from handsel.api.requests.stores import ProductRequest, StockRequest, StoreRequest
from handsel.api.views.products import ProductView
from handsel.api.views.redemptions import RedemptionView
from handsel.api.views.shipments import StoreShipment, addressed_view
from handsel.api.views.stores import StoreView
from handsel.domain import errors, ids
from handsel.domain.privacy import Viewer
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.use_cases.catalog import selling
from handsel.use_cases.fulfilment import redeeming, shipping

app = create_app()

_CODE = "The voucher's code; letter case, spaces and dashes do not matter."


@app.get("/stores/<store_id>")
@operation(responses={200: StoreView}, problems=(errors.WrongRole,))
def get_store(store_id: str) -> Response[str]:
    """Get the merchant's store.

    The token of a merchant names their store. For any other store, the response is `not-found`.
    """
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    return json_response(200, StoreView.of(selling.get_store(table(), store_id)))


@app.put("/stores/<store_id>")
@operation(body=StoreRequest, responses={200: StoreView}, problems=(errors.WrongRole,))
def put_store(store_id: str) -> Response[str]:
    """Create or replace the merchant's store.

    The token of a merchant names their store. For any other store, the response is `not-found`.
    """
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    store = replace(request.body(StoreRequest).value(store_id), merchant_id=request.caller.user_id)
    selling.put_store(table(), store)
    return json_response(200, StoreView.of(store))


@app.put("/stores/<store_id>/products/<product_id>")
@operation(
    body=ProductRequest,
    responses={200: ProductView},
    problems=(errors.WrongRole, errors.PreconditionFailed),
    accepts_if_match=True,
    path={
        "product_id": "The ID of the product. The merchant chooses it: 1 to 64 letters, digits, hyphens or underscores."
    },
)
def put_product(store_id: str, product_id: str) -> Response[str]:
    """Create or replace a product of the merchant's store.

    Existing orders keep the product as it was bought. Their units can be given only if the current product can be given.

    The stock of an existing product keeps its value, because units may be sold at the same time. To replace the stock too,
    send `If-Match` with the `ETag` of the product from an earlier response, or with `*`. If the product no longer has this
    `ETag`, for example after a sale, or does not exist, the response is 412 and nothing is changed.
    """
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    if not ids.is_valid_client_id(product_id):
        raise errors.NotFound
    body = request.body(ProductRequest)
    product = selling.put_product(
        table(),
        body.value(product_id, store_id, now=request.now),
        merchant_id=request.caller.user_id,
        is_expected=(lambda current: request.is_match_for(ProductView.of(current)))
        if request.header("if-match")
        else None,
    )
    return tagged_response(ProductView.of(product))


@app.post("/stores/<store_id>/products/<product_id>/stock")
@operation(
    body=StockRequest,
    responses={200: ProductView},
    problems=(errors.WrongRole, errors.OutOfStock),
    accepts_key=True,
)
def change_stock(store_id: str, product_id: str) -> Response[str]:
    """Add units to the stock of a product, or remove them.

    The stock after the change must be from 0 to 1,000,000,000. An unlimited stock stays unlimited. With an
    `Idempotency-Key`, repeating the request within ten minutes has no further effect.
    """
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    body = request.body(StockRequest)
    key = request.optional_idempotency_key
    token = ids.derive_id("stock", request.id) if key is None else ids.derive_id("stock", request.caller.user_id, key)
    product = selling.add_stock(table(), store_id, product_id, units=body.add, token=token)
    return tagged_response(ProductView.of(product))


@app.post("/vouchers/<code>/redemptions")
@operation(
    responses={201: RedemptionView},
    problems=(errors.WrongRole, errors.AlreadyRedeemed, errors.VoucherExpired, errors.VoucherRefunded),
    path={"code": _CODE},
    accepts_key=True,
)
def redeem_voucher(code: str) -> Response[str]:
    """Redeem a voucher of the merchant's store.

    A voucher can be redeemed once; after that, the response is `already-redeemed` with the time of the redemption. The ID
    of the merchant who redeems it is recorded. The redemption can be undone for one hour.

    With an `Idempotency-Key`, a till can repeat the request after a lost response: it returns the same redemption, even if
    that was undone in the meantime. Without a key, each request is a new redemption.
    """
    request = HttpRequest(app)
    return _redemption_response(request, request.caller.merchant_store_id, code)


@app.post("/redemptions")
@operation(
    body=RedemptionRequest,
    responses={201: RedemptionView},
    problems=(errors.WrongRole, errors.NotFound, errors.AlreadyRedeemed, errors.VoucherExpired, errors.VoucherRefunded),
    accepts_key=True,
)
def create_redemption() -> Response[str]:
    """Redeem a voucher of the merchant's store, with the code in the body.

    Like `POST /vouchers/{code}/redemptions`, but the code does not get into the logs of proxies and the history of
    browsers, which record paths.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    return _redemption_response(request, store_id, request.body(RedemptionRequest).code)


def _redemption_response(request: HttpRequest, store_id: str, code: str) -> Response[str]:
    caller, key = request.caller.user_id, request.optional_idempotency_key
    redemption_id = ids.derive_id("redemption", request.id) if key is None else ids.derive_id("redemption", caller, key)
    voucher, redemption = redeeming.redeem(
        table(),
        ids.normalize_voucher_code(code),
        store_id=store_id,
        caller=caller,
        redemption_id=redemption_id,
        now=request.now,
    )
    count("VoucherRedeemed")
    return json_response(201, RedemptionView.of(voucher, redemption))


@app.post("/vouchers/<code>/redemptions/<redemption_id>/undo")
@operation(
    body=UndoRequest,
    responses={200: RedemptionView},
    problems=(errors.WrongRole, errors.TooLateToUndo),
    path={"code": _CODE},
    idempotent=True,
)
def undo_redemption(code: str, redemption_id: str) -> Response[str]:
    """Undo a redemption of a voucher of the merchant's store.

    The voucher is usable again, unless its validity has ended. This is possible for one hour after the redemption.
    Idempotent: repeating the request at any time has no further effect, and returns who undid the redemption first, when
    and why.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    call, body = request.call, request.body(UndoRequest)
    voucher, redemption = redeeming.undo(
        table(),
        call,
        code=ids.normalize_voucher_code(code),
        redemption_id=redemption_id,
        store_id=store_id,
        reason=body.reason,
    )
    count("RedemptionUndone")
    return json_response(200, RedemptionView.of(voucher, redemption))


@app.get("/stores/<store_id>/shipments")
@operation(query=ShipmentListQuery, responses={200: PageOf(StoreShipment)}, problems=(errors.WrongRole,))
def list_store_shipments(store_id: str) -> Response[str]:
    """List the shipments of the merchant's store, newest first."""
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    query = request.query(ShipmentListQuery)
    scope = f"shipments {store_id} {query.status}"
    page = shipping.list_for_store(
        table(),
        store_id,
        query.status,
        limit=query.limit,
        before=request.start_position(query.cursor, scope),
        now=request.now,
    )
    views = [addressed_view(found, Viewer.MERCHANT, now=request.now) for found in page.items]
    return request.page_response(views, page.next_position, scope)


@app.put("/shipments/<shipment_id>")
@operation(body=ShipmentRequest, responses={200: StoreShipment}, problems=(errors.WrongRole,))
def update_shipment(shipment_id: str) -> Response[str]:
    """Update the carrier and the tracking number of a shipment.

    A field that is left out keeps its value.
    """
    request = HttpRequest(app)
    store_id, now = request.caller.merchant_store_id, request.now
    body = request.body(
        ShipmentRequest, unless=lambda: shipping.get_for_store(table(), shipment_id, store_id=store_id, now=now)
    )
    updated = shipping.update_shipment(
        table(),
        shipment_id,
        store_id=store_id,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        now=now,
    )
    return json_response(200, addressed_view(updated, Viewer.MERCHANT, now=now))


lambda_handler = handler(app)
