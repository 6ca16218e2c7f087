"""The whole table, read in parallel segments. The only Scan there is: no function may make one."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from handsel.store.attributes import Attributes, dump_item
from handsel.store.keys import Index, Key
from handsel.store.table import Table

# Pages that wait for who reads them: a page is at most 1 MB.
_AHEAD = 8
_LISTED = 1000
_AT_ONCE = 100  # the most keys of one BatchGetItem


class Progress:
    """Says now and then how many items were read, and how fast."""

    def __init__(self, say: Callable[[str], None], what: str, every: float = 2.0) -> None:
        self._say = say
        self._what = what
        self._every = every
        self._started = self._said = time.monotonic()
        self.items = 0

    def add(self, items: int) -> None:
        self.items += items
        if time.monotonic() - self._said >= self._every:
            self.tell()

    def tell(self) -> None:
        self._said = time.monotonic()
        self._say(f"{self._what}: {self.items} items, {self.items / self.seconds:.0f} a second")

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self._started, 0.001)


class WholeTable(Table):
    """The table as an operator reads it: all of it, or a partition, as DynamoDB answers it."""

    def pages(
        self,
        progress: Progress,
        *,
        segments: int = 4,
        rate: float | None = None,
        only: Mapping[str, Any] | None = None,
    ) -> Iterator[Sequence[Attributes]]:
        """All items, page by page, read consistently. The items of a page are read before the next page is asked for.

        Args:
            segments: how many readers read side by side.
            rate: items a second at most; None is as fast as it goes.
            only: further parameters of each request: a filter.

        Raises what a reader raised: ServiceUnavailable, or botocore's errors.
        """
        waiting: queue.Queue[Sequence[Attributes] | Exception | None] = queue.Queue(_AHEAD)
        stop = threading.Event()

        def put(entry: Sequence[Attributes] | Exception | None) -> None:
            while not stop.is_set():
                try:
                    waiting.put(entry, timeout=0.1)
                except queue.Full:
                    continue
                return

        def read(segment: int) -> None:
            part = {"Segment": segment, "TotalSegments": segments}
            try:
                for page in self._scanned({"ConsistentRead": True, **part, **(only or {})}):
                    put(page)
                    if stop.is_set():
                        break
            except Exception as error:  # noqa: BLE001 - raised again where the pages are taken
                put(error)
            put(None)

        readers = [threading.Thread(target=read, args=(segment,), daemon=True) for segment in range(segments)]
        for reader in readers:
            reader.start()
        try:
            ended = 0
            while ended < segments:
                entry = waiting.get()
                if entry is None:
                    ended += 1
                    continue
                if isinstance(entry, Exception):
                    raise entry
                progress.add(len(entry))
                yield entry
                if rate is not None:
                    time.sleep(max(0.0, progress.items / rate - progress.seconds))
        finally:
            stop.set()
            for reader in readers:
                reader.join()

    def partition(self, pk: str, prefix: str = "") -> Iterator[Attributes]:
        """The items of one partition, read consistently."""
        condition = "#pk = :pk" + (" AND begins_with(#sk, :prefix)" if prefix else "")
        names = {"#pk": "pk"} | ({"#sk": "sk"} if prefix else {})
        values = dump_item({":pk": pk} | ({":prefix": prefix} if prefix else {}))
        request: Any = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        while True:
            answer: Any = self.retrier.call(lambda: self.client.query(**request))
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def listed(self, index: Index, pk: str) -> Iterator[Key]:
        """The keys of one partition of an index, newest first; what was written a moment ago may be missing."""
        before = None
        while rows := self.query_newest(index, pk, limit=_LISTED, before=before):
            yield from (key for _, key in rows)
            before = rows[-1][0]

    def attributes_of(self, keys: Iterable[Key]) -> Iterator[Attributes]:
        """The items that there are, read consistently."""
        wanted = list(keys)
        while wanted:
            batch, wanted = wanted[:_AT_ONCE], wanted[_AT_ONCE:]
            yield from self._get_batch(batch)

    def _scanned(self, request: Mapping[str, Any]) -> Iterator[Sequence[Attributes]]:
        asked: Any = {"TableName": self.name, **request}
        while True:
            answer: Any = self.retrier.call(lambda: self.client.scan(**asked))
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
