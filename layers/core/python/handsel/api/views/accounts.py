"""Views of accounts and of the counters of an order center."""

from typing import Self

from handsel.api.views.base import Count, Timestamp, View
from handsel.domain import models
from handsel.domain.summary import Counts
from handsel.domain.times import timestamp


class CountsView(View):
    """How many entries there are in the lists of an order center, as the clock has it.

    `to_pay`: orders that are `pending`. `to_give`: orders that are paid, with units at hand (`state=to_give`).
    `awaiting_claim`: gifts one gave that are `open`. `to_use`: vouchers that are `usable`. `to_receive`: parcels one waits
    for (`state=to_receive`). `returned`: gifts one gave that are `returned`. `refunded`: orders that are `refunded`.
    `unread`: messages.
    """

    to_pay: Count
    to_give: Count
    awaiting_claim: Count
    to_use: Count
    to_receive: Count
    returned: Count
    refunded: Count
    unread: Count

    @classmethod
    def of(cls, counts: Counts) -> Self:
        return cls(
            to_pay=counts.to_pay,
            to_give=counts.to_give,
            awaiting_claim=counts.awaiting_claim,
            to_use=counts.to_use,
            to_receive=counts.to_receive,
            returned=counts.returned,
            refunded=counts.refunded,
            unread=counts.unread,
        )


class OrderCenterEntry(View):
    url: str
    counts: CountsView


class ProfileView(View):
    """An account to its owner, and the entry of their order center with its badges."""

    user_id: str
    handle: str | None
    display_name: str
    recommendations: bool
    created_at: Timestamp
    order_center: OrderCenterEntry

    @classmethod
    def of(cls, account: models.Account, counts: Counts) -> Self:
        return cls(
            user_id=account.user_id,
            handle=account.handle,
            display_name=account.display_name,
            recommendations=account.recommendations,
            created_at=timestamp(account.created_at),
            order_center=OrderCenterEntry(url="/order-center", counts=CountsView.of(counts)),
        )


class PersonView(View):
    """Somebody to somebody else. Who has no handle cannot be found by one, but may be known by a gift."""

    user_id: str
    handle: str | None
    display_name: str

    @classmethod
    def of(cls, account: models.Account) -> Self:
        return cls(user_id=account.user_id, handle=account.handle, display_name=account.display_name)
