"""Concurrent calls on a pool of threads."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import chain
from typing import Protocol, TypeVar

S = TypeVar("S")
T = TypeVar("T")

# The size of botocore's connection pool.
MAX_THREADS = 10


class RunConcurrently(Protocol):
    """The type of `Table.run_concurrently`."""

    def __call__(self, *calls: Callable[[], T]) -> list[T]:
        """Make independent calls concurrently, and return their results in order."""
        ...


def run_concurrently(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make independent calls concurrently, and return their results in order. If one raises, its error is raised.

    All calls have ended when this returns or raises, because Lambda may freeze the process after the response.
    """
    running = [_threads().submit(call) for call in calls]
    for each in running:
        each.exception()
    return [each.result() for each in running]


def map_grouped(
    run: RunConcurrently, work: Callable[[S], T], items: Sequence[S], *, key: Callable[[S], Hashable]
) -> list[T]:
    """Apply `work` to each item; return the results in the order of the items.

    Items with the same key are handled one after the other, groups concurrently: items that write the same DynamoDB item
    would conflict, and each conflict costs an attempt. `work` must not use the pool itself.
    """
    groups: dict[Hashable, list[int]] = {}
    for position, item in enumerate(items):
        groups.setdefault(key(item), []).append(position)

    def handle(positions: list[int]) -> list[tuple[int, T]]:
        return [(position, work(items[position])) for position in positions]

    # The longest group first: started last, it would run alone at the end.
    longest_first = sorted(groups.values(), key=len, reverse=True)
    results = dict(chain.from_iterable(run(*(partial(handle, positions) for positions in longest_first))))
    return [results[position] for position in range(len(items))]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_THREADS, "table")
