"""What calls consume, by DynamoDB's documented rules, from the sizes of items.

- A read of an item is a unit for each 4 KB, begun ones included, half of that where it may be stale, twice that in a
  transaction. An item that is not there is one unit's worth. A query or a scan is charged for the sum of what it looks at,
  filtered out or not; an index for its entries as it keeps them.
  (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
- A write is a unit for each 1 KB of the item, as it was or as it is, whichever is larger. A refused one is a unit for
  each 1 KB of the item that is there, at least one. (the same; WorkingWithItems.html, "Capacity units consumed by
  conditional writes")
- An index is a write where an entry comes, goes or changes in place, two where it moves, none where it stays as it is.
  (GSI.html, "Write capacity units")
- In a transaction each item costs twice, "one to prepare the transaction and one to commit the transaction", a
  ConditionCheck as well; that is so also where it does not succeed, for which no figure is documented: here it is all that
  was asked for. What it writes goes to the indexes when it is complete, and costs there what it always does.
  (transaction-apis.html, "Capacity management for transactions")
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

_READ_BYTES = 4096
_WRITE_BYTES = 1024


def read_units(size: int) -> int:
    """Of a consistent read: of one that may be stale it is half, of one in a transaction twice that."""
    return max(1, -(-size // _READ_BYTES))


def write_units(*sizes: int) -> int:
    return max(1, -(-max(sizes) // _WRITE_BYTES))


def index_units(before: int | None, after: int | None, *, moved: bool, changed: bool) -> int:
    """Of one write, in one index.

    Args:
        before, after: the size of its entry, None where it has none.
        moved: its key there is another.
        changed: anything of it is.
    """
    if before is None or after is None:
        return sum(write_units(size) for size in (before, after) if size is not None)
    if moved:
        return write_units(before) + write_units(after)
    return write_units(before, after) if changed else 0


class Consumed(NamedTuple):
    """What one call consumed: request units of the table, and of its indexes.

    Attributes:
        refused: a condition did not hold.
    """

    operation: str
    table: float
    indexes: Mapping[str, float]
    refused: bool = False

    @property
    def reads(self) -> bool:
        return self.operation in ("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan")

    @property
    def units(self) -> float:
        return self.table + sum(self.indexes.values())


@dataclass
class Consumption:
    """The calls of some time, and what they came to.

    Attributes:
        calls: how many of each operation.
        reads, writes: how many of them read, and write.
        read, write: request units.
    """

    calls: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    writes: int = 0
    read: float = 0
    write: float = 0
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def take(self, consumed: Consumed) -> None:
        with self._lock:
            self.calls[consumed.operation] += 1
            if consumed.reads:
                self.reads += 1
                self.read += consumed.units
            else:
                self.writes += 1
                self.write += consumed.units


Meters = list[Callable[[Consumed], None]]


@contextmanager
def metered(meters: Meters) -> Iterator[Consumption]:
    """What is consumed meanwhile of a table with these meters."""
    ledger = Consumption()
    meters.append(ledger.take)
    try:
        yield ledger
    finally:
        meters.remove(ledger.take)
