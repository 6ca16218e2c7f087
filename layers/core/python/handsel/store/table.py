"""The table as the entities use it: typed calls, conflicts retried, refusals by position.

What DynamoDB answers to a cancelled transaction is positional. Only when every reason is a failed condition is the
answer final; a conflict or a throttle means that nobody decided yet, so it is tried again, and at last
raised as ServiceUnavailable.
"""

import re
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from handsel.domain import errors
from handsel.store.attributes import Attributes, Item, dump, dump_item, load_item
from handsel.store.keys import Index, Key

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

S = TypeVar("S")
T = TypeVar("T")

# How many calls are under way side by side: botocore keeps as many connections.
THREADS = 10
_ATTEMPTS = 7
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.4
_BATCH_GET = 100
# So many answers may be lost: two that take their time, and the caller's own time is up.
_MAX_LOST_RESPONSES = 2
_RANDOM = SystemRandom()
_NAME = re.compile(r"#(\w+)")
_RETRYABLE_CODES = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


@dataclass(frozen=True, slots=True)
class Put:
    """A new item: it is written only where there is none."""

    item: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Update:
    """A change of one item, under a condition on what it leaves.

    Attributes:
        expression, condition: `#word` stands for the attribute `word`; `:word` for a value.
        names: what a `#word` stands for where it isn't the word itself.
    """

    key: Key
    expression: str
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """The end of one item, under a condition on what it is.

    Attributes:
        condition, values: as in `Update`.
    """

    key: Key
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """No change: one item has to be as `condition` says for the others to be written. In transactions only.

    Attributes:
        condition, values: as in `Update`.
    """

    key: Key
    condition: str
    values: Mapping[str, object] = field(default_factory=dict)


Write = Put | Update | Delete | Check


class ConditionFailed(errors.HandselError):
    """A write whose conditions did not hold. Final: at that moment the table was so.

    Attributes:
        old: for each write, in order: the item that made it fail (`{}` where there was none), or None where its
            condition held.
    """

    def __init__(self, old: Sequence[Item | None]) -> None:
        super().__init__("a condition did not hold")
        self.old = tuple(old)


