"""Nothing that a caller can make grow is without a bound, and no item can reach the size limit of DynamoDB."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin

import pytest

from handsel.domain.ids import derive_id
from handsel.domain.summary import usable_counter
from handsel.runtime.observability import origin
from handsel.store.attributes import dump_item, to_item
from handsel.use_cases.fulfilment.shipping import MAX_EVENTS_BYTES
from testkit.dynamodb.values import item_size
from tests.unit.test_stored_entities import STORED
from tools import growth, openapi

ITEM_LIMIT = 400 * 1024  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MOST = {row.name: row.most or 0 for row in growth.IN_ITEMS}
SCHEMAS = json.loads(openapi.FILE.read_text())["components"]["schemas"]
# Fields that hold what people and systems write, and the request that has their bound. All others are ids and codes.
WRITTEN = {
    "Product.title": "ProductRequest.title",
    "Product.description": "ProductRequest.description",
    "Product.image_url": "ProductRequest.image_url",
    "Product.category": "ProductRequest.category",
    "Product.redeem_at": "ProductRequest.redeem_at",
    "Product.store_name": "StoreRequest.name",
    "Store.name": "StoreRequest.name",
    "Store.carrier": "StoreRequest.carrier",
    "Shipment.carrier": "ShipmentRequest.carrier",
    "Shipment.tracking_number": "ShipmentRequest.tracking_number",
    "ShipmentEvent.event_id": "ShipmentEventRequest.event_id",
    "ShipmentEvent.location": "ShipmentEventRequest.location",
    "Address.name": "AddressRequest.name",
    "Address.phone": "AddressRequest.phone",
    "Address.city": "AddressRequest.city",
    "Address.region": "AddressRequest.region",
    "Address.postal_code": "AddressRequest.postal_code",
    "Wrapping.blessing": "WrappingRequest.message",
    "Thanks.message": "WrappingRequest.message",
    "Account.display_name": "ProfileRequest.display_name",
    "Gift.giver_name": "ProfileRequest.display_name",
    "GiftIntent.giver_name": "ProfileRequest.display_name",
    "MessageParams.name": "ProfileRequest.display_name",
    "Payment.method": "PaymentRequest.method",
    "Payment.token": "PaymentRequest.token",
    "Recommended.title": "ProductRequest.title",
    "Redemption.undo_reason": "UndoRequest.reason",
    "RefundRequest.note": "RefundRequestRequest.note",
    "RefundRequest.decision_note": "DecisionRequest.note",
    "RefundRequest.return_carrier": "ReturnRequest.carrier",
    "RefundRequest.return_tracking_number": "ReturnRequest.tracking_number",
}
LONGEST_ID = 128
# The most characters of an entry of a list of texts that people write.
LINES = {
    "Order.metadata": 500,
    "Address.lines": 200,
    "Store.excluded_categories": 100,
    "Product.store_excluded_categories": 100,
}
# Characters of the keys of maps, where they are not ids that a client or the user pool chose.
DERIVED_ID = len(derive_id("x"))
KEY_LENGTHS = {
    "Order.reservations": DERIVED_ID,
    "Summary.open_gifts": DERIVED_ID,
    "OpenGifts.gifts": DERIVED_ID,
    "OtherEnds.gifts": DERIVED_ID,
    "Summary.counters": len(usable_counter(10**13)),
}
# Entries of a map that count together with the entries of the map around it: open gifts, each in an order of its own.
WITHIN = {"OpenGifts.gifts": 1, "OtherEnds.gifts": 1}
# Events have a maximum size in all; three reports of final statuses are taken beyond it.
BEYOND = {"Shipment.events": (3, MAX_EVENTS_BYTES)}
# Four bytes in UTF-8, as many as a character can have.
WIDE = "\U00020000"


def parts(kind: Any) -> Iterator[Any]:
    """Yield a dataclass and all dataclasses in its fields."""
    if is_dataclass(kind):
        yield kind
        for each in fields(kind):
            yield from parts(each.type)
    else:
        for each in get_args(kind):
            yield from parts(each)


PARTS = sorted({part for kind in STORED for part in parts(kind)}, key=lambda part: part.__name__)


def is_collection(annotation: Any) -> bool:
    kinds = (
        [each for each in get_args(annotation) if each is not NoneType]
        if NoneType in get_args(annotation)
        else [annotation]
    )
    return any(get_origin(each) in (Mapping, Sequence, tuple) for each in kinds)


def has_text(annotation: Any) -> bool:
    return annotation is str or (NoneType in get_args(annotation) and str in get_args(annotation))


def most_characters(request_field: str) -> int:
    schema, _, name = request_field.partition(".")
    found = SCHEMAS[schema]["properties"][name]
    (text,) = [each for each in found.get("anyOf", [found]) if each["type"] == "string"]
    return int(text["maxLength"])


def largest(annotation: Any, name: str) -> Any:
    """Return the value of a type that takes the most bytes; `name` is the name of its field."""
    inner = get_args(annotation)
    if has_text(annotation):
        return "x" * LONGEST_ID if name not in WRITTEN else WIDE * most_characters(WRITTEN[name])
    if annotation in (int, bool):
        return 10**15 if annotation is int else True
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return max(annotation, key=len)
    if is_dataclass(annotation):
        of: Any = annotation
        return of(**{each.name: largest(each.type, f"{of.__name__}.{each.name}") for each in fields(of)})
    if name == "Order.metadata":
        # The longest keys are of 40 characters.
        return {f"{number:02}" + WIDE * 38: WIDE * LINES[name] for number in range(MOST[name])}
    if name in LINES:
        return [WIDE * LINES[name]] * MOST[name]
    if get_origin(annotation) is Mapping:
        return {
            f"{number:0{KEY_LENGTHS.get(name, LONGEST_ID)}}": largest(inner[1], name)
            for number in range(BEYOND[name][0] if name in BEYOND else WITHIN.get(name, MOST[name]))
        }
    if get_origin(annotation) in (Sequence, tuple):
        return [largest(inner[0], name)] * MOST[name]
    return largest(next(each for each in inner if each is not NoneType), name)


def test_every_list_and_map_in_an_item_has_a_bound() -> None:
    collections = {
        f"{part.__name__}.{each.name}" for part in PARTS for each in fields(part) if is_collection(each.type)
    }
    assert collections == set(MOST)
    assert all(MOST.values())


def test_every_text_that_people_write_has_the_bound_of_a_request() -> None:
    texts = {f"{part.__name__}.{each.name}" for part in PARTS for each in fields(part) if has_text(each.type)}
    assert texts >= set(WRITTEN)
    # Ids, hashes, currencies, and keys of the provider: at most 128 ASCII characters.
    others = {name.partition(".")[2] for name in texts - set(WRITTEN)}
    known = {
        "asked_by",
        "code",
        "country",
        "currency",
        "data",
        "description",
        "handle",
        "in_return_for",
        "object_name",
        "policy",
        "pseudonym",
        "reason",
        "redeemed_by",
        "redemption",
        "reference",
        "undone_by",
        "web_url",
    }
    assert {each for each in others if not each.endswith(("_id", "hash", "version"))} == known


@pytest.mark.parametrize("kind", STORED)
def test_the_largest_item_is_below_the_limit_of_dynamodb(kind: Any) -> None:
    item = {"pk": "x" * 300, "sk": "x" * 300, **to_item(largest(kind, kind.__name__))}
    indexes = dict.fromkeys(("owner_pk", "owner_sk", "parent_pk", "parent_sk", "due_pk", "due_sk"), "x" * 300)
    bounded = sum(most for name, (_, most) in BEYOND.items() if name.startswith(f"{kind.__name__}."))
    size = item_size(dump_item(item | indexes)) + bounded
    assert size < ITEM_LIMIT, f"{size:,} bytes"


def test_every_text_and_list_of_a_request_has_a_maximum() -> None:
    def unbounded(schema: Mapping[str, Any], place: str) -> Iterator[str]:
        for each in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            yield from unbounded(each, place)
        bounded = {"maxLength", "enum", "const"} & set(schema) or schema.get("format") == "date-time"
        if schema.get("type") == "string" and not bounded and not is_finite(schema.get("pattern", ".*")):
            yield place
        if schema.get("type") == "array":
            if "maxItems" not in schema:
                yield place
            yield from unbounded(schema["items"], f"{place}[]")
        if schema.get("type") == "object":
            others = schema.get("additionalProperties")
            if others is not False and "maxProperties" not in schema:
                yield place
            named = {"*": schema["propertyNames"]} if others else {}
            for name, inner in {**schema.get("properties", {}), **named}.items():
                yield from unbounded(inner, f"{place}.{name}")

    requests = {name: schema for name, schema in SCHEMAS.items() if name.endswith("Request")}
    assert len(requests) >= 10
    assert [place for name, schema in requests.items() for place in unbounded(schema, name)] == []


def is_finite(pattern: str) -> bool:
    """Return whether a pattern is anchored and repeats nothing without a maximum."""
    bare = re.sub(r"\[[^]]*\]|\\.", "x", pattern)
    return bare.startswith("^") and bare.endswith("$") and re.search(r"[*+]|\{\d+,\}", bare) is None


def test_the_log_of_endless_recursion_is_short() -> None:
    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as raised:
        recurse()
    lines = origin(raised.value)
    assert len(lines) == 13
    assert (lines[0], lines[-1].rpartition(" ")[2]) == ("RecursionError", "recurse")


def test_the_log_of_many_causes_is_short() -> None:
    error: BaseException = ValueError()
    for _ in range(100):
        outer = ValueError()
        outer.__cause__ = error
        error = outer
    assert origin(error) == ["ValueError"] * 5
