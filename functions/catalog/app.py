"""What stores sell."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import PageOf, operation
from handsel.api.requests import ListQuery
from handsel.api.views import ProductView
from handsel.domain.errors import NotFound
from handsel.domain.models import Product
from handsel.runtime.observability import count, logger, origin
from handsel.runtime.wiring import table
from handsel.store import products
from handsel.use_cases.catalog import selling
from handsel.use_cases.recommendations import recommending

app = create_app()


@app.get("/stores/<store_id>/products")
@operation(query=ListQuery, responses={200: PageOf(ProductView)})
def list_products(store_id: str) -> Response[str]:
    """List what a store sells, newest first."""
    request = HttpRequest(app)
    scope, query = f"products {store_id}", request.query(ListQuery)
    page = selling.products_of(table(), store_id, limit=query.limit, before=request.position(query.cursor, scope))
    return request.page([ProductView.of(product) for product in page.items], page.next_position, scope)


@app.get("/products/<product_id>")
@operation(responses={200: ProductView})
def read_product(product_id: str) -> Response[str]:
    """Read one product.

    The view is recorded for the caller's recommendations, unless they switched them off (`recommendations`).
    """
    request = HttpRequest(app)
    user_id = request.caller.user_id
    product = products.get(table(), product_id)
    if product is None:
        raise NotFound
    remember(user_id, product, now=request.now)
    return json_response(200, ProductView.of(product))


def remember(user_id: str, product: Product, *, now: int) -> None:
    try:
        recommending.record_view(table(), user_id, product, now=now)
    except Exception as error:  # noqa: BLE001 - what was asked for is there, whatever became of this
        logger.warning("view not recorded", origin=origin(error))
        count("ViewNotRecorded")


lambda_handler = handler(app)
