"""Read the whole table in parallel segments. This is the only Scan: the functions have no permission for it."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from handsel.store.attributes import Attributes, Item, dump_item, load_item
from handsel.store.keys import Index, Key
from handsel.store.table import Table

# Pages that are read ahead; a page is at most 1 MB.
_MAX_PAGES_AHEAD = 8
_INDEX_PAGE_SIZE = 1000
_MAX_BATCH = 100  # keys of one BatchGetItem


class Progress:
    """Logs from time to time how many items were read, and how fast.

    Args:
        log: receives the messages.
        label: the start of each message.
        every: seconds between messages.
    """

    def __init__(self, log: Callable[[str], None], label: str, every: float = 2.0) -> None:
        self._log = log
        self._label = label
        self._every = every
        self._started = self._logged_at = time.monotonic()
        self.items = 0

    def add(self, items: int) -> None:
        """Count more items, and log a message if one is due."""
        self.items += items
        if time.monotonic() - self._logged_at >= self._every:
            self.report()

    def report(self) -> None:
        """Log a message."""
        self._logged_at = time.monotonic()
        self._log(f"{self._label}: {self.items} items, {self.items / self.seconds:.0f} per second")

    @property
    def seconds(self) -> float:
        """Return the time since the start."""
        return max(time.monotonic() - self._started, 0.001)


class WholeTable(Table):
    """The table with reads that only operators make: of all items, or of a whole partition. Items are not decoded."""

    def find(
        self, kind: str, attribute: str, value: str, *, log: Callable[[str], None], rate: float | None
    ) -> list[Item]:
        """Return the items of a kind that have a value. No index lists them, so this reads the whole table.

        Args:
            kind: the sort key of the items.
            rate: the maximum number of items per second; None is unlimited.
        """
        only = {
            "FilterExpression": "sk = :kind AND #attribute = :value",
            "ExpressionAttributeNames": {"#attribute": attribute},
            "ExpressionAttributeValues": dump_item({":kind": kind, ":value": value}),
        }
        progress = Progress(log, "read")
        found = [load_item(each) for page in self.pages(progress, rate=rate, only=only) for each in page]
        progress.report()
        return found

    def pages(
        self,
        progress: Progress,
        *,
        segments: int = 4,
        rate: float | None = None,
        only: Mapping[str, Any] | None = None,
    ) -> Iterator[Sequence[Attributes]]:
        """Yield all items, page by page, read consistently.

        Args:
            progress: counts the items.
            segments: the number of parallel readers.
            rate: the maximum number of items per second; None is unlimited.
            only: further parameters of each request, such as a filter.

        Raises:
            ServiceUnavailable: retries are exhausted.
            ClientError: DynamoDB rejected a request.
        """
        waiting: queue.Queue[Sequence[Attributes] | Exception | None] = queue.Queue(_MAX_PAGES_AHEAD)
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
                for page in self._scan({"ConsistentRead": True, **part, **(only or {})}):
                    put(page)
                    if stop.is_set():
                        break
            except Exception as error:  # noqa: BLE001 - raised again by the consumer
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

    def read_partition(self, pk: str, prefix: str = "") -> Iterator[Attributes]:
        """Yield the items of one partition, read consistently.

        Args:
            pk: the partition key.
            prefix: the start of the sort keys.
        """
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
            response: Any = self.retrier.call(lambda: self.client.query(**request))
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def list_index(self, index: Index, pk: str) -> Iterator[Key]:
        """Yield the keys of one partition of an index, newest first. The latest writes may be missing."""
        before = None
        while rows := self.query_newest(index, pk, limit=_INDEX_PAGE_SIZE, before=before):
            yield from (key for _, key in rows)
            before = rows[-1][0]

    def read_items(self, keys: Iterable[Key]) -> Iterator[Attributes]:
        """Yield the items that exist, read consistently."""
        wanted = list(keys)
        while wanted:
            batch, wanted = wanted[:_MAX_BATCH], wanted[_MAX_BATCH:]
            yield from self._get_batch(batch)

    def _scan(self, request: Mapping[str, Any]) -> Iterator[Sequence[Attributes]]:
        parameters: Any = {"TableName": self.name, **request}
        while True:
            response: Any = self.retrier.call(lambda: self.client.scan(**parameters))
            yield response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            parameters["ExclusiveStartKey"] = response["LastEvaluatedKey"]
