"""What a store's merchant does: say what it sells, redeem its vouchers, ship its parcels."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests import ProductRequest, ShipmentListQuery, ShipmentRequest, StoreRequest
from handsel.api.views import ProductView, RedemptionView, StoreShipment, StoreView, shipment_view
from handsel.domain import errors, ids
from handsel.domain.models import Store
from handsel.domain.privacy import Viewer
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.store import shipments, stores
from handsel.use_cases import redeeming, selling, shipping

app = create_app()


@app.get("/stores/<store_id>")
@operation(answers={200: StoreView}, refuses=(errors.WrongRole,))
def read_store(store_id: str) -> Response[str]:
    """Read one's store, as its merchant."""
    request = Request(app)
    request.caller.require_merchant_of(store_id)
    return answer(200, StoreView.of(selling.store_of(table(), store_id)))


@app.put("/stores/<store_id>")
@operation(body=StoreRequest, answers={200: StoreView}, refuses=(errors.WrongRole,))
def put_store(store_id: str) -> Response[str]:
    """Say what one's store is called, who carries its parcels, and whether it offers gifts."""
    request = Request(app)
    request.caller.require_merchant_of(store_id)
    body = request.body(StoreRequest)
    store = Store(store_id, body.name, body.carrier, body.giftable)
    stores.put(table(), store)
    return answer(200, StoreView.of(store))


@app.put("/stores/<store_id>/products/<product_id>")
@operation(body=ProductRequest, answers={200: ProductView}, refuses=(errors.WrongRole,))
def put_product(store_id: str, product_id: str) -> Response[str]:
    """Put a product on one's store's shelf, or change it.

    What was sold stays as it was sold; whether it can be given is asked of the product as it is now.
    """
    request = Request(app)
    request.caller.require_merchant_of(store_id)
    if not ids.may_be_chosen(product_id):
        raise errors.NotFound
    body = request.body(ProductRequest)
    product = selling.put_product(table(), body.value(product_id, store_id, now=request.now))
    return answer(200, ProductView.of(product))


@app.post("/vouchers/<code>/redemptions")
@operation(
    answers={201: RedemptionView},
    refuses=(errors.WrongRole, errors.AlreadyRedeemed, errors.VoucherExpired),
    path={"code": "The voucher's code, in upper or lower case."},
)
def redeem(code: str) -> Response[str]:
    """Redeem a voucher of one's store. It is good once."""
    request = Request(app)
    store_id = request.caller.merchant_of
    holding = redeeming.redeem(
        table(), ids.voucher_code(code), store_id=store_id, redemption=request.id, now=request.now
    )
    count("VoucherRedeemed")
    return answer(201, RedemptionView.of(holding))


@app.get("/stores/<store_id>/shipments")
@operation(query=ShipmentListQuery, answers={200: PageOf(StoreShipment)}, refuses=(errors.WrongRole,))
def list_shipments(store_id: str) -> Response[str]:
    """List what one's store is to ship, newest first."""
    request = Request(app)
    request.caller.require_merchant_of(store_id)
    query = request.query(ShipmentListQuery)
    scope = f"shipments {store_id} {query.status}"
    page = shipments.of_store(
        table(), store_id, query.status, limit=query.limit, before=request.position(query.cursor, scope)
    )
    views = [shipment_view(shipment, Viewer.MERCHANT) for shipment in page.items]
    return request.page(views, page.next_position, scope)


@app.put("/shipments/<shipment_id>")
@operation(body=ShipmentRequest, answers={200: StoreShipment}, refuses=(errors.WrongRole,))
def hand_over(shipment_id: str) -> Response[str]:
    """Say who carries a parcel, and under which number.

    What is left out stays.
    """
    request = Request(app)
    store_id = request.caller.merchant_of
    body = request.body(ShipmentRequest, unless=lambda: shipping.of_store(table(), shipment_id, store_id=store_id))
    shipment = shipping.hand_over(
        table(),
        shipment_id,
        store_id=store_id,
        carrier=body.carrier,
        tracking_number=body.tracking_number,
        now=request.now,
    )
    return answer(200, shipment_view(shipment, Viewer.MERCHANT))


lambda_handler = handler(app)
