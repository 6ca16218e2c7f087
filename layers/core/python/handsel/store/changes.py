"""Stream records as changes of items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handsel.store.attributes import Item, load_item
from handsel.store.keys import Key


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one item.

    Attributes:
        before, after: the item before and after the write; None if it did not exist.
        at: the time of the write in milliseconds since the epoch; exact to the second.
    """

    key: Key
    before: Item | None
    after: Item | None
    at: int


def from_record(record: Mapping[str, Any]) -> Change:
    """Return the change of a stream record.

    Raises:
        KeyError, TypeError: this is not a stream record with both images.
    """
    fields = record["dynamodb"]
    key = load_item(fields["Keys"])
    return Change(
        Key(key["pk"], key["sk"]),
        load_item(fields["OldImage"]) if "OldImage" in fields else None,
        load_item(fields["NewImage"]) if "NewImage" in fields else None,
        int(fields["ApproximateCreationDateTime"]) * 1000,
    )
