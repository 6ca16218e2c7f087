"""Compute the capacity that calls consume, by DynamoDB's documented rules, from the sizes of items.

- A read of an item costs one unit per 4 KB, rounded up; half of that if it is eventually consistent, twice that in a
  transaction. A read of a missing item costs one unit. A query or scan is charged for the total size of the items it
  reads, before filters; on an index, for the projected entries.
  (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
- A write costs one unit per 1 KB of the item, before or after, whichever is larger. If its condition fails, it costs one
  unit per 1 KB of the existing item, at least one. (the same page; WorkingWithItems.html, "Capacity units consumed by
  conditional writes")
- An index costs one write if an entry is added, removed or changed in place, two if it moves, none if it is unchanged.
  (GSI.html, "Write capacity units")
- In a transaction each item costs twice, "one to prepare the transaction and one to commit the transaction", a
  ConditionCheck too. For a failed transaction no figure is documented: here the whole request is charged. Index writes
  happen when it completes, and cost the same as outside of a transaction.
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
    """Return the units of a consistent read. An eventually consistent read costs half, a transactional read twice that."""
    return max(1, -(-size // _READ_BYTES))


def write_units(*sizes: int) -> int:
    """Return the units of a write, from the sizes before and after in bytes."""
    return max(1, -(-max(sizes) // _WRITE_BYTES))


def index_units(before: int | None, after: int | None, *, moved: bool, changed: bool) -> int:
    """Return the units of one write in one index.

    Args:
        before, after: the size of the entry in bytes, or None if there is none.
        moved: whether the key of the entry changes.
        changed: whether anything in the entry changes.
    """
    if before is None or after is None:
        return sum(write_units(size) for size in (before, after) if size is not None)
    if moved:
        return write_units(before) + write_units(after)
    return write_units(before, after) if changed else 0


class Consumed(NamedTuple):
    """The request units that one call consumed, of the table and of its indexes.

    Attributes:
        condition_failed: whether a condition failed.
    """

    operation: str
    table: float
    indexes: Mapping[str, float]
    condition_failed: bool = False

    @property
    def is_read(self) -> bool:
        return self.operation in ("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan")

    @property
    def units(self) -> float:
        return self.table + sum(self.indexes.values())


@dataclass
class Consumption:
    """The total of several calls.

    Attributes:
        calls: the number of calls by operation.
        reads, writes: the number of calls that read, and that write.
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
            if consumed.is_read:
                self.reads += 1
                self.read += consumed.units
            else:
                self.writes += 1
                self.write += consumed.units


Meters = list[Callable[[Consumed], None]]


@contextmanager
def metered(meters: Meters) -> Iterator[Consumption]:
    """Yield the consumption, while the block runs, of the table with these meters."""
    ledger = Consumption()
    meters.append(ledger.take)
    try:
        yield ledger
    finally:
        meters.remove(ledger.take)
