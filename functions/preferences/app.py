"""Preferences: tagged, viewed and recommended products."""

from functools import partial

from aws_lambda_powertools.event_handler import Response

from handsel.api import languages
from handsel.api.http import HttpRequest, create_app, empty_response, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests.base import ListQuery
from handsel.api.views.recommendations import RecommendedProduct, SeenProduct
from handsel.domain import texts
from handsel.runtime.wiring import table
from handsel.use_cases.recommendations import recommending

app = create_app()


@app.put("/tagged/<product_id>")
@operation(responses={204: None})
def tag_product(product_id: str) -> Response[str]:
    """Tag a product, to save it for later.

    Idempotent: repeating the request keeps the time of the first one.
    """
    request = HttpRequest(app)
    recommending.tag(table(), request.caller.user_id, product_id, now=request.now)
    return empty_response(204)


@app.delete("/tagged/<product_id>")
@operation(responses={204: None})
def untag_product(product_id: str) -> Response[str]:
    """Remove the tag from a product.

    Idempotent: repeating the request has no further effect.
    """
    recommending.untag(table(), HttpRequest(app).caller.user_id, product_id)
    return empty_response(204)


@app.get("/tagged")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_tagged_products() -> Response[str]:
    """List the products that the caller tagged, newest tag first."""
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.start_position(query.cursor, "tagged")
    page = recommending.list_tagged(table(), caller, limit=query.limit, before=position)
    return request.page_response([SeenProduct.from_visit(each) for each in page.items], page.next_position, "tagged")


@app.get("/viewed")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_viewed_products() -> Response[str]:
    """List the products that the caller viewed, latest view first.

    The list contains each product once. It goes back as far as the last 50 products that the caller viewed, tagged or
    bought. `PATCH /me` with `recommendations` set to false deletes the list.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.start_position(query.cursor, "viewed")
    page = recommending.list_viewed(table(), caller, limit=query.limit, before=position)
    return request.page_response([SeenProduct.from_visit(each) for each in page.items], page.next_position, "viewed")


@app.get("/recommendations")
@operation(query=ListQuery, responses={200: PageOf(RecommendedProduct)}, localized=True)
def list_recommendations() -> Response[str]:
    """List recommended products, best first, each with a reason.

    Recommendations are based on the products that the caller bought, tagged and viewed, and on those that users with the
    same interests bought and tagged. Gifts that the caller received are not considered. The list is empty if the caller
    switched `recommendations` off, or if no store sells anything.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.start_position(query.cursor, "recommendations")
    page = recommending.list_recommended(table(), caller, limit=query.limit, before=position, now=request.now)
    language = languages.negotiate(request.header("accept-language"))
    render = partial(texts.render, language=language)
    items = [RecommendedProduct.from_recommendation(each, render) for each in page.items]
    return languages.localized(request.page_response(items, page.next_position, "recommendations"), language)


lambda_handler = handler(app)
