"""Convert between dataclasses, items and DynamoDB attribute values, for the types that the table uses.

- `to_item` and `from_item` convert a dataclass to an item and back. Both are derived from the fields of the dataclass,
  so a field that is written is also read.
- `dump` and `load` convert a Python value to an attribute value and back.

boto3 has a serializer, but importing it adds the whole of boto3 to every cold start, and it returns Decimals.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache, partial, reduce
from operator import itemgetter, or_
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from handsel.domain import errors

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Entity = TypeVar("Entity", bound="DataclassInstance")
Item = dict[str, Any]
Attributes = dict[str, dict[str, Any]]
_Convert = Callable[[Any], Any]
_Default = Callable[[], Any]


# --- dataclasses and items -------------------------------------------------------------------------------------------


def to_item(entity: "DataclassInstance") -> Item:
    """Return the fields of a dataclass by name. Their values stay as they are: `dump` converts nested dataclasses.

    A sparse field (`models.SPARSE`) that has its default value is left out.

    Raises:
        TypeError: a field has a type that `from_item` cannot read.
    """
    names, sparse, _ = _codec(type(entity))
    item = {name: getattr(entity, name) for name in names}
    for name, default in sparse:
        if item[name] == default():
            del item[name]
    return item


def from_item(kind: type[Entity], item: Item) -> Entity:
    """Return a dataclass from a loaded item. Attributes that are not fields are ignored.

    A field that the item lacks gets its default value, or None if the field may be None.

    Raises:
        DataIntegrityError: a required field is missing, or a field has a value that does not fit its type.
        TypeError: a field has a type that cannot be read.
    """
    _, _, read = _codec(kind)
    try:
        entity: Entity = read(item)
    except errors.DataIntegrityError as error:
        raise errors.DataIntegrityError(f"{item['pk']}: {error}" if "pk" in item else str(error)) from error
    return entity


@cache
def _codec(kind: "type[DataclassInstance]") -> tuple[tuple[str, ...], Sequence[tuple[str, _Default]], _Convert]:
    """Return the field names of a dataclass, its sparse fields, and the function that makes it from a loaded item.

    They are derived once per process, when the class is first used. Every request reads items, so the loops over all
    fields are left to C: required fields are taken from the item, then optional ones, some are converted, and all are
    brought into the order of the class.
    """
    declared = [(field.name, *_conversion(kind, field)) for field in fields(kind)]
    names = tuple(name for name, _, _ in declared)
    sparse = [
        (field.name, default or _no_default)
        for field, (_, _, default) in zip(fields(kind), declared, strict=True)
        if field.metadata.get("sparse")
    ]
    required = tuple(name for name, _, default in declared if default is None)
    optional = tuple(name for name, _, default in declared if default is not None)
    loaded = (*required, *optional)
    get_required = _getter(required)
    in_order = tuple if loaded == names else _getter([loaded.index(name) for name in names])
    conversions = [
        (loaded.index(name), convert or _unchanged, default or _no_default)
        for name, convert, default in declared
        if convert is not None or (default is not None and default() is not None)
    ]

    def read(item: Item) -> object:
        place = 0
        try:
            values = [*get_required(item), *map(item.get, optional)]
            for place, convert, default in conversions:
                value = values[place]
                values[place] = default() if value is None else convert(value)
        except (AttributeError, KeyError, TypeError) as error:
            raise _unreadable(kind, item, required, loaded[place]) from error
        return kind(*in_order(values))

    def read_required(item: Item) -> object:
        """Do the same in half the time, for classes like Money in which all fields are required and none is converted."""
        try:
            values = get_required(item)
        except (KeyError, TypeError) as error:
            raise _unreadable(kind, item, required) from error
        return kind(*values)

    return names, sparse, read if optional or conversions else read_required


def _unreadable(
    kind: type, item: object, required: Sequence[str], converted: str | None = None
) -> errors.DataIntegrityError:
    """Return the error that names the field which keeps an item from being read, without its value.

    Args:
        converted: the field that was being converted, if it is not that a required one is missing.
    """
    if not isinstance(item, dict):
        return errors.DataIntegrityError(f"{kind.__name__} is not a map")
    missing = [name for name in required if name not in item]
    problem = f"has no {missing[0]}" if missing else f"has a wrong {converted}"
    return errors.DataIntegrityError(f"{kind.__name__} {problem}")


def _conversion(kind: type, field: Field[Any]) -> tuple[_Convert | None, _Default | None]:
    """Return how a field is read.

    Returns:
        A function from the loaded value to the field's value, or None if they are the same; and a function that returns
        the value of a field that is absent from the item, or None if the field is required.

    Raises:
        TypeError: its type cannot be read, or it would not be read as it was written.
    """
    annotation: Any = field.type
    default: _Default | None = None
    if field.default_factory is not MISSING:
        default = field.default_factory
    elif field.default is not MISSING:
        default = partial(_unchanged, field.default)
    if NoneType in get_args(annotation):
        if default is not None and default() is not None:
            raise TypeError(
                f"{kind.__name__}.{field.name} may be None, which is not stored: its default has to be None"
            )
        default = partial(_unchanged, None)
        annotation = reduce(or_, [each for each in get_args(annotation) if each is not NoneType])
    try:
        return _converter(annotation), default
    except TypeError as error:
        raise TypeError(f"{kind.__name__}.{field.name}: {error}") from error


def _converter(annotation: Any) -> _Convert | None:
    """Return the function that makes a value of a type from a loaded value, or None if they are the same.

    Raises:
        TypeError: the type is not supported. Types in quotes are not supported, because resolving them is slow.
    """
    if annotation in (str, int, bool):
        return None
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _codec(annotation)[2]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return {member.value: member for member in annotation}.__getitem__
    match get_origin(annotation), get_args(annotation):
        case (origin, (key, inner)) if origin is Mapping and key is str:
            convert = _converter(inner)
            return None if convert is None else partial(_convert_values, convert)
        case (origin, (inner,)) if origin is Sequence:
            convert = _converter(inner)
            return None if convert is None else partial(_convert_each, convert)
        case (origin, (inner, end)) if origin is tuple and end is ...:
            return partial(_convert_to_tuple, _converter(inner) or _unchanged)
    raise TypeError(f"the table does not hold {annotation}")


def _convert_values(convert: _Convert, loaded: Mapping[str, Any]) -> dict[str, Any]:
    return {name: convert(value) for name, value in loaded.items()}


def _convert_each(convert: _Convert, loaded: Sequence[Any]) -> list[Any]:
    return [convert(value) for value in loaded]


def _convert_to_tuple(convert: _Convert, loaded: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(map(convert, loaded))


def _getter(names: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function like `itemgetter(*names)` that always returns a tuple."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda values: (values[name],)
        case _:
            return itemgetter(*names)


def _unchanged(value: Any) -> Any:
    return value


def _no_default() -> Any:
    raise TypeError("a required field is None")


# --- values and attribute values -------------------------------------------------------------------------------------


def dump(value: object) -> dict[str, Any]:
    """Return a value as an attribute value; a dataclass is a map of its fields.

    Raises:
        TypeError: the table does not hold this type, for example floats: money and times are whole numbers.
    """
    match value:
        case str():
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": dump_item(value)}
        case list() | tuple():
            return {"L": [dump(entry) for entry in value]}
        case None:
            return {"NULL": True}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {"M": dump_item(to_item(value))}
        case _:
            raise TypeError(f"the table does not hold {type(value).__name__}")


def dump_item(item: Mapping[str, object]) -> Attributes:
    """Return an item as attribute values. Attributes that are None are left out, so that indexes stay sparse."""
    return {name: dump(value) for name, value in item.items() if value is not None}


def load(attribute: Mapping[str, Any]) -> Any:
    """Return an attribute value as a Python value.

    Raises:
        TypeError: the table does not hold this type.
    """
    ((kind, raw),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return raw
        case "N":
            return int(raw)
        case "M":
            return load_item(raw)
        case "L":
            return [load(entry) for entry in raw]
        case "NULL":
            return None
        case _:
            raise TypeError(f"the table does not hold attribute values of type {kind}")


def load_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return an item of attribute values as Python values."""
    return {name: load(attribute) for name, attribute in item.items()}
