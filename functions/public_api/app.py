"""Public operations without authentication: health, metadata, wrappings and gift previews. All are read-only."""

from pathlib import Path
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import ConfigDict, Field

from handsel.api.http import HttpRequest, create_app, handler, image_response, json_response
from handsel.api.operations import Media, operation
from handsel.api.requests.wrappings import WrappingsQuery
from handsel.api.views.base import PolicyVersionView, View
from handsel.api.views.gift_previews import GiftPreview, ScheduledGift
from handsel.api.views.wrappings import Wrappings
from handsel.domain import states
from handsel.domain.errors import NotFound, ServiceUnavailable
from handsel.domain.wrappings import load_catalogue
from handsel.runtime.wiring import table
from handsel.use_cases import queries

COVERS = Path(__file__).parent / "covers"
SVG, PNG = "image/svg+xml", "image/png"
IMAGE_TYPES = {"svg": SVG, "png": PNG}
DOCUMENT = Path(__file__).parent / "openapi.json"

app = create_app()


class Health(View):
    """The API is up.

    Attributes:
        status: always `ok`.
    """

    status: Literal["ok"] = "ok"


class TransitionView(View):
    """One transition of a state machine.

    Attributes:
        from: the state before the action.
        action: the action that causes the transition.
        to: the state after the action.
        guards: the conditions that must all hold, such as `remaining > 1`; `now` is the time of the action.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    from_: str = Field(alias="from")
    action: str
    to: str
    guards: list[str]


class StateMachine(View):
    """A state machine. An action without a transition from a state is invalid in that state.

    Attributes:
        states: all states.
        initial: the state of a new entity.
        actions: all actions.
        transitions: all transitions.
        errors: for each final state, the `code` of the problem that an action in this state causes.
    """

    states: list[str]
    initial: str
    actions: list[str]
    transitions: list[TransitionView]
    errors: dict[str, str]


class StandingView(View):
    """The rank of a status in a delivery.

    Attributes:
        rank: how far the parcel has come: 0 is the first step; null for an incident, such as a failed delivery.
        final: true for a final status. Only `delivered` replaces another final status.
    """

    rank: int | None
    final: bool


class ShipmentMachine(StateMachine):
    """The state machine of shipments, with the ranks of the statuses.

    Attributes:
        standings: by status, its rank in a delivery.
    """

    standings: dict[str, StandingView]


class StateMachines(View):
    """The state machines of all entities.

    Attributes:
        gift: the machine of gifts.
        unit: the machine of the units of a paid order; the states are their places.
        shipment: the machine of shipments.
        order: the machine of orders.
        refund: the machine of refunds.
        refund_request: the machine of refund requests.
        voucher: the machine of vouchers.
        redemption: the machine of redemptions of vouchers.
    """

    gift: StateMachine
    unit: StateMachine
    shipment: ShipmentMachine
    order: StateMachine
    refund: StateMachine
    refund_request: StateMachine
    voucher: StateMachine
    redemption: StateMachine


class RuleView(View):
    """A rule of a policy.

    Attributes:
        value: the value of the rule; its type depends on the rule.
        source: the document that the value is from, with its date.
    """

    value: Any
    source: str


class PolicyView(PolicyVersionView):
    """The policy of new orders. An order keeps the version that it was bought under.

    Attributes:
        rules: the rules, by name. Durations are in seconds, unless the name says days.
    """

    rules: dict[str, RuleView]


@app.get("/health")
@operation(responses={200: Health})
def get_health() -> Response[str]:
    """Check that the API is up."""
    return json_response(200, Health())


@app.get("/openapi.json")
@operation(responses={200: Media("application/json", "The OpenAPI document.")})
def get_openapi_document() -> Response[str]:
    """Get this OpenAPI document."""
    return Response(
        status_code=200,
        content_type="application/json",
        body=DOCUMENT.read_text(),
        headers={"Cache-Control": "public, max-age=300"},
    )


@app.get("/meta/state-machine")
@operation(responses={200: StateMachines})
def get_state_machine() -> Response[str]:
    """Get the state machines of gifts, units, shipments, orders, refunds and vouchers."""
    return json_response(200, StateMachines.model_validate(states.build_document()))


@app.get("/meta/policy")
@operation(responses={200: PolicyView})
def get_policy() -> Response[str]:
    """Get the rules for gifts of new orders, with their sources.

    The rule `window` has the claim window of this stack, which its operator can set.
    """
    from handsel.runtime import policies  # imported here, because it is rarely asked for

    policy = policies.current()
    return json_response(200, PolicyView(policy_id=policy.policy_id, version=policy.version, rules=policy.rules))


@app.get("/wrappings")
@operation(query=WrappingsQuery, responses={200: Wrappings})
def list_wrappings() -> Response[str]:
    """List the covers and blessings to wrap a gift with, recommended ones first."""
    request = HttpRequest(app)
    return json_response(
        200, Wrappings.of(request.query(WrappingsQuery).kind, now=request.now, web_url=request.web_url)
    )


@app.get("/covers/<file>")
@operation(
    responses={200: Media((SVG, PNG), "The image, 1200 by 630 pixels.")},
    path={"file": "The file name in a cover's `image_url`; replace `.svg` with `.png` for link previews."},
)
def get_cover(file: str) -> Response[Any]:
    """Get the image of a cover."""
    cover_id, _, suffix = file.rpartition(".")
    content_type = IMAGE_TYPES.get(suffix)
    # Only names in the catalogue become paths.
    if content_type is None or load_catalogue().find_cover(cover_id) is None:
        raise NotFound
    path = COVERS / file
    body = path.read_text() if content_type == SVG else path.read_bytes()
    return image_response(HttpRequest(app), content_type, body, cache_control="public, max-age=86400")


@app.get("/gifts/<gift_id>/preview")
@operation(responses={200: GiftPreview | ScheduledGift}, problems=(ServiceUnavailable,))
def get_gift_preview(gift_id: str) -> Response[str]:
    """Get the preview of a gift.

    It contains the fields that anyone with the link can see before claiming.
    For a scheduled gift, these are only `state` and `opens_at`.
    """
    request = HttpRequest(app)
    gift = queries.require_gift(table(), gift_id, now=request.now)
    return json_response(200, GiftPreview.of(gift, now=request.now, web_url=request.web_url))


lambda_handler = handler(app, probe="gift")
