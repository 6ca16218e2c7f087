"""Tagged, viewed and recommended products."""

from aws_lambda_powertools.event_handler import Response

from handsel.api.http import HttpRequest, create_app, empty_response, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests import ListQuery
from handsel.api.views import RecommendedProduct, SeenProduct
from handsel.runtime.wiring import table
from handsel.use_cases.recommendations import recommending

app = create_app()


@app.put("/tagged/<product_id>")
@operation(responses={204: None})
def tag(product_id: str) -> Response[str]:
    """Tag a product.

    Idempotent: the time of the first tag is kept.
    """
    request = HttpRequest(app)
    recommending.tag(table(), request.caller.user_id, product_id, now=request.now)
    return empty_response(204)


@app.delete("/tagged/<product_id>")
@operation(responses={204: None})
def untag(product_id: str) -> Response[str]:
    """Remove the tag of a product.

    Idempotent.
    """
    recommending.untag(table(), HttpRequest(app).caller.user_id, product_id)
    return empty_response(204)


@app.get("/tagged")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_tagged() -> Response[str]:
    """List the products the caller tagged.

    Newest first, as they are sold now.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "tagged")
    page = recommending.tagged(table(), caller, limit=query.limit, before=position)
    return request.page([SeenProduct.of_visited(each) for each in page.items], page.next_position, "tagged")


@app.get("/viewed")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_viewed() -> Response[str]:
    """List the products the caller viewed.

    Latest first, as they are sold now. Each product is listed once. Only the fifty products that the caller viewed,
    tagged or bought last are remembered. `PATCH /me` with `recommendations` false erases the list.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "viewed")
    page = recommending.viewed(table(), caller, limit=query.limit, before=position)
    return request.page([SeenProduct.of_visited(each) for each in page.items], page.next_position, "viewed")


@app.get("/recommendations")
@operation(query=ListQuery, responses={200: PageOf(RecommendedProduct)})
def list_recommendations() -> Response[str]:
    """List recommended products.

    Best first, each with a reason. Recommendations are based on what the caller bought, tagged and viewed, and on what
    other users with the same interests like; never on gifts the caller received. The list is only empty if no store
    sells anything, or if the caller switched recommendations off.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "recommendations")
    page = recommending.recommended(table(), caller, limit=query.limit, before=position, now=request.now)
    items = [RecommendedProduct.of_recommendation(each) for each in page.items]
    return request.page(items, page.next_position, "recommendations")


lambda_handler = handler(app)
