"""Views of accounts and of the counters of an order center."""

from typing import Self

from handsel.api.views.base import Count, Timestamp, View
from handsel.domain import models
from handsel.domain.summary import Counts
from handsel.domain.times import format_timestamp


class CountsView(View):
    """The counters of an order center. Changes of the last few seconds may be missing.

    Attributes:
        to_pay: the number of orders that are `pending`.
        to_give: the number of paid orders with available units (`state=to_give`).
        awaiting_claim: the number of sent gifts that are `open`.
        to_use: the number of vouchers that are `usable`.
        to_receive: the number of parcels that are still to be delivered (`state=to_receive`).
        returned: the number of sent gifts that are `returned`.
        refunded: the number of orders that are `refunded`.
        unread: the number of unread messages.
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
        """Return the view of the counters."""
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
    """The link to the order center, with the counters for its badges.

    Attributes:
        url: the path of the order center in this API.
        counts: the counters.
    """

    url: str
    counts: CountsView


class ProfileView(View):
    """An account, as its owner sees it.

    Attributes:
        user_id: the ID of the user.
        handle: the unique name by which other users find this user; null if there is none.
        display_name: the name that other users see.
        recommendations: false if the user switched recommendations and the history of viewed products off.
        created_at: the time at which the account was created.
        order_center: the link to the order center, with counters.
    """

    user_id: str
    handle: str | None
    display_name: str
    recommendations: bool
    created_at: Timestamp
    order_center: OrderCenterEntry

    @classmethod
    def of(cls, account: models.Account, counts: Counts) -> Self:
        """Return the view of an account with its owner's counters."""
        return cls(
            user_id=account.user_id,
            handle=account.handle,
            display_name=account.display_name,
            recommendations=account.recommendations,
            created_at=format_timestamp(account.created_at),
            order_center=OrderCenterEntry(url="/order-center", counts=CountsView.of(counts)),
        )


class PersonView(View):
    """A user, as other users see them.

    Attributes:
        user_id: the ID of the user, which can be the `recipient_id` of a gift.
        handle: the unique name by which the user can be found; null if there is none.
        display_name: the name that the user chose.
    """

    user_id: str
    handle: str | None
    display_name: str

    @classmethod
    def of(cls, account: models.Account) -> Self:
        """Return the public view of an account."""
        return cls(user_id=account.user_id, handle=account.handle, display_name=account.display_name)
