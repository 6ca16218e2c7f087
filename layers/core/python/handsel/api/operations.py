"""What a route takes and responses, declared at the route and read by the tools that publish and check it.

@app.post("/orders/<order_id>/gifts")
@operation(body=GiftRequest, responses={201: CreatedGift}, problems=(errors.NotGiftable,), idempotent=True)
def give(order_id: str) -> Response[str]:
    '''Give units of an order.

    The first line is the summary in the published document, the rest its description.
    '''

Nothing here runs with a request: the declaration is a value that hangs on the handler, and the models that it names are
built when it is made, in INIT. What follows from the route is not declared: refusals of a missing token, of a body that
is not right, of a path that names nothing (`local/openapi.py` has the list).
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
    """One page of a list: `{"items": [...], "next_cursor": ...}`."""

    item: type[BaseModel] | UnionType


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is none of our views, such as a picture: of one type, or of one of several."""

    content_type: str | tuple[str, ...]
    description: str

    @property
    def content_types(self) -> tuple[str, ...]:
        return (self.content_type,) if isinstance(self.content_type, str) else self.content_type


# One of several views is written as `GiverGift | ClaimerGift`; None is an answer without a body.
Answer = type[BaseModel] | UnionType | PageOf | Media | None


@dataclass(frozen=True, slots=True)
class Operation:
    """
    Attributes:
        responses: what it responses when it does what it was asked for, by status.
        problems: refusals of its own.
        body, query: models of the request.
        body_required: whether the call is nothing without its body.
        path: what a parameter of the path means, where that is not "the id of the ...".
        idempotent: whether it needs an Idempotency-Key.
        localized: whether texts in the answer are in the language that Accept-Language asks for.
    """

    responses: Mapping[int, Answer]
    problems: tuple[type[ApiProblem], ...] = ()
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False
    body_required: bool = True
    localized: bool = False

    def models(self) -> set[type[BaseModel]]:
        """All that it reads and responses, with what these consist of."""
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
    responses: Mapping[int, Answer],
    problems: tuple[type[ApiProblem], ...] = (),
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    path: Mapping[str, str] | None = None,
    idempotent: bool = False,
    body_required: bool = True,
    localized: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare a handler; see `Operation`. Goes under the route, which keeps the handler as it is."""
    declared = Operation(responses, problems, body, query, path or {}, idempotent, body_required, localized)
    for model in declared.models():
        model.model_rebuild()  # also of the parts: an answer asks each for its own serializer

    def attach(handler: Handler) -> Handler:
        vars(handler)["operation"] = declared
        return handler

    return attach


def declared(handler: Callable[..., Any]) -> Operation | None:
    """What a handler was declared to be, if it was."""
    found = vars(handler).get("operation")
    return found if isinstance(found, Operation) else None
