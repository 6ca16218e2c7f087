"""Every dataclass that the store writes is read back unchanged, with any fields."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, make_dataclass, replace
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsel import store
from handsel.domain import errors
from handsel.domain.models import Gift, Kind, Money, Payment, Product, Store
from handsel.store import attributes, gifts, keys, products
from handsel.store.attributes import Item, dump_item, from_item, load_item, to_item

INTEGERS = st.integers(-(10**30), 10**30)
KEY_PARTS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=keys.MAX_PART)
# Attributes that items have in addition to the fields of their entity.
OTHERS: Item = {name: "x" for index in (keys.BY_OWNER, keys.BY_PARENT, keys.BY_DUE) for name in (index.pk, index.sk)}
OTHERS |= {"pk": "KIND#id", "sk": "KIND", "ttl": 1}


def parsed_modules() -> Iterator[tuple[Any, ast.Module]]:
    for found in pkgutil.iter_modules(store.__path__, f"{store.__name__}."):
        module = importlib.import_module(found.name)
        if module is not attributes:
            yield module, ast.parse(inspect.getsource(module))


def read_classes() -> Iterator[type]:
    """Yield the classes that the store reads: `attributes.from_item(Gift, ...)`, or `partial(attributes.from_item,
    Gift)`.
    """
    for module, tree in parsed_modules():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                named = [ast.unparse(each) for each in (call.func, *call.args)]
                if "attributes.from_item" in named:
                    yield vars(module)[named[named.index("attributes.from_item") + 1]]


def written_classes() -> Iterator[tuple[str, object]]:
    """Yield each function that makes an item of a dataclass, with the annotated class of its parameter."""
    for module, tree in parsed_modules():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                annotations = {each.arg: each.annotation for each in function.args.args}
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "attributes.to_item":
                        annotation = annotations.get(ast.unparse(call.args[0]))
                        names = "" if annotation is None else ast.unparse(annotation)
                        for name in names.split(" | "):
                            yield f"{module.__name__}.{function.name}: {name}", vars(module).get(name)


def with_field(kind: Any, added: Any) -> Any:
    """Return the class with one more required field."""
    required = [(each.name, each.type) for each in fields(kind) if each.default is MISSING]
    optional = [(each.name, each.type, each.default) for each in fields(kind) if each.default is not MISSING]
    return make_dataclass(kind.__name__, [("added", added), *required, *optional], frozen=True, slots=True)


STORED = sorted(set(read_classes()), key=lambda kind: kind.__name__)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a type, as they are when they were read: sequences are lists."""
    if annotation in (str, int, bool):
        return {str: st.text(), int: INTEGERS, bool: st.booleans()}[annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return st.sampled_from(annotation)
    if is_dataclass(annotation):
        return entities(annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Mapping:
        return st.dictionaries(st.text(), values(inner[1]), max_size=3)
    if origin is Sequence:
        return st.lists(values(inner[0]), max_size=3)
    if origin is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    assert NoneType in inner, f"no values are known of {annotation}"
    return st.one_of([st.none() if each is NoneType else values(each) for each in inner])


def entities(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{each.name: values(each.type) for each in fields(kind)})


def write_and_read(item: Item) -> Item:
    """Return an item as it is read from the table after it was written."""
    return load_item(dump_item(item))


# --- every class ------------------------------------------------------------------------------------------------------


def test_every_written_class_can_be_read() -> None:
    written = dict(written_classes())
    assert len(written) >= 12
    unread = {place: kind for place, kind in written.items() if kind not in STORED}
    # Each needs `from_item = partial(attributes.from_item, ...)` in its module.
    assert unread == {}


@pytest.mark.parametrize("kind", STORED)
def test_a_stored_entity_is_read_back_unchanged(kind: Any) -> None:
    @settings(deadline=None)
    @given(entities(kind))
    def check(entity: Any) -> None:
        assert from_item(kind, write_and_read({**OTHERS, **to_item(entity)})) == entity

    check()


@pytest.mark.parametrize("kind", STORED)
def test_no_field_has_the_name_of_a_key_attribute(kind: Any) -> None:
    assert {each.name for each in fields(kind)}.isdisjoint(OTHERS)


@pytest.mark.parametrize(
    "added",
    [
        str,
        int | None,
        Kind,
        Kind | None,
        Money,
        Money | None,
        Mapping[str, int],
        Mapping[str, Product],
        Mapping[str, Kind] | None,
        Mapping[str, Sequence[Money]],
        Sequence[str],
        Sequence[Payment],
        tuple[str, ...],
        tuple[Kind, ...],
        tuple[Mapping[str, Money], ...] | None,
    ],
)
@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(STORED), data=st.data())
def test_a_field_that_is_added_to_a_class_is_read_back(added: Any, kind: Any, data: st.DataObject) -> None:
    wider = with_field(kind, added)
    entity = data.draw(entities(wider))
    assert from_item(wider, write_and_read(to_item(entity))) == entity


@settings(deadline=None)
@given(st.data())
def test_a_product_on_sale_is_read_back_with_the_settings_of_its_store(data: st.DataObject) -> None:
    store = data.draw(entities(Store))
    product = replace(
        data.draw(entities(Product)),
        product_id=data.draw(KEY_PARTS),
        store_id=data.draw(KEY_PARTS),
        created_at=data.draw(st.integers(0, 10**13 - 1)),
        **products.of_store(store),
    )
    assert products.join_store(write_and_read(products.to_item(product)), store) == product


# --- missing and wrong attributes -------------------------------------------------------------------------------------


NOTHING = Money(0, "CNY")


@dataclass(frozen=True, slots=True)
class Older:
    name: str


@dataclass(frozen=True, slots=True)
class Newer:
    name: str
    note: str | None
    price: Money | None
    kind: Kind = Kind.VOUCHER
    total: Money = NOTHING
    counts: Mapping[str, int] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = (Kind.PARCEL,)


def test_fields_that_an_older_item_lacks_have_their_defaults() -> None:
    assert from_item(Newer, write_and_read(to_item(Older("x")))) == Newer("x", None, None)


GIFT = from_item(
    Gift,
    {
        "gift_id": "g",
        "order_id": "o",
        "giver_id": "alice",
        "giver_name": "Alice",
        "product": {
            "product_id": "p",
            "store_id": "s",
            "store_name": "Tea House",
            "kind": "voucher",
            "title": "Tea",
            "description": "",
            "image_url": "",
            "category": "food",
            "price": {"amount": 1, "currency": "CNY"},
            "original_price": {"amount": 1, "currency": "CNY"},
            "giftable": True,
        },
        "wrapping": {"cover_id": "red-classic", "blessing": ""},
        "shares": 2,
        "remaining": 1,
        "state": "open",
        "claims": {"bob": {"at": 1, "holding_id": "h"}},
        "expires_at": 2,
        "created_at": 0,
        "request_hash": "",
    },
)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (["shares"], None, "GIFT#g: Gift has no shares"),
        (["product"], None, "GIFT#g: Gift has no product"),
        (["product", "title"], None, "GIFT#g: Product has no title"),
        (["product", "price", "amount"], None, "GIFT#g: Money has no amount"),
        (["claims", "bob", "at"], None, "GIFT#g: Claim has no at"),
        (["state"], "secret", "GIFT#g: Gift has a wrong state"),
        (["state"], ["open"], "GIFT#g: Gift has a wrong state"),
        (["product", "kind"], "secret", "GIFT#g: Product has a wrong kind"),
        (["product"], "secret", "GIFT#g: Product is not a map"),
        (["wrapping"], 1, "GIFT#g: Wrapping is not a map"),
        (["claims"], "secret", "GIFT#g: Gift has a wrong claims"),
        (["claims"], 1, "GIFT#g: Gift has a wrong claims"),
    ],
)
def test_the_error_names_the_item_and_the_field_and_not_the_value(path: list[str], value: object, problem: str) -> None:
    item = write_and_read({"pk": "GIFT#g", "sk": "GIFT", **to_item(GIFT)})
    *outer, name = path
    holder = item
    for each in outer:
        holder = holder[each]
    if value is None:
        del holder[name]
    else:
        holder[name] = value
    with pytest.raises(errors.DataIntegrityError) as raised:
        gifts.from_item(item)
    assert str(raised.value) == problem


def test_the_error_about_a_part_of_an_item_names_the_field() -> None:
    with pytest.raises(errors.DataIntegrityError) as raised:
        from_item(Money, {"amount": 1})
    assert str(raised.value) == "Money has no currency"


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (float, 1.5),
        (bytes, b""),
        (set[str], frozenset()),
        (dict[int, str], {}),
        (Mapping[int, str], {}),
        (tuple[str, int], ("x", 1)),
        (int | str, 1),
        (int | str | None, 1),
        (int | None, 1),
        (Mapping[str, int | None], {}),
        (Mapping[str, float], {}),
        ("Money", None),
    ],
)
def test_an_unsupported_type_is_neither_written_nor_read(annotation: Any, default: object) -> None:
    kind: Any = make_dataclass("Kind", [("added", annotation, field(default_factory=lambda: default))])
    with pytest.raises(TypeError, match=r"^Kind\.added"):
        to_item(kind())
    with pytest.raises(TypeError, match=r"^Kind\.added"):
        from_item(kind, {})
