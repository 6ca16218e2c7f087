"""The test clock: read and advance the time of a stack for tests. Deployed only with the parameter TestClock."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from handsel.api import due_work
from handsel.api.http import HttpRequest, create_app, handler, json_response
from handsel.api.operations import operation
from handsel.api.requests.test_clock import AdvanceRequest
from handsel.api.views.base import Count, Timestamp, View
from handsel.domain import ids
from handsel.domain.times import format_timestamp
from handsel.runtime import clock
from handsel.runtime.wiring import identities, payments, table
from handsel.use_cases.operations import advancing

# Of the timeout of the function, 5 s are for settling. The rest is for what is running then, on a slow machine, too.
_MARGIN_MS = 15_000

app = create_app()


class ClockView(View):
    """The time of the stack.

    Attributes:
        now: the time that the next request gets.
        offset_seconds: by how many seconds it is ahead of real time. It never decreases.
    """

    now: Timestamp
    offset_seconds: Count


class AdvancedClockView(ClockView):
    """The time of the stack after it was advanced.

    Attributes:
        done: whether the clock was advanced by all of `advance_seconds`, and everything that is due by then is settled. If not,
            repeat the request with the rest.
    """

    done: bool


@app.get("/test/clock")
@operation(responses={200: ClockView})
def get_test_clock() -> Response[str]:
    """Get the time of a stack with a test clock.

    Only a stack for tests, with the parameter `TestClock`, has this route. Other stacks return 404.
    """
    HttpRequest(app).caller  # noqa: B018 - checks the token
    return json_response(200, ClockView(**_read()))


@app.post("/test/clock")
@operation(body=AdvanceRequest, responses={200: AdvancedClockView})
def advance_test_clock() -> Response[str]:
    """Advance the time of a stack with a test clock.

    Only a stack for tests, with the parameter `TestClock`, has this route. Other stacks return 404.
    """
    request = HttpRequest(app)
    caller, body = request.caller, request.body(AdvanceRequest)
    done = advancing.advance(
        table(),
        payments(),
        body.advance_seconds,
        clock=clock.now_ms,
        set_offset=clock.set_offset,
        remaining_ms=lambda: app.lambda_context.get_remaining_time_in_millis() - _MARGIN_MS,
        token=ids.derive_id("advance", caller.user_id, request.id)[:25],
        on_failure=due_work.log_failure,
        identities=identities(),
        write_export=due_work.write_export,
    )
    return json_response(200, AdvancedClockView(**_read(), done=done))


def _read() -> dict[str, Any]:
    """Return the time that this invocation has: as it read it at its start, or as it advanced it."""
    return {"now": format_timestamp(clock.now_ms()), "offset_seconds": clock.offset_ms() // 1000}


lambda_handler = handler(app)
