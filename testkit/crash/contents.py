"""Read a whole table as entities."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from handsel.domain.models import Gift
from handsel.domain.states import GiftState, OrderState, RefundStatus
from handsel.store import gifts, holdings, orders, refunds
from handsel.store.attributes import Item, load_item


class TableContents:
    """The orders, gifts, holdings, refunds and messages of a table."""

    def __init__(self, client: Any, table: str) -> None:
        found: dict[str, list[Item]] = defaultdict(list)
        for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for attributes in page["Items"]:
                item = load_item(attributes)
                found[item["sk"].partition("#")[0]].append(item)
        self.orders = {order.order_id: order for order in map(orders.from_item, found["ORDER"])}
        self.gifts = {gift.gift_id: gift for gift in map(gifts.from_item, found["GIFT"])}
        self.holdings = {holding.holding_id: holding for holding in map(holdings.from_item, found["HOLDING"])}
        self.refunds = [refunds.from_item(item) for item in found["REFUND"]]
        self.messages = found["MESSAGE"]

    def overdue(self, *, now: int) -> list[str]:
        """List what is due and not settled."""
        return [
            *(f"gift {gift.gift_id} is open" for gift in self._open() if gift.expires_at <= now),
            *(f"order {each.order_id} is pending" for each in self.orders.values() if each.state is OrderState.PENDING),
            *(f"refund {each.refund_id} is pending" for each in self.refunds if each.status is RefundStatus.PENDING),
        ]

    def _open(self) -> Iterator[Gift]:
        return (gift for gift in self.gifts.values() if gift.state is GiftState.OPEN)
