"""What anyone may ask: whether we are up, how gifts are wrapped, what a link shows. Nothing here claims or settles."""

from pathlib import Path
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import ConfigDict, Field

from handsel.api.http import HttpRequest, create_app, handler, image_response, json_response
from handsel.api.operations import Media, operation
from handsel.api.requests import WrappingsQuery
from handsel.api.views import GiftPreview, View, Wrappings
from handsel.domain import states
from handsel.domain.errors import NotFound, ServiceUnavailable
from handsel.domain.wrappings import catalogue
from handsel.runtime.wiring import table
from handsel.store import keys
from handsel.use_cases import queries

PICTURES = Path(__file__).parent / "covers"
SVG, PNG = "image/svg+xml", "image/png"
PICTURE_TYPES = {"svg": SVG, "png": PNG}
DOCUMENT = Path(__file__).parent / "openapi.json"

app = create_app()


class Health(View):
    status: Literal["ok"] = "ok"


class TransitionView(View):
    model_config = ConfigDict(serialize_by_alias=True)

    from_: str = Field(alias="from")
    action: str
    to: str
    guards: list[str]


class StateMachine(View):
    """`errors` names the problem of a call that comes after a state was reached, by state."""

    states: list[str]
    initial: str
    actions: list[str]
    transitions: list[TransitionView]
    errors: dict[str, str]


class StandingView(View):
    """Steps of the route have a rank, incidents have none. No report changes a final status."""

    rank: int | None
    final: bool


class ShipmentMachine(StateMachine):
    standings: dict[str, StandingView]


class StateMachines(View):
    gift: StateMachine
    unit: StateMachine
    shipment: ShipmentMachine
    order: StateMachine
    refund: StateMachine
    voucher: StateMachine


@app.get("/health")
@operation(responses={200: Health})
def health() -> Response[str]:
    """Whether the API is up."""
    return json_response(200, Health())


@app.get("/openapi.json")
@operation(responses={200: Media("application/json", "The OpenAPI document of all of this.")})
def openapi() -> Response[str]:
    """Read this document."""
    return Response(
        status_code=200,
        content_type="application/json",
        body=DOCUMENT.read_text(),
        headers={"Cache-Control": "public, max-age=300"},
    )


@app.get("/meta/state-machine")
@operation(responses={200: StateMachines})
def state_machine() -> Response[str]:
    """Get the state machines as data: gifts, units, shipments, orders, refunds and vouchers."""
    return json_response(200, StateMachines.model_validate(states.document()))


@app.get("/wrappings")
@operation(query=WrappingsQuery, responses={200: Wrappings})
def wrappings() -> Response[str]:
    """The covers and blessings to wrap with, recommended first."""
    request = HttpRequest(app)
    return json_response(
        200, Wrappings.of(request.query(WrappingsQuery).kind, now=request.now, web_url=request.web_url)
    )


@app.get("/covers/<file>")
@operation(
    responses={200: Media((SVG, PNG), "The picture, of 1200 by 630.")},
    path={"file": "Name of a cover's picture, as `image_url` has it; with `.png`, the same for previews of links."},
)
def cover(file: str) -> Response[Any]:
    """The picture of a cover."""
    cover_id, _, suffix = file.rpartition(".")
    content_type = PICTURE_TYPES.get(suffix)
    # Only names that are in the catalogue become paths.
    if content_type is None or catalogue().cover(cover_id) is None:
        raise NotFound
    path = PICTURES / file
    body = path.read_text() if content_type == SVG else path.read_bytes()
    return image_response(content_type, body, cache_control="public, max-age=86400")


@app.get("/gifts/<gift_id>/preview")
@operation(responses={200: GiftPreview}, problems=(ServiceUnavailable,))
def preview(gift_id: str) -> Response[str]:
    """What a gift's link shows before claiming."""
    request = HttpRequest(app)
    gift = queries.require_gift(table(), gift_id)
    return json_response(200, GiftPreview.of(gift, now=request.now, web_url=request.web_url))


lambda_handler = handler(app, connects_by=keys.gift("nobody"))
