"""What anyone may ask: whether we are up, how gifts are wrapped, what a link shows. Nothing here claims or settles."""

from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from handsel.api.http import Request, answer, create_app, handler
from handsel.api.schemas import GiftPreview, Wrappings, WrappingsQuery
from handsel.domain import states
from handsel.domain.errors import NotFound
from handsel.domain.wrappings import COVERS
from handsel.runtime.wiring import table
from handsel.use_cases import reading

PICTURES = Path(__file__).parent / "covers"
# An SVG is a document: opened by itself, it may draw and nothing else.
PICTURE_HEADERS = {
    "Cache-Control": "public, max-age=86400",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}

app = create_app()


class Health(BaseModel):
    status: str = "ok"


class StateMachines(BaseModel):
    gift: dict[str, Any]
    unit: dict[str, Any]
    shipment: dict[str, Any]


@app.get("/health")
def health() -> Response[str]:
    return answer(200, Health())


@app.get("/meta/state-machine")
def state_machine() -> Response[str]:
    return answer(200, StateMachines.model_validate(states.document()))


@app.get("/wrappings")
def wrappings() -> Response[str]:
    request = Request(app)
    return answer(200, Wrappings.of(request.query(WrappingsQuery).kind, now=request.now, web_url=request.web_url))


@app.get("/covers/<file>")
def cover(file: str) -> Response[str]:
    # Only names that are in the catalogue become paths.
    if file not in {Path(known.image_path).name for known in COVERS}:
        raise NotFound
    return Response(
        status_code=200,
        content_type="image/svg+xml",
        body=(PICTURES / file).read_text(),
        headers=PICTURE_HEADERS,
    )


@app.get("/gifts/<gift_id>/preview")
def preview(gift_id: str) -> Response[str]:
    request = Request(app)
    gift = reading.require_gift(table(), gift_id)
    return answer(200, GiftPreview.of(gift, now=request.now, web_url=request.web_url))


lambda_handler = handler(app)
