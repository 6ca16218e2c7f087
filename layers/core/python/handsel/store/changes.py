"""Read records of the table's stream as changes of items."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from handsel.store.attributes import Item, load_item
from handsel.store.keys import Key


class Change:
    """A stream record: one item, before and after a write.

    Each attribute is read from the record when it is first used. An invalid part of a record raises an error there, and
    the other parts can still be read.
    """

    def __init__(self, record: Mapping[str, Any], *, offset_ms: int = 0) -> None:
        """Read a record.

        Args:
            offset_ms: by how many milliseconds the test clock of the stack is ahead of the stream's time.
        """
        self._record = record
        self._offset_ms = offset_ms

    @cached_property
    def key(self) -> Key:
        """Return the key of the item."""
        key = load_item(self._record["dynamodb"]["Keys"])
        return Key(key["pk"], key["sk"])

    @cached_property
    def before(self) -> Item | None:
        """Return the item before the write; None if it did not exist."""
        return self._image("OldImage")

    @cached_property
    def after(self) -> Item | None:
        """Return the item after the write; None if it was deleted."""
        return self._image("NewImage")

    @cached_property
    def at(self) -> int:
        """Return the time of the write in milliseconds since the epoch; the stream knows the second."""
        return int(self._record["dynamodb"]["ApproximateCreationDateTime"]) * 1000 + self._offset_ms

    def _image(self, name: str) -> Item | None:
        images = self._record["dynamodb"]
        return load_item(images[name]) if name in images else None
