"""What a store's merchant does: say what it sells, redeem its vouchers, ship its parcels."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests.shipments import ShipmentListQuery, ShipmentRequest
from handsel.api.requests.stores import ProductRequest, StoreRequest
from handsel.api.views.products import ProductView
from handsel.api.views.redemptions import RedemptionView
from handsel.api.views.shipments import StoreShipment, shipment_view
from handsel.api.views.stores import StoreView
from handsel.domain import errors, ids
from handsel.domain.models import Store
from handsel.domain.privacy import Viewer
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.store import shipments, stores
from handsel.use_cases.catalog import selling
from handsel.use_cases.fulfilment import redeeming, shipping

app = create_app()


@app.get("/stores/<store_id>")
@operation(responses={200: StoreView}, problems=(errors.WrongRole,))
def read_store(store_id: str) -> Response[str]:
    """Read one's store, as its merchant."""
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    return json_response(200, StoreView.of(selling.store_of(table(), store_id)))


@app.put("/stores/<store_id>")
@operation(body=StoreRequest, responses={200: StoreView}, problems=(errors.WrongRole,))
def put_store(store_id: str) -> Response[str]:
    """Say what one's store is called, who carries its parcels, and whether it offers gifts."""
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    body = request.body(StoreRequest)
    store = Store(store_id, body.name, body.carrier, body.giftable)
    stores.put(table(), store)
    return json_response(200, StoreView.of(store))


@app.put("/stores/<store_id>/products/<product_id>")
@operation(body=ProductRequest, responses={200: ProductView}, problems=(errors.WrongRole,))
def put_product(store_id: str, product_id: str) -> Response[str]:
    """Put a product on one's store's shelf, or change it.

    What was sold stays as it was sold; whether it can be given is asked of the product as it is now.
    """
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    if not ids.is_valid_client_id(product_id):
        raise errors.NotFound
    body = request.body(ProductRequest)
    product = selling.put_product(table(), body.value(product_id, store_id, now=request.now))
    return json_response(200, ProductView.of(product))


@app.post("/vouchers/<code>/redemptions")
@operation(
    responses={201: RedemptionView},
    problems=(errors.WrongRole, errors.AlreadyRedeemed, errors.VoucherExpired),
    path={"code": "The voucher's code, in upper or lower case."},
)
def redeem(code: str) -> Response[str]:
    """Redeem a voucher of one's store. It is good once."""
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    holding = redeeming.redeem(
        table(), ids.voucher_code(code), store_id=store_id, redemption=request.id, now=request.now
    )
    count("VoucherRedeemed")
    return json_response(201, RedemptionView.of(holding))


@app.get("/stores/<store_id>/shipments")
@operation(query=ShipmentListQuery, responses={200: PageOf(StoreShipment)}, problems=(errors.WrongRole,))
def list_shipments(store_id: str) -> Response[str]:
    """List what one's store is to ship, newest first."""
    request = HttpRequest(app)
    request.caller.require_store(store_id)
    query = request.query(ShipmentListQuery)
    scope = f"shipments {store_id} {query.status}"
    page = shipments.of_store(
        table(), store_id, query.status, limit=query.limit, before=request.position(query.cursor, scope)
    )
    views = [shipment_view(shipment, Viewer.MERCHANT) for shipment in page.items]
    return request.page(views, page.next_position, scope)


@app.put("/shipments/<shipment_id>")
@operation(body=ShipmentRequest, responses={200: StoreShipment}, problems=(errors.WrongRole,))
def hand_over(shipment_id: str) -> Response[str]:
    """Say who carries a parcel, and under which number.

    What is left out stays.
    """
    request = HttpRequest(app)
    store_id = request.caller.merchant_store_id
    body = request.body(ShipmentRequest, unless=lambda: shipping.of_store(table(), shipment_id, store_id=store_id))
    shipment = shipping.hand_over(
        table(),
        shipment_id,
        store_id=store_id,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        now=request.now,
    )
    return json_response(200, shipment_view(shipment, Viewer.MERCHANT))


lambda_handler = handler(app)
