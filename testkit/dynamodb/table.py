"""One DynamoDB table in memory, with the methods of boto3's low-level client.

It behaves as DynamoDB documents, without random faults, conflicts or delays. Items never change in place: a write puts a
new one. Responses, stream records and snapshots share values with the table, so callers must not change them.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from time import time
from typing import Any, NamedTuple, NoReturn
from zlib import crc32

from botocore.exceptions import ClientError

from testkit.dynamodb.capacity import Consumed, Meters, index_units, read_units, write_units
from testkit.dynamodb.expressions import Condition, DocumentPath, KeyTest, Prepared, prepare, project
from testkit.dynamodb.values import Invalid, Item, Value, item_size, normalize, normalize_item, number, size

Row = tuple[Any, Any]  # a key, as Python values that sort as in DynamoDB
Entry = tuple[Any, Row]  # an item in an index: its sort key in the index, and its key
Answer = dict[str, Any]

_ITEM_BYTES = 400 * 1024
_TRANSACTION_BYTES = 4 * 1024 * 1024
_TOKEN_MS = 600_000
_FIVE_YEARS = 5 * 365 * 86_400
_HISTORY = 10_000
_NO_VALUES: dict[str, Value] = {}
_NOT_TYPE = (
    "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {actual}"
)
_NOT_SCHEMA = "The provided key element does not match the schema"


class _ConditionFailed(Exception):
    """A condition is false for this item, or for a missing item (None)."""

    def __init__(self, old: Item | None) -> None:
        self.old = old


class _Attribute(NamedTuple):
    """A key attribute and its type."""

    name: str
    type: str


@dataclass(slots=True)
class _Index:
    """The table by its own key or by the key of an index: partitions of sorted entries.

    Attributes:
        projected: the attributes that the index projects, or None for all.
    """

    name: str
    hash: _Attribute
    range: _Attribute | None
    projected: frozenset[str] | None
    partitions: dict[Any, list[Entry]] = field(default_factory=dict)

    def place(self, item: Item | None, row: Row) -> tuple[Any, Entry] | None:
        """Return the partition and the entry of an item, or None if it is not in the index."""
        if item is None:
            return None
        where = _of_type(item.get(self.hash.name), self.hash.type)
        if where is None:
            return None
        if self.range is None:
            return where, (None, row)
        order = _of_type(item.get(self.range.name), self.range.type)
        return None if order is None else (where, (order, row))

    def move(self, row: Row, old: Item | None, new: Item | None) -> None:
        before, after = self.place(old, row), self.place(new, row)
        if before == after:
            return
        if before is not None:
            where, entry = before
            entries = self.partitions[where]
            del entries[bisect_left(entries, entry)]
            if not entries:
                del self.partitions[where]
        if after is not None:
            where, entry = after
            insort(self.partitions.setdefault(where, []), entry)

    def project(self, item: Item) -> Item:
        """Return the attributes of an item that the index projects."""
        return item if self.projected is None else {name: item[name] for name in item if name in self.projected}

    def units(self, change: "_Change") -> int:
        """Return the write units of a change in this index."""
        before, after = self.place(change.old, change.row), self.place(change.new, change.row)
        was = None if before is None or change.old is None else self.project(change.old)
        now = None if after is None or change.new is None else self.project(change.new)
        sizes = (None if entry is None else item_size(entry) for entry in (was, now))
        return index_units(*sizes, moved=before != after, changed=was != now)


class Snapshot(NamedTuple):
    """The content of a table, for `InMemoryTable.restore`."""

    items: dict[Row, Item]
    sizes: dict[Row, int]
    partitions: tuple[dict[Any, list[Entry]], ...]


class _Write(NamedTuple):
    """One write of a request, parsed and checked as far as possible without the item."""

    kind: str
    row: Row
    key: Item
    item: Item | None
    size: int
    prepared: Prepared
    values: dict[str, Value]
    returns_old: bool


class _Change(NamedTuple):
    row: Row
    old: Item | None
    new: Item | None
    size: int  # of the new item, in bytes


class InMemoryTable:
    """One table.

    Attributes:
        stream: the stream records of all writes, as Lambda receives them; added while `streams` is true.
        sequence: the number of items written so far.
        meters: called with the consumption of each call.
    """

    def __init__(
        self,
        name: str,
        properties: Mapping[str, Any],
        *,
        now_ms: Callable[[], int] = lambda: int(time() * 1000),
        streams: bool = True,
        stale: Callable[[str], int] | None = None,
        page: int | None = None,
    ) -> None:
        """Create an empty table.

        Args:
            properties: the properties of an `AWS::DynamoDB::Table`: keys, indexes and TTL.
            now_ms: the clock, for the stream and for transaction tokens.
            stale: the number of most recent writes that an eventually consistent read does not see yet, by the name of
                the index or table.
            page: the maximum number of items that a query or scan reads per page.
        """
        self.name = name
        self.streams = streams
        self.stream: list[dict[str, Any]] = []
        self.sequence = 0
        self.meters: Meters = []
        self._now_ms = now_ms
        self._stale = stale
        self._page = page
        self._view_type = properties.get("StreamSpecification", {}).get("StreamViewType", "NEW_AND_OLD_IMAGES")
        self._ttl: str | None = properties.get("TimeToLiveSpecification", {}).get("AttributeName")
        types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}

        def index(name: str, schema: Sequence[Mapping[str, str]], projected: frozenset[str] | None) -> _Index:
            by_role = {each["KeyType"]: each["AttributeName"] for each in schema}
            keys = {role: _Attribute(attribute, types[attribute]) for role, attribute in by_role.items()}
            return _Index(name, keys["HASH"], keys.get("RANGE"), projected)

        self._table = index(name, properties["KeySchema"], None)
        self._keys = [each for each in (self._table.hash, self._table.range) if each is not None]
        self._key_names = frozenset(each.name for each in self._keys)
        self._indexes: dict[str, _Index] = {}
        for each in properties.get("GlobalSecondaryIndexes", ()):
            projection = each["Projection"]
            projected = self._key_names | {key["AttributeName"] for key in each["KeySchema"]}
            projected |= set(projection.get("NonKeyAttributes", ()))
            everything = projection["ProjectionType"] == "ALL"
            self._indexes[each["IndexName"]] = index(
                each["IndexName"], each["KeySchema"], None if everything else projected
            )
        self._all_indexes = (self._table, *self._indexes.values())
        self._items: dict[Row, Item] = {}
        self._sizes: dict[Row, int] = {}
        self._scanned: list[Row] | None = None
        self._history: deque[tuple[Row, Item | None]] = deque(maxlen=_HISTORY)
        self._tokens: dict[str, tuple[int, str]] = {}

    # --- for tests -------------------------------------------------------------------------------------------------

    @property
    def items(self) -> list[Item]:
        """Return all items, in no order."""
        return list(self._items.values())

    def snapshot(self) -> Snapshot:
        return Snapshot(
            dict(self._items),
            dict(self._sizes),
            tuple({where: list(entries) for where, entries in each.partitions.items()} for each in self._all_indexes),
        )

    def restore(self, saved: Snapshot) -> None:
        """Restore the items of a snapshot, without stream records. Stale reads and tokens do not know earlier content."""
        self._items, self._sizes = dict(saved.items), dict(saved.sizes)
        for index, partitions in zip(self._all_indexes, saved.partitions, strict=True):
            index.partitions = {where: list(entries) for where, entries in partitions.items()}
        self._scanned = None
        self._history.clear()
        self._tokens.clear()

    def fill(self, items: Iterable[Item]) -> None:
        """Put many new items in normal form, without stream records. Items may share values."""
        touched: list[list[Entry]] = []
        for item in items:
            row = self._row_of(item, _NOT_TYPE)
            self._items[row], self._sizes[row] = item, item_size(item)
            for index in self._all_indexes:
                if (place := index.place(item, row)) is not None:
                    entries = index.partitions.setdefault(place[0], [])
                    entries.append(place[1])
                    touched.append(entries)
        for entries in {id(each): each for each in touched}.values():
            entries.sort()
        self._scanned = None

    def expire(self, now_seconds: int) -> list[Item]:
        """Delete the items whose TTL has passed, and return their keys.

        As in DynamoDB, the TTL is a Number of seconds since the epoch, in the past, by at most five years.
        """
        if self._ttl is None:
            return []
        ended = []
        for row, item in self._items.items():
            ttl = item.get(self._ttl, _NO_VALUES).get("N")
            if ttl is not None and now_seconds - _FIVE_YEARS <= number(str(ttl)) < now_seconds:
                ended.append(_Change(row, item, None, 0))
        self._commit(ended, {"type": "Service", "principalId": "dynamodb.amazonaws.com"})
        return [self._key_of(each.old) for each in ended if each.old is not None]

    # --- reads -----------------------------------------------------------------------------------------------------

    def get_item(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConsistentRead: bool = False,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ReturnConsumedCapacity: str = "NONE",
    ) -> Answer:
        with _Operation("GetItem"):
            item, answer = self._get(TableName, Key, ConsistentRead, ProjectionExpression, ExpressionAttributeNames)
            self._meter_reads("GetItem", [item], 1 if ConsistentRead else 0.5)
            return answer

    def batch_get_item(
        self, *, RequestItems: Mapping[str, Mapping[str, Any]], ReturnConsumedCapacity: str = "NONE"
    ) -> Answer:
        with _Operation("BatchGetItem"):
            ((name, request),) = RequestItems.items()
            self._named(name)
            rows = [self._row(key) for key in request["Keys"]]
            if not 0 < len(rows) <= 100:
                raise Invalid("Too many items requested for the BatchGetItem call")
            if len(set(rows)) < len(rows):
                raise Invalid("Provided list of item keys contains duplicates")
            prepared = _prepared(
                request.get("ExpressionAttributeNames"), None, projection=request.get("ProjectionExpression")
            )
            consistent = request.get("ConsistentRead", False)
            read = [self._read(row, consistent=consistent) for row in rows]
            self._meter_reads("BatchGetItem", read, 1 if consistent else 0.5)
            found = [item for item in read if item is not None]
            return {
                "Responses": {name: [_projected(item, prepared.projection) for item in found]},
                "UnprocessedKeys": {},
            }

    def transact_get_items(
        self, *, TransactItems: Sequence[Mapping[str, Any]], ReturnConsumedCapacity: str = "NONE"
    ) -> Answer:
        with _Operation("TransactGetItems"):
            if not 0 < len(TransactItems) <= 100:
                raise Invalid("Member must have length less than or equal to 100")
            gets = [each["Get"] for each in TransactItems]
            read = [
                self._get(
                    get["TableName"],
                    get["Key"],
                    True,
                    get.get("ProjectionExpression"),
                    get.get("ExpressionAttributeNames"),
                )
                for get in gets
            ]
            self._meter_reads("TransactGetItems", [item for item, _ in read], 2)
            return {"Responses": [answer for _, answer in read]}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        IndexName: str | None = None,
        FilterExpression: str | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        Select: str | None = None,
        ConsistentRead: bool = False,
        ReturnConsumedCapacity: str = "NONE",
    ) -> Answer:
        with _Operation("Query"):
            index = self._require_index(TableName, IndexName, consistent=ConsistentRead)
            prepared = _prepared(
                ExpressionAttributeNames,
                ExpressionAttributeValues,
                keys=KeyConditionExpression,
                filter=FilterExpression,
                projection=ProjectionExpression,
            )
            values = _values(ExpressionAttributeValues)
            prepared.check(values)
            assert prepared.keys is not None
            where, span = _key_condition(index, prepared.keys, values)
            self._refuse_keys_in_filter(index, prepared.condition)
            earlier = {} if ConsistentRead else self._stale_items(index.name)
            entries = self._entries(index, where, earlier)
            first, last = span(entries) if span is not None else (0, len(entries))
            if ExclusiveStartKey is not None:
                after = self._start(index, ExclusiveStartKey, where)
                if ScanIndexForward:
                    first = max(first, bisect_right(entries, after))
                else:
                    last = min(last, bisect_left(entries, after))
            numbers = range(first, last) if ScanIndexForward else range(last - 1, first - 1, -1)
            rows = (entries[each][1] for each in numbers)
            return self._page_of(
                "Query", index, rows, earlier, prepared, values, Limit, Select, consistent=ConsistentRead
            )

    def scan(
        self,
        *,
        TableName: str,
        IndexName: str | None = None,
        FilterExpression: str | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        Limit: int | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        Select: str | None = None,
        ConsistentRead: bool = False,
        Segment: int | None = None,
        TotalSegments: int | None = None,
        ReturnConsumedCapacity: str = "NONE",
    ) -> Answer:
        with _Operation("Scan"):
            index = self._require_index(TableName, IndexName, consistent=ConsistentRead)
            prepared = _prepared(
                ExpressionAttributeNames,
                ExpressionAttributeValues,
                filter=FilterExpression,
                projection=ProjectionExpression,
            )
            values = _values(ExpressionAttributeValues)
            prepared.check(values)
            earlier = {} if ConsistentRead else self._stale_items(index.name)
            if self._scanned is None:
                self._scanned = sorted(self._items, key=_scan_order)
            rows = self._scanned
            if missing := earlier.keys() - self._items.keys():
                rows = sorted([*rows, *missing], key=_scan_order)
            first = 0
            if ExclusiveStartKey is not None:
                first = bisect_right(rows, _scan_order(self._row(ExclusiveStartKey, index)), key=_scan_order)
            wanted = (rows[each] for each in range(first, len(rows)))
            if Segment is not None:
                segments = TotalSegments or 1
                wanted = (row for row in wanted if _scan_order(row)[0] % segments == Segment)
            if index is not self._table:
                wanted = (row for row in wanted if index.place(self._seen(row, earlier), row) is not None)
            return self._page_of(
                "Scan", index, wanted, earlier, prepared, values, Limit, Select, consistent=ConsistentRead
            )

    def get_paginator(self, operation: str) -> "_Paginator":
        return _Paginator(getattr(self, operation))

    # --- writes ----------------------------------------------------------------------------------------------------

    def put_item(self, *, ReturnValues: str = "NONE", **request: Any) -> Answer:
        with _Operation("PutItem"):
            return self._replace("Put", request, ReturnValues)

    def delete_item(self, *, ReturnValues: str = "NONE", **request: Any) -> Answer:
        with _Operation("DeleteItem"):
            return self._replace("Delete", request, ReturnValues)

    def update_item(self, *, ReturnValues: str = "NONE", **request: Any) -> Answer:
        with _Operation("UpdateItem"):
            change = self._write_one("Update", request)
            which, _, when = ReturnValues.partition("_")
            image = change.old if when == "OLD" else change.new if when == "NEW" else None
            if image is None:
                return {}
            if which == "ALL":
                return {"Attributes": image}
            update = _prepared_write(request).update
            found = {} if update is None else project(image, update.paths)
            return {"Attributes": found} if found else {}

    def transact_write_items(
        self,
        *,
        TransactItems: Sequence[Mapping[str, Mapping[str, Any]]],
        ClientRequestToken: str | None = None,
        ReturnConsumedCapacity: str = "NONE",
        ReturnItemCollectionMetrics: str = "NONE",
    ) -> Answer:
        with _Operation("TransactWriteItems"):
            if not 0 < len(TransactItems) <= 100:
                raise Invalid(
                    "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
                    "Member must have length less than or equal to 100"
                )
            if ClientRequestToken is not None and self._seen_token(ClientRequestToken, TransactItems):
                return {}
            writes: list[_Write | Invalid] = []
            for each in TransactItems:
                ((kind, request),) = each.items()
                writes.append(self._write_in_transaction(kind, request))
            rows = [each.row for each in writes if isinstance(each, _Write)]
            if len(set(rows)) < len(rows):
                raise Invalid("Transaction request cannot include multiple operations on one item")
            changes, reasons = self._decide(writes)
            if len(changes) < len(writes):
                asked = [each for each in writes if isinstance(each, _Write)]
                units = sum(write_units(self._sizes.get(each.row, 0), each.size) for each in asked)
                self._meter("TransactWriteItems", 2 * units, refused=True)
                _cancelled(reasons)
            if sum(each.size for each in changes) > _TRANSACTION_BYTES:
                raise Invalid("Collection size of the items in the transaction exceeds the limit of 4 MB")
            self._meter_writes("TransactWriteItems", changes, times=2)
            self._commit(changes)
            if ClientRequestToken is not None:
                self._tokens[ClientRequestToken] = (self._now_ms() + _TOKEN_MS, repr(TransactItems))
            return {}

    def batch_write_item(
        self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]], ReturnConsumedCapacity: str = "NONE"
    ) -> Answer:
        with _Operation("BatchWriteItem"):
            ((name, requests),) = RequestItems.items()
            if not 0 < len(requests) <= 25:
                raise Invalid("Too many items requested for the BatchWriteItem call")
            writes = []
            for each in requests:
                ((kind, request),) = each.items()
                writes.append(self._write(kind.removesuffix("Request"), {"TableName": name, **request}))
            if len({each.row for each in writes}) < len(writes):
                raise Invalid("Provided list of item keys contains duplicates")
            changes = [self._change(each) for each in writes]
            self._meter_writes("BatchWriteItem", changes)
            self._commit(changes)
            return {"UnprocessedItems": {}}

    # --- inside: keys ----------------------------------------------------------------------------------------------

    def _named(self, table_name: str) -> None:
        if table_name != self.name:
            raise _Error("ResourceNotFoundException", "Requested resource not found")

    def _row(self, key: Mapping[str, Any], index: _Index | None = None) -> Row:
        """Return the key in a request; with `index`, check that it is a position in that index."""
        expected = self._key_names
        if index is not None and index is not self._table:
            expected |= {each.name for each in (index.hash, index.range) if each is not None}
        if key.keys() != expected:
            raise Invalid(_NOT_SCHEMA)
        return self._row_of(key, _NOT_SCHEMA)

    def _row_of(self, item: Mapping[str, Any], mismatch: str) -> Row:
        parts: list[Any] = []
        for name, kind in self._keys:
            value = item.get(name)
            if value is None:
                raise Invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            if kind not in value:
                actual = next(iter(value), "")
                raise Invalid(mismatch.format(name=name, expected=kind, actual=actual))
            raw = value[kind]
            if kind == "N":
                raw = number(normalize(value)["N"])
            elif not raw:
                raise Invalid(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                    f"empty {'string' if kind == 'S' else 'binary'} value. Key: {name}"
                )
            elif len(raw) > 1024:
                length, most = len(raw.encode() if kind == "S" else raw), 1024 if parts else 2048
                if length > most:
                    what = "Size of rangekey has exceeded" if parts else "Size of hashkey has exceeded"
                    raise Invalid(
                        f"One or more parameter values were invalid: {what} the maximum size limit of{most} bytes"
                    )
            parts.append(raw)
        return (parts[0], parts[1] if len(parts) > 1 else None)

    def _key_of(self, item: Item) -> Item:
        return {name: item[name] for name, _ in self._keys}

    def _check_index_keys(self, item: Item, changed: frozenset[str] | None = None) -> None:
        """Check that each index key has its type and is not empty.

        Raises:
            Invalid: an index key is wrong.
        """
        for index in self._indexes.values():
            for attribute in (index.hash, index.range):
                value = None if attribute is None else item.get(attribute.name)
                if attribute is None or value is None or (changed is not None and attribute.name not in changed):
                    continue
                if attribute.type not in value:
                    raise Invalid(
                        f"One or more parameter values were invalid: Type mismatch for Index Key {attribute.name} "
                        f"Expected: {attribute.type} Actual: {next(iter(value))} IndexName: {index.name}"
                    )
                if not value[attribute.type]:
                    raise Invalid(
                        "One or more parameter values are not valid. A value specified for a secondary index key is not "
                        f"supported. The AttributeValue for a key attribute cannot contain an empty string value. "
                        f"IndexName: {index.name}, IndexKey: {attribute.name}"
                    )

    # --- inside: reads ---------------------------------------------------------------------------------------------

    def _require_index(self, table_name: str, name: str | None, *, consistent: bool) -> _Index:
        self._named(table_name)
        if name is None:
            return self._table
        if name not in self._indexes:
            raise Invalid(f"The table does not have the specified index: {name}")
        if consistent:
            raise Invalid("Consistent reads are not supported on global secondary indexes")
        return self._indexes[name]

    def _stale_items(self, name: str) -> dict[Row, Item | None]:
        """Return the items that an eventually consistent read still sees as they were before the last writes."""
        behind = self._stale(name) if self._stale is not None else 0
        return dict(islice(reversed(self._history), behind)) if behind else {}

    def _get(
        self,
        table: str,
        key: Mapping[str, Any],
        consistent: bool,
        projection: str | None,
        names: Mapping[str, str] | None,
    ) -> tuple[Item | None, Answer]:
        """Return an item and its projection."""
        self._named(table)
        prepared = _prepared(names, None, projection=projection)
        item = self._read(self._row(key), consistent=consistent)
        return item, {} if item is None else {"Item": _projected(item, prepared.projection)}

    def _read(self, row: Row, *, consistent: bool) -> Item | None:
        if not consistent and self._stale is not None:
            return self._seen(row, self._stale_items(self.name))
        return self._items.get(row)

    def _seen(self, row: Row, earlier: Mapping[Row, Item | None]) -> Item | None:
        return earlier[row] if row in earlier else self._items.get(row)

    @staticmethod
    def _entries(index: _Index, where: Any, earlier: Mapping[Row, Item | None]) -> list[Entry]:
        """Return the entries of a partition of an index, sorted."""
        entries = index.partitions.get(where, [])
        if earlier:
            entries = [entry for entry in entries if entry[1] not in earlier]
            for row, item in earlier.items():
                place = index.place(item, row)
                if place is not None and place[0] == where:
                    insort(entries, place[1])
        return entries

    def _start(self, index: _Index, key: Mapping[str, Any], where: Any) -> Entry:
        row = self._row(key, index)
        place = index.place(normalize_item(key), row)
        if place is None:
            raise Invalid("The provided starting key is invalid")
        if place[0] != where:
            raise Invalid("The provided starting key is outside query boundaries based on provided conditions")
        return place[1]

    def _refuse_keys_in_filter(self, index: _Index, condition: Condition | None) -> None:
        keys = {each.name for each in (index.hash, index.range) if each is not None}
        if condition is not None and (found := keys & condition.roots):
            raise Invalid(
                f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {min(found)}"
            )

    def _page_of(
        self,
        operation: str,
        index: _Index,
        rows: Iterator[Row],
        earlier: Mapping[Row, Item | None],
        prepared: Prepared,
        values: dict[str, Value],
        limit: int | None,
        select: str | None,
        *,
        consistent: bool,
    ) -> Answer:
        if limit is not None and limit < 1:
            raise Invalid("Limit must be greater than or equal to 1")
        if select == "ALL_ATTRIBUTES" and index.projected is not None:
            raise Invalid(
                "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
                f"secondary index {index.name} because its projection type is not ALL"
            )
        most = min([each for each in (limit, self._page) if each is not None], default=None)
        found: list[Item] = []
        scanned, looked_at = 0, 0
        answer: Answer = {}
        for row in rows:
            item = self._seen(row, earlier)
            assert item is not None
            scanned += 1
            kept = index.project(item)
            if self.meters:
                looked_at += item_size(kept)
            if prepared.condition is None or prepared.condition.holds(kept, values):
                found.append(_projected(kept, prepared.projection))
            if scanned == most:
                names = self._key_names | {each.name for each in (index.hash, index.range) if each is not None}
                answer["LastEvaluatedKey"] = {name: item[name] for name in sorted(names)}
                break
        self._meter(operation, read_units(looked_at) * (1 if consistent else 0.5))
        counts = {"Count": len(found), "ScannedCount": scanned}
        return counts | ({} if select == "COUNT" else {"Items": found}) | answer

    # --- inside: writes --------------------------------------------------------------------------------------------

    def _replace(self, kind: str, request: Mapping[str, Any], returns: str) -> Answer:
        if returns not in ("NONE", "ALL_OLD"):
            raise Invalid("ReturnValues can only be ALL_OLD or NONE")
        old = self._write_one(kind, request).old
        return {"Attributes": old} if returns == "ALL_OLD" and old is not None else {}

    def _write_one(self, kind: str, request: Mapping[str, Any]) -> _Change:
        write = self._write(kind, request)
        try:
            change = self._change(write)
        except _ConditionFailed as unmet:
            self._meter(f"{kind}Item", write_units(self._sizes.get(write.row, 0)), refused=True)
            more = {"Item": unmet.old} if write.returns_old and unmet.old is not None else {}
            raise _Error("ConditionalCheckFailedException", "The conditional request failed", more) from None
        self._meter_writes(f"{kind}Item", [change])
        self._commit([change])
        return change

    def _write(self, kind: str, request: Mapping[str, Any]) -> _Write:
        """Parse a write.

        Raises:
            Invalid: the write is wrong for any item.
        """
        self._named(request["TableName"])
        prepared, values = _prepared_write(request), _values(request.get("ExpressionAttributeValues"))
        if unknown := request.keys() - _PARAMETERS[kind]:
            raise TypeError(f"{kind} has no parameter {min(unknown)}")
        prepared.check(values)
        update = prepared.update
        if update is not None and not update.roots.isdisjoint(self._key_names):
            raise Invalid(
                "One or more parameter values were invalid: Cannot update attribute "
                f"{min(update.roots & self._key_names)}. This attribute is part of the key"
            )
        returns_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        if kind == "Put":
            item = normalize_item(request["Item"])
            row = self._row_of(item, _NOT_TYPE)
            self._check_index_keys(item)
            size_in_bytes = item_size(item)
            if size_in_bytes > _ITEM_BYTES:
                raise Invalid("Item size has exceeded the maximum allowed size")
            return _Write(kind, row, item, item, size_in_bytes, prepared, values, returns_old)
        key = request["Key"]
        row = self._row(key)
        return _Write(kind, row, key, None, 0, prepared, values, returns_old)

    def _write_in_transaction(self, kind: str, request: Mapping[str, Any]) -> _Write | Invalid:
        """Parse one write of a transaction; return the error if its item is invalid, as a cancellation reason."""
        _prepared_write(request).check(_values(request.get("ExpressionAttributeValues")))
        try:
            return self._write(kind, request)
        except Invalid as invalid:
            if "Key" in request or "key" not in str(invalid).lower():
                raise
            return invalid

    def _change(self, write: _Write) -> _Change:
        """Return the change that a write makes.

        Raises:
            _ConditionFailed: its condition is false.
            Invalid: the update does not fit the item.
        """
        old = self._items.get(write.row)
        condition, update = write.prepared.condition, write.prepared.update
        if condition is not None and not condition.holds(_NO_VALUES if old is None else old, write.values):
            raise _ConditionFailed(old)
        if write.kind == "Delete":
            return _Change(write.row, old, None, 0)
        if write.kind == "ConditionCheck":
            return _Change(write.row, old, old, 0)
        if write.item is not None:
            return _Change(write.row, old, write.item, write.size)
        if old is None:
            old_or_key: Item = normalize_item(write.key)
            bytes_before = item_size(old_or_key)
        else:
            old_or_key, bytes_before = old, self._sizes[write.row]
        if update is None:
            return _Change(write.row, old, old_or_key, bytes_before)
        new = update.apply(old_or_key, write.values, exists=old is not None)
        if old is None and not update.creates:
            return _Change(write.row, None, None, 0)
        self._check_index_keys(new, update.roots)
        grown = sum([size(name, new.get(name)) - size(name, old_or_key.get(name)) for name in update.roots])
        if bytes_before + grown > _ITEM_BYTES:
            raise Invalid("Item size to update has exceeded the maximum allowed size")
        return _Change(write.row, old, new, bytes_before + grown)

    def _decide(self, writes: Sequence[_Write | Invalid]) -> tuple[list[_Change], list[dict[str, Any]]]:
        """Return the changes of a transaction, and its cancellation reasons by position if a write fails."""
        changes: list[_Change] = []
        reasons: list[dict[str, Any]] = []
        for write in writes:
            try:
                if isinstance(write, Invalid):
                    raise write
                changes.append(self._change(write))
                reasons.append({"Code": "None"})
            except _ConditionFailed as unmet:
                assert isinstance(write, _Write)
                reason = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
                more = {"Item": unmet.old} if write.returns_old and unmet.old is not None else {}
                reasons.append(reason | more)
            except Invalid as invalid:
                reasons.append({"Code": "ValidationError", "Message": str(invalid)})
        return changes, reasons

    def _commit(self, changes: Sequence[_Change], identity: Mapping[str, str] | None = None) -> None:
        for change in changes:
            row, old, new, bytes_now = change
            if old is new or old == new:
                continue
            self.sequence += 1
            if self.streams:
                self.stream.append(self._record(change, identity))
            if new is None:
                del self._items[row], self._sizes[row]
            else:
                self._items[row], self._sizes[row] = new, bytes_now
            if old is None or new is None:
                self._scanned = None
            for index in self._all_indexes:
                index.move(row, old, new)
            if self._stale is not None:
                self._history.append((row, old))

    def _meter_reads(self, operation: str, items: Iterable[Item | None], times: float) -> None:
        if self.meters:
            sizes = (0 if item is None else item_size(item) for item in items)
            self._meter(operation, sum(map(read_units, sizes)) * times)

    def _meter_writes(self, operation: str, changes: Iterable[_Change], times: int = 1) -> None:
        """Report the consumption of writes to the meters.

        Args:
            times: the factor on the cost of the table; the cost of the indexes does not change.
        """
        if self.meters:
            changes = list(changes)
            units = sum(write_units(self._sizes.get(change.row, 0), change.size) for change in changes)
            indexes = {name: sum(map(index.units, changes)) for name, index in self._indexes.items()}
            self._meter(operation, times * units, {name: count for name, count in indexes.items() if count})

    def _meter(
        self, operation: str, units: float, indexes: Mapping[str, int] | None = None, *, refused: bool = False
    ) -> None:
        for meter in tuple(self.meters):
            meter(Consumed(operation, units, indexes or {}, refused))

    def _record(self, change: _Change, identity: Mapping[str, str] | None) -> dict[str, Any]:
        row, old, new, bytes_now = change
        image = old if new is None else new
        assert image is not None
        what: dict[str, Any] = {
            "ApproximateCreationDateTime": self._now_ms() // 1000,
            "Keys": self._key_of(image),
            "SequenceNumber": f"{self.sequence:021d}",
            "SizeBytes": bytes_now + self._sizes.get(row, 0),
            "StreamViewType": self._view_type,
        }
        if new is not None and self._view_type in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
            what["NewImage"] = new
        if old is not None and self._view_type in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
            what["OldImage"] = old
        record = {
            "eventID": f"{self.sequence:032x}",
            "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventSourceARN": f"arn:aws:dynamodb:us-east-1:123456789012:table/{self.name}/stream/2026-01-01T00:00:00.000",
            "dynamodb": what,
        }
        return record if identity is None else record | {"userIdentity": dict(identity)}

    def _seen_token(self, token: str, items: object) -> bool:
        """Return whether this transaction was already done, by its token."""
        now = self._now_ms()
        self._tokens = {each: done for each, done in self._tokens.items() if done[0] > now}
        if token not in self._tokens:
            return False
        if self._tokens[token][1] != repr(items):
            raise _Error(
                "IdempotentParameterMismatchException",
                "DynamoDB rejected the request because you retried a request with a different payload but with an "
                "idempotent token that was already used.",
            )
        return True


class _Paginator:
    def __init__(self, method: Callable[..., Answer]) -> None:
        self._method = method

    def paginate(self, **request: Any) -> Iterator[Answer]:
        while True:
            page = self._method(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


_CONDITIONAL = {
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
}
_PARAMETERS = {
    "Put": _CONDITIONAL | {"Item"},
    "Update": _CONDITIONAL | {"Key", "UpdateExpression"},
    "Delete": _CONDITIONAL | {"Key"},
    "ConditionCheck": _CONDITIONAL | {"Key"},
}


def _prepared(names: Mapping[str, str] | None, values: Mapping[str, Any] | None, **expressions: str | None) -> Prepared:
    return prepare(
        None if names is None else tuple(names.items()), None if values is None else frozenset(values), **expressions
    )


def _prepared_write(request: Mapping[str, Any]) -> Prepared:
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    return prepare(
        None if names is None else tuple(names.items()),
        None if values is None else frozenset(values),
        condition=request.get("ConditionExpression"),
        update=request.get("UpdateExpression"),
    )


def _values(values: Mapping[str, Any] | None) -> dict[str, Value]:
    return {name: normalize(value) for name, value in values.items()} if values else _NO_VALUES


def _projected(item: Item, paths: tuple[DocumentPath, ...] | None) -> Item:
    return item if paths is None else project(item, paths)


def _of_type(value: Value | None, kind: str) -> Any:
    """Return the value of a key attribute in a form that sorts, or None if it has another type."""
    raw = None if value is None else value.get(kind)
    return number(raw) if raw is not None and kind == "N" else raw


def _scan_order(row: Row) -> tuple[int, str, Any]:
    """Return the sort key of a scan: a hash of the partition key, then the order in the partition."""
    where = str(row[0])
    return crc32(where.encode()), where, row[1]


Span = Callable[[list[Entry]], tuple[int, int]]


def _key_condition(index: _Index, tests: tuple[KeyTest, ...], values: dict[str, Value]) -> tuple[Any, Span | None]:
    """Return the partition of a key condition, and a function that selects its entries.

    Raises:
        Invalid: the condition does not fit the keys.
    """
    by_name = {each.name: each for each in tests}
    if len(by_name) < len(tests):
        raise Invalid("KeyConditionExpressions must only contain one condition per key")
    hashed = by_name.pop(index.hash.name, None)
    if hashed is None:
        raise Invalid(f"Query condition missed key schema element: {index.hash.name}")
    if hashed.operator != "=":
        raise Invalid("Query key condition not supported")
    (where,) = _key_values(index.hash, hashed, values)
    if not by_name:
        return where, None
    ranged = by_name.pop(index.range.name, None) if index.range is not None else None
    if ranged is None or index.range is None or by_name:
        raise Invalid(
            "Query condition missed key schema element: " + (index.range.name if index.range else min(by_name))
        )
    return where, _span(ranged.operator, _key_values(index.range, ranged, values))


def _key_values(attribute: _Attribute, test: KeyTest, values: dict[str, Value]) -> list[Any]:
    found = []
    for reference in test.values:
        value = values[reference]
        if attribute.type not in value:
            raise Invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
        if not value[attribute.type]:
            raise Invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                f"string value. Key: {attribute.name}"
            )
        found.append(_of_type(value, attribute.type))
    if test.operator == "BETWEEN" and found[0] > found[1]:
        raise Invalid(
            "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower "
            "bound"
        )
    return found


_ORDER = itemgetter(0)


def _span(operator: str, bounds: list[Any]) -> Span:
    low = bounds[0]
    if operator == "begins_with":

        def begins_with(entries: list[Entry]) -> tuple[int, int]:
            length = len(low)
            return (
                bisect_left(entries, low, key=_ORDER),
                bisect_right(entries, low, key=lambda entry: entry[0][:length]),
            )

        return begins_with
    high = bounds[-1]
    left = {">": bisect_right}.get(operator, bisect_left)
    right = {"<": bisect_left}.get(operator, bisect_right)

    def span(entries: list[Entry]) -> tuple[int, int]:
        first = 0 if operator in ("<", "<=") else left(entries, low, key=_ORDER)
        last = len(entries) if operator in (">", ">=") else right(entries, high, key=_ORDER)
        return first, last

    return span


# --- errors ----------------------------------------------------------------------------------------------------------


class _Error(Exception):
    """An error response."""

    def __init__(self, code: str, message: str, more: Mapping[str, Any] | None = None) -> None:
        self.code, self.message, self.more = code, message, more or {}


def _cancelled(reasons: list[dict[str, Any]]) -> NoReturn:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    raise _Error("TransactionCanceledException", message, {"CancellationReasons": reasons})


class _Operation:
    """Raises errors of the block as botocore's ClientError."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Invalid):
            error = _Error("ValidationException", str(error))
        if isinstance(error, _Error):
            response: Any = {
                "Error": {"Code": error.code, "Message": error.message},
                "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "", "HTTPHeaders": {}, "RetryAttempts": 0},
                "message": error.message,
                **error.more,
            }
            raise ClientError(response, self._name) from None
