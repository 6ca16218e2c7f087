"""What one tagged, what one looked at, and what may please one."""

from functools import partial

from aws_lambda_powertools.event_handler import Response

from handsel.api import languages
from handsel.api.http import HttpRequest, create_app, empty_response, handler
from handsel.api.operations import PageOf, operation
from handsel.api.requests import ListQuery
from handsel.api.views import RecommendedProduct, SeenProduct
from handsel.domain import texts
from handsel.runtime.wiring import table
from handsel.use_cases.recommendations import recommending

app = create_app()


@app.put("/tagged/<product_id>")
@operation(responses={204: None})
def tag(product_id: str) -> Response[str]:
    """Tag a product.

    Again is the same: the first time stays.
    """
    request = HttpRequest(app)
    recommending.tag(table(), request.caller.user_id, product_id, now=request.now)
    return empty_response(204)


@app.delete("/tagged/<product_id>")
@operation(responses={204: None})
def untag(product_id: str) -> Response[str]:
    """Take a tag off a product.

    Again is the same.
    """
    recommending.untag(table(), HttpRequest(app).caller.user_id, product_id)
    return empty_response(204)


@app.get("/tagged")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_tagged() -> Response[str]:
    """List what one tagged, as it is sold now, newest first."""
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "tagged")
    page = recommending.tagged(table(), caller, limit=query.limit, before=position)
    return request.page([SeenProduct.of_seen(seen) for seen in page.items], page.next_position, "tagged")


@app.get("/viewed")
@operation(query=ListQuery, responses={200: PageOf(SeenProduct)})
def list_viewed() -> Response[str]:
    """List what one looked at lately, as it is sold now, latest first.

    Each product is in it once, and the fifty latest of them. `PATCH /me` with `recommendations` false erases it.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "viewed")
    page = recommending.viewed(table(), caller, limit=query.limit, before=position)
    return request.page([SeenProduct.of_seen(seen) for seen in page.items], page.next_position, "viewed")


@app.get("/recommendations")
@operation(query=ListQuery, responses={200: PageOf(RecommendedProduct)}, localized=True)
def list_recommendations() -> Response[str]:
    """List what may please one, the best first, each with a reason.

    It comes from what one bought, gave, tagged and looked at, and from what else people like who did; never from what
    one was given. There is something as long as any store sells anything, unless one switched it off: then it is empty.
    """
    request = HttpRequest(app)
    caller, query = request.caller.user_id, request.query(ListQuery)
    position = request.position(query.cursor, "recommendations")
    page = recommending.recommended(table(), caller, limit=query.limit, before=position, now=request.now)
    language = languages.negotiate(request.header("accept-language"))
    render = partial(texts.render, language=language)
    items = [RecommendedProduct.of_recommendation(each, render) for each in page.items]
    return languages.localized(request.page(items, page.next_position, "recommendations"), language)


lambda_handler = handler(app)
