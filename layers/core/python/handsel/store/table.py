"""The table as the entity modules use it: typed reads, conditional writes, retries.

Each read is one DynamoDB call, except where its docstring says otherwise. Every method may raise
`errors.ServiceUnavailable` when the retries are exhausted.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from handsel.domain import errors
from handsel.store.attributes import Attributes, Item, dump_item, load_item
from handsel.store.keys import Index, Key
from handsel.store.retries import Retrier, error_code
from handsel.store.writes import (
    Check,
    ConditionFailed,
    Delete,
    Put,
    Update,
    Write,
    build_parameters,
    evaluate,
    find_names,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from handsel.store.rollout import Copy

S = TypeVar("S")
T = TypeVar("T")

# The limit of BatchGetItem.
_MAX_BATCH_GET = 100


class Table:
    """One DynamoDB table behind a low-level client. Thread-safe as far as the client is.

    Attributes:
        store_key_by_product: a cache of the key of the STORE item that belongs to each product, so that both are read in
            one call. Filled as this process reads products.
        rollout: the copy of the rollout that this process uses, or None; see `store.rollout`.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        random: Random | None = None,
        *,
        retrier: Retrier | None = None,
    ) -> None:
        self.client = client
        self.name = name
        self.retrier = retrier or Retrier(sleep, random or SystemRandom())
        self.store_key_by_product: dict[Key, Key] = {}
        self.rollout: Copy | None = None

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """Return one item, or None."""
        response = self.retrier.call(
            lambda: self.client.get_item(TableName=self.name, Key=key.attributes(), ConsistentRead=consistent)
        )
        return load_item(response["Item"]) if "Item" in response else None

    def connect(self, key: Key) -> None:
        """Open a connection and run the code of a call once, by reading an item that need not exist.

        Best effort: errors are ignored, and surface at the first real call.
        """
        with suppress(BotoCoreError, ClientError):
            self.client.get_item(TableName=self.name, Key=key.attributes())

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return the items that exist, by key: one call for each 100 keys."""
        found: dict[Key, Item] = {}
        remaining = list(dict.fromkeys(keys))
        while remaining:
            batch, remaining = remaining[:_MAX_BATCH_GET], remaining[_MAX_BATCH_GET:]
            for attributes in self._get_batch(batch, consistent=consistent):
                item = load_item(attributes)
                found[Key(item["pk"], item["sk"])] = item
        return found

    def with_cached(self, items: Mapping[Key, Item | None]) -> "Table":
        """Return a view that serves `items` from memory. None marks a missing item."""
        from handsel.store.cached_table import CachedTable  # imported here, because few functions need it

        return CachedTable(self, items)

    def run_concurrently(self, *calls: Callable[[], T]) -> list[T]:
        """Make independent calls concurrently; see `concurrency.run_concurrently`."""
        if len(calls) == 1:
            return [calls[0]()]
        from handsel.store import concurrency  # imported here, because most functions do not need threads

        return concurrency.run_concurrently(calls)

    def map_grouped(self, work: Callable[[S], T], items: Sequence[S], *, key: Callable[[S], Hashable]) -> list[T]:
        """Apply `work` to each item, those with the same key one after the other; see `concurrency.map_grouped`."""
        from handsel.store import concurrency

        return concurrency.map_grouped(self.run_concurrently, work, items, key=key)

    def write(self, *writes: Write | Callable[[], Write], token: str | None = None) -> None:
        """Make all of the writes or none. A single write without a token is not a transaction, and costs half.

        Args:
            writes: a write whose condition depends on the clock is a function. It is called again for each attempt,
                because a deadline may pass between two attempts.
            token: for writes whose effect is not idempotent: within ten minutes, DynamoDB makes the writes of a token
                once. At most 36 characters.

        Raises:
            ConditionFailed: a condition was false.
            IdempotencyKeyReused: the token was used for other writes.
            ServiceUnavailable: the retries are exhausted.
        """
        if len(writes) == 1 and token is None:
            self._write_one(writes[0])
        else:
            self._transact(writes, {} if token is None else {"ClientRequestToken": token})

    def query_newest(self, index: Index, pk: str, *, limit: int, before: str | None = None) -> list[tuple[str, Key]]:
        """Return one page of a list, newest first: (sort key, key) pairs, those after the position `before`."""
        values = {":pk": pk} | ({":before": before} if before is not None else {})
        condition = "#pk = :pk" + (" AND #sk < :before" if before is not None else "")
        response = self.retrier.call(
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
        items = [load_item(attributes) for attributes in response["Items"]]
        return [(item[index.sk], Key(item["pk"], item["sk"])) for item in items]

    def count(self, first: Key, last: Key, condition: str) -> int:
        """Count the items from `first` to `last` of one partition that meet a condition, which names no values.

        One call for each MB of items.
        """
        parameters: Any = {
            "TableName": self.name,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "FilterExpression": condition,
            "ExpressionAttributeNames": find_names(f"#pk #sk {condition}"),
            "ExpressionAttributeValues": dump_item({":pk": first.pk, ":first": first.sk, ":last": last.sk}),
            "Select": "COUNT",
        }
        return sum(page["Count"] for page in self._pages(parameters))

    def list_partition(self, pk: str, prefix: str = "") -> Iterator[Key]:
        """Yield the keys of one partition whose sort key has a prefix, read consistently. Fetches pages as needed."""
        condition = "#pk = :pk" + (" AND begins_with(#sk, :prefix)" if prefix else "")
        parameters: Any = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ProjectionExpression": "#pk, #sk",
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"},
            "ExpressionAttributeValues": dump_item({":pk": pk} | ({":prefix": prefix} if prefix else {})),
            "ConsistentRead": True,
        }
        for page in self._pages(parameters):
            for attributes in page["Items"]:
                yield Key(**load_item(attributes))

    def query_earliest(self, index: Index, pk: str, *, until: str) -> Iterator[str]:
        """Yield the sort keys of one partition of an index up to `until`, earliest first. Fetches pages as needed."""
        parameters: Any = {
            "TableName": self.name,
            "IndexName": index.name,
            "KeyConditionExpression": "#pk = :pk AND #sk <= :until",
            "ExpressionAttributeNames": {"#pk": index.pk, "#sk": index.sk},
            "ExpressionAttributeValues": dump_item({":pk": pk, ":until": until}),
        }
        for page in self._pages(parameters):
            for attributes in page["Items"]:
                yield load_item(attributes)[index.sk]

    def _pages(self, parameters: Any) -> Iterator[Any]:
        """Yield the pages of a query."""
        while True:
            page = self.retrier.call(lambda: self.client.query(**parameters))
            yield page
            if "LastEvaluatedKey" not in page:
                return
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _get_batch(self, batch: Sequence[Key], *, consistent: bool = True) -> list[Attributes]:
        remaining: Any = {self.name: {"Keys": [key.attributes() for key in batch], "ConsistentRead": consistent}}
        found: list[Any] = []
        for pause in self.retrier.pauses():
            response = self.retrier.call(partial(self.client.batch_get_item, RequestItems=remaining))
            found += response["Responses"].get(self.name, [])
            remaining = response.get("UnprocessedKeys")
            if not remaining:
                return found
            self.retrier.sleep(pause)
        raise errors.ServiceUnavailable(is_partial=True)

    def _write_one(self, write: Write | Callable[[], Write]) -> None:
        def call() -> object:
            current = evaluate(write)
            parameters = build_parameters(current, self.name)
            match current:
                case Put():
                    return self.client.put_item(**parameters)
                case Update():
                    return self.client.update_item(**parameters)
                case Delete():
                    return self.client.delete_item(**parameters)
                case Check():
                    raise ValueError("a check alone writes nothing")

        try:
            self.retrier.call(call)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            raise ConditionFailed([_old(error.response)]) from error

    def _transact(self, writes: Sequence[Write | Callable[[], Write]], options: Mapping[str, Any]) -> None:
        def call() -> object:
            items = [
                cast(
                    "TransactWriteItemTypeDef",
                    {
                        "ConditionCheck" if isinstance(write, Check) else type(write).__name__: build_parameters(
                            write, self.name
                        )
                    },
                )
                for write in map(evaluate, writes)
            ]
            return self.client.transact_write_items(TransactItems=items, **options)

        try:
            self.retrier.call(call)
        except ClientError as error:
            if error_code(error) == "IdempotentParameterMismatchException":
                raise errors.IdempotencyKeyReused from error
            reasons = error.response.get("CancellationReasons", [])
            if {reason["Code"] for reason in reasons} - {"None"} != {"ConditionalCheckFailed"}:
                raise
            raise ConditionFailed([None if reason["Code"] == "None" else _old(reason) for reason in reasons]) from error


def _old(response: Mapping[str, Any]) -> Item:
    """Return the item that failed a condition; empty if there was none."""
    return load_item(response.get("Item", {}))
