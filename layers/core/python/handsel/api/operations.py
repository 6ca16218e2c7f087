"""Declare the requests and responses of a route, for the tools that publish and check them.

@app.post("/orders/<order_id>/gifts")
@operation(body=GiftRequest, responses={201: CreatedGift}, problems=(errors.NotGiftable,), idempotent=True)
def create_gift(order_id: str) -> Response[str]:
    '''Give units of an order.

    The first line is the summary in the OpenAPI document, the rest is the description.
    '''

The declaration is an attribute of the handler, and its models are built in INIT; nothing here runs per request. Problems
that follow from the route are not declared: those of a missing token, an invalid body, or an unknown id. The generator of
the OpenAPI document adds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from handsel.domain.errors import ApiProblem

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageOf:
    """A response that is one page of a list: `{"items": [...], "next_cursor": ...}`."""

    item: type[BaseModel] | UnionType


@dataclass(frozen=True, slots=True)
class Media:
    """A response that is no view, such as an image. It has one media type, or one of several."""

    content_type: str | tuple[str, ...]
    description: str

    @property
    def content_types(self) -> tuple[str, ...]:
        """Return the media types as a tuple."""
        return (self.content_type,) if isinstance(self.content_type, str) else self.content_type


# A union such as `GiverGift | ClaimerGift` is one of several views; None is a response without a body.
SuccessResponse = type[BaseModel] | UnionType | PageOf | Media | None


@dataclass(frozen=True, slots=True)
class Operation:
    """The declaration of a handler.

    Attributes:
        responses: successful responses, by status.
        problems: problems that do not follow from the route.
        body, query: models of the request.
        body_required: whether the request must have a body.
        path: descriptions of path parameters other than "The id of the ...".
        idempotent: whether the request must have an Idempotency-Key.
        accepts_key: whether the request may have an Idempotency-Key.
        accepts_if_match: whether the request may have an If-Match.
        localized: whether texts of the response are in the language of Accept-Language.
    """

    responses: Mapping[int, SuccessResponse]
    problems: tuple[type[ApiProblem], ...] = ()
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False
    body_required: bool = True
    localized: bool = False
    accepts_key: bool = False
    accepts_if_match: bool = False

    def models(self) -> set[type[BaseModel]]:
        """Return the models of the request and the responses, with the models that they contain."""
        found: set[type[BaseModel]] = set()
        for named in (self.body, self.query, *self.responses.values()):
            _find_models(named.item if isinstance(named, PageOf) else named, found)
        return found


def _find_models(annotation: object, found: set[type[BaseModel]]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in found:
        found.add(annotation)
        for each in annotation.model_fields.values():
            _find_models(each.annotation, found)
    for part in get_args(annotation):
        _find_models(part, found)


def operation(
    *,
    responses: Mapping[int, SuccessResponse],
    problems: tuple[type[ApiProblem], ...] = (),
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    path: Mapping[str, str] | None = None,
    idempotent: bool = False,
    body_required: bool = True,
    localized: bool = False,
    accepts_key: bool = False,
    accepts_if_match: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare a handler; see `Operation` for the arguments. Apply it below the decorator of the route."""
    declared = Operation(
        responses,
        problems,
        body,
        query,
        path or {},
        idempotent,
        body_required,
        localized,
        accepts_key,
        accepts_if_match,
    )
    for model in declared.models():
        model.model_rebuild()  # contained models, too: serialization uses the serializer of each

    def attach(handler: Handler) -> Handler:
        vars(handler)["operation"] = declared
        return handler

    return attach


def declared(handler: Callable[..., Any]) -> Operation | None:
    """Return the declaration of a handler, or None."""
    found = vars(handler).get("operation")
    return found if isinstance(found, Operation) else None
