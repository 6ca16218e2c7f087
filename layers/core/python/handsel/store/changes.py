"""Records of the table's stream as changes of items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handsel.store.attributes import Item, load_item
from handsel.store.keys import Key


@dataclass(frozen=True, slots=True)
class Change:
    """One item, before and after it was written.

    Attributes:
        before, after: None where it was not there.
        at: when, in milliseconds since the epoch; the stream knows it to the second.
    """

    key: Key
    before: Item | None
    after: Item | None
    at: int


def from_record(record: Mapping[str, Any]) -> Change:
    """Raises:
    KeyError, TypeError: not a record of this table's stream, with both images.
    """
    said = record["dynamodb"]
    key = load_item(said["Keys"])
    return Change(
        Key(key["pk"], key["sk"]),
        load_item(said["OldImage"]) if "OldImage" in said else None,
        load_item(said["NewImage"]) if "NewImage" in said else None,
        int(said["ApproximateCreationDateTime"]) * 1000,
    )
