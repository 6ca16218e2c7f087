"""Orders of one's own: read them, use their units."""

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.schemas import HoldingView, OrderListQuery, OrderView, UseRequest
from handsel.runtime import clock
from handsel.runtime.observability import count
from handsel.runtime.wiring import table
from handsel.use_cases import reading, using

app = create_app()


class UsedView(BaseModel):
    holdings: list[HoldingView]


@app.get("/orders")
def list_orders() -> Response[str]:
    request = Request(app)
    caller, query = request.caller, request.query(OrderListQuery)
    scope = f"orders {query.state}"
    page = reading.orders_of(
        table(),
        caller=caller.user_id,
        state=query.state,
        limit=query.limit,
        before=request.position(query.cursor, scope),
        now=request.now,
    )
    return request.page([OrderView.of(read, now=request.now) for read in page.items], page.next_position, scope)


@app.get("/orders/<order_id>")
def read_order(order_id: str) -> Response[str]:
    request = Request(app)
    read = reading.order_of(table(), order_id, caller=request.caller.user_id, now=request.now)
    return answer(200, OrderView.of(read, now=request.now))


@app.post("/orders/<order_id>/use")
def use(order_id: str) -> Response[str]:
    request = Request(app)
    caller, key, body = request.caller, request.idempotency_key, request.body(UseRequest)
    made = using.use(
        table(),
        caller=caller.user_id,
        order_id=order_id,
        idempotency_key=key,
        request_hash=request.hash,
        codes=[clock.voucher_code() for _ in range(body.quantity)],
        now=request.now,
    )
    count("UnitsUsed", len(made))
    return answer(201, UsedView(holdings=[HoldingView.of(holding, now=request.now) for holding in made]))


lambda_handler = handler(app)
