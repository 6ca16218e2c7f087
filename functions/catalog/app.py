"""Products, as stores sell them."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.views.products import ProductView
from handsel.runtime.observability import count, logger, origin
from handsel.runtime.wiring import table
from handsel.use_cases.catalog import selling, viewing

app = create_app()


@app.get("/stores/<store_id>/products")
@operation(query=ListQuery, responses={200: PageOf(ProductView)})
def list_store_products(store_id: str) -> Response[str]:
    """List the products of a store, newest first."""
    request = HttpRequest(app)
    scope, query = f"products {store_id}", request.query(ListQuery)
    page = selling.list_products(
        table(), store_id, limit=query.limit, before=request.start_position(query.cursor, scope)
    )
    return request.page_response([ProductView.of(product) for product in page.items], page.next_position, scope)


@app.get("/products/<product_id>")
@operation(responses={200: ProductView, 304: None})
def get_product(product_id: str) -> Response[str]:
    """Get a product.

    The `ETag` changes with everything that the response shows, such as the stock.

    The product is added to the caller's viewed products, unless the caller switched `recommendations` off.
    """
    request = HttpRequest(app)
    product = viewing.view_product(
        table(), product_id, user_id=request.caller.user_id, now=request.now, on_failure=report_unrecorded_view
    )
    return request.conditional_response(ProductView.of(product))


def report_unrecorded_view(error: Exception) -> None:
    """Log and count a view that was not recorded."""
    logger.warning("view not recorded", origin=origin(error))
    count("ViewNotRecorded")


lambda_handler = handler(app)