class Table:
    """One DynamoDB table behind a low-level client. Thread-safe as far as the client is.

    Attributes:
        store_key_by_product: a cache of the key of the STORE item that belongs to each product, so that both are read in
            one call.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        random: Random = _RANDOM,
    ) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep
        self._random = random
        self.store_key_by_product: dict[Key, Key] = {}

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        answer = self._call(
            lambda: self.client.get_item(TableName=self.name, Key=key.attributes(), ConsistentRead=consistent)
        )
        return load_item(answer["Item"]) if "Item" in answer else None

    def connect(self, key: Key) -> None:
        """Opens a connection, and runs once what each call runs, by reading an item that need not be there.

        It is never needed: whatever goes wrong is left to the first call that is.
        """
        with suppress(BotoCoreError, ClientError):
            self.client.get_item(TableName=self.name, Key=key.attributes())

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """The items that exist; up to 100 keys are one call."""
        found: dict[Key, Item] = {}
        wanted = list(dict.fromkeys(keys))
        while wanted:
            batch, wanted = wanted[:_BATCH_GET], wanted[_BATCH_GET:]
            for attributes in self._get_batch(batch, consistent=consistent):
                item = load_item(attributes)
                found[Key(item["pk"], item["sk"])] = item
        return found

    def with_cached(self, items: Mapping[Key, Item | None]) -> "Table":
        """This table, for a reader who has read these items: they are not asked for again. None is not there."""
        return CachedTable(self, items)

    def run_concurrently(self, *calls: Callable[[], T]) -> list[T]:
        """Makes independent calls side by side; answers in their order. The first that fails fails all.

        When it answers, all of them are over: what goes on behind an answer is stopped by Lambda anywhere.
        """
        if len(calls) == 1:
            return [calls[0]()]
        running = [_threads().submit(call) for call in calls]
        for each in running:
            each.exception()
        return [each.result() for each in running]

    def map_grouped(self, work: Callable[[S], T], items: Sequence[S], *, key: Callable[[S], Hashable]) -> list[T]:
        """Does the work of each item, lanes side by side; answers in the order of the items.

        What writes the same item belongs into one lane, where one goes after the other: side by side they would be in
        conflict, and each conflict costs a try. The work must not call this or `run_concurrently`, whose threads it runs on.
        """
        lanes: dict[Hashable, list[int]] = {}
        for place, item in enumerate(items):
            lanes.setdefault(key(item), []).append(place)

        def go_through(places: list[int]) -> list[tuple[int, T]]:
            return [(place, work(items[place])) for place in places]

        # The longest first: begun last, it would be waited for alone.
        longest_first = sorted(lanes.values(), key=len, reverse=True)
        done = dict(
            chain.from_iterable(self.run_concurrently(*(partial(go_through, places) for places in longest_first)))
        )
        return [done[place] for place in range(len(items))]

    def write(self, *writes: Write | Callable[[], Write]) -> None:
        """All of the writes or none; a single one is no transaction and costs half.

        Args:
            writes: one whose condition is about the clock is a function, which is asked again for each try: what was in
                time when it was tried first may be too late when it is tried again.

        Raises:
            ConditionFailed: a condition did not hold.
            ServiceUnavailable: nobody could decide in bounded tries.
        """
        if len(writes) == 1:
            self._write_one(writes[0])
        else:
            self._transact(writes)

    def newest(self, index: Index, pk: str, *, limit: int, before: str | None = None) -> list[tuple[str, Key]]:
        """One page of a list, newest first: (sort key, key) pairs, those after the position `before`."""
        values = {":pk": pk} | ({":before": before} if before is not None else {})
        condition = "#pk = :pk" + (" AND #sk < :before" if before is not None else "")
        answer = self._call(
            lambda: self.client.query(
                TableName=self.name,
                IndexName=index.name,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#pk": index.pk, "#sk": index.sk}
                if before is not None
                else {"#pk": index.pk},
                ExpressionAttributeValues=dump_item(values),
                ScanIndexForward=False,
                Limit=limit,
            )
        )
        items = [load_item(attributes) for attributes in answer["Items"]]
        return [(item[index.sk], Key(item["pk"], item["sk"])) for item in items]

    def count(self, first: Key, last: Key, condition: str) -> int:
        """How many items from `first` to `last` of one partition meet a condition, which names no values."""
        names = {f"#{word}": word for word in ("pk", "sk", *_NAME.findall(condition))}
        request: Any = {
            "TableName": self.name,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "FilterExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": dump_item({":pk": first.pk, ":first": first.sk, ":last": last.sk}),
            "Select": "COUNT",
        }
        counted = 0
        while True:
            answer = self._call(lambda: self.client.query(**request))
            counted += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return counted
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def earliest(self, index: Index, pk: str, *, until: str) -> Iterator[str]:
        """Sort keys of one partition of an index up to `until`, earliest first, fetched page by page as they are used."""
        request: Any = {
            "TableName": self.name,
            "IndexName": index.name,
            "KeyConditionExpression": "#pk = :pk AND #sk <= :until",
            "ExpressionAttributeNames": {"#pk": index.pk, "#sk": index.sk},
            "ExpressionAttributeValues": dump_item({":pk": pk, ":until": until}),
        }
        while True:
            answer = self._call(lambda: self.client.query(**request))
            for attributes in answer["Items"]:
                yield load_item(attributes)[index.sk]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    # --- inside ----------------------------------------------------------------------------------------------

    def _pauses(self) -> Iterator[float]:
        """Full jitter: how long to wait after each failed try."""
        for attempt in range(_ATTEMPTS):
            yield self._random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))

    def _call(self, call: Callable[[], T]) -> T:
        """One call to DynamoDB, tried again while nobody decided, and told as ServiceUnavailable at last.

        So is a lost answer, once: the second try finds what the first one did, and so does the caller's own.
        """
        lost = 0
        for pause in self._pauses():
            try:
                return call()
            except (HTTPClientError, BotoConnectionError) as error:
                lost += 1
                if lost == _MAX_LOST_RESPONSES:
                    raise errors.ServiceUnavailable from error
            except ClientError as error:
                if not _is_retryable(error):
                    raise
            self._sleep(pause)
        raise errors.ServiceUnavailable

    def _get_batch(self, batch: Sequence[Key], *, consistent: bool = True) -> list[Attributes]:
        request: Any = {self.name: {"Keys": [key.attributes() for key in batch], "ConsistentRead": consistent}}
        found: list[Any] = []
        for pause in self._pauses():
            answer = self._call(partial(self.client.batch_get_item, RequestItems=request))
            found += answer["Responses"].get(self.name, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
            self._sleep(pause)
        raise errors.ServiceUnavailable

    def _write_one(self, made: Write | Callable[[], Write]) -> None:
        def call() -> object:
            write = _as_of_now(made)
            request = self._request(write)
            match write:
                case Put():
                    return self.client.put_item(**request)
                case Update():
                    return self.client.update_item(**request)
                case Delete():
                    return self.client.delete_item(**request)
                case Check():
                    raise ValueError("a check alone writes nothing")

        try:
            self._call(call)
        except ClientError as error:
            if _code(error) != "ConditionalCheckFailedException":
                raise
            raise ConditionFailed([_old(error.response)]) from error

    def _transact(self, writes: Sequence[Write | Callable[[], Write]]) -> None:
        def call() -> object:
            items = [
                cast(
                    "TransactWriteItemTypeDef",
                    {"ConditionCheck" if isinstance(write, Check) else type(write).__name__: self._request(write)},
                )
                for write in map(_as_of_now, writes)
            ]
            return self.client.transact_write_items(TransactItems=items)

        try:
            self._call(call)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            if {reason["Code"] for reason in reasons} - {"None"} != {"ConditionalCheckFailed"}:
                raise
            raise ConditionFailed([None if reason["Code"] == "None" else _old(reason) for reason in reasons]) from error

    def _request(self, write: Write) -> Any:
        if isinstance(write, Put):
            return {
                "TableName": self.name,
                "Item": dump_item(write.item),
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        expression, renamed = (write.expression, write.names) if isinstance(write, Update) else ("", {})
        names = {f"#{word}": word for word in _NAME.findall(f"{expression} {write.condition}")}
        request = {
            "TableName": self.name,
            "Key": write.key.attributes(),
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": names | dict(renamed),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if expression:
            request["UpdateExpression"] = expression
        if write.values:
            request["ExpressionAttributeValues"] = {name: dump(value) for name, value in write.values.items()}
        return request


class CachedTable(Table):
    """What `with_cached` answers. Writes and lists go to the table as ever."""

    def __init__(self, table: Table, items: Mapping[Key, Item | None]) -> None:
        super().__init__(table.client, table.name, table._sleep, table._random)
        self._items = items

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return self._items[key] if key in self._items else super().get(key, consistent=consistent)

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        wanted = list(dict.fromkeys(keys))
        missing = [key for key in wanted if key not in self._items]
        found = {key: item for key in wanted if (item := self._items.get(key)) is not None}
        return found | (super().get_many(missing, consistent=consistent) if missing else {})


@cache
def _threads() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # most functions make one call after the other

    return ThreadPoolExecutor(THREADS, "table")


def _as_of_now(made: Write | Callable[[], Write]) -> Write:
    return made() if callable(made) else made


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_retryable(error: ClientError) -> bool:
    """Whether nobody said yes or no. Of a transaction's reasons, which are by position, some may be failed conditions."""
    if _code(error) != "TransactionCanceledException":
        return _code(error) in _RETRYABLE_CODES
    codes = {reason["Code"] for reason in error.response["CancellationReasons"]} - {"None", "ConditionalCheckFailed"}
    return bool(codes) and codes <= _RETRYABLE_CODES


def _old(answer: Mapping[str, Any]) -> Item:
    """The item that made a condition fail; empty where there was none."""
    return load_item(answer.get("Item", {}))
