"""Views of accounts and of the counters of an order center."""

from collections.abc import Callable
from typing import Self

from handsel.api.views.base import Count, Timestamp, Url, View, optional_timestamp
from handsel.domain import models
from handsel.domain.erasure import build_receipt
from handsel.domain.rollout import Feature, Rollout
from handsel.domain.states import ExportState
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
        tell_opened: false if givers are not notified when the user opens a gift.
        recommendations: false if the user switched recommendations and the history of viewed products off.
        gifts_from: who may name the user in a gift: `everybody`, `people_i_know` or `nobody`.
        created_at: the time at which the account was created.
        erase_at: the time at which the account is deleted; null if no deletion was requested.
        order_center: the link to the order center, with counters; null if the order center is not available to the user.
    """

    user_id: str
    handle: str | None
    display_name: str
    tell_opened: bool
    recommendations: bool
    gifts_from: models.GiftsFrom
    created_at: Timestamp
    erase_at: Timestamp | None
    order_center: OrderCenterEntry | None

    @classmethod
    def of(cls, account: models.Account, counts: Counts | None) -> Self:
        """Return the view of an account with its owner's counters; without the entry if there are none."""
        return cls(
            user_id=account.user_id,
            handle=account.handle,
            display_name=account.display_name,
            tell_opened=account.tell_opened,
            recommendations=account.recommendations,
            gifts_from=account.gifts_from,
            created_at=format_timestamp(account.created_at),
            erase_at=None if account.erase_at is None else format_timestamp(account.erase_at),
            order_center=None
            if counts is None
            else OrderCenterEntry(url="/order-center", counts=CountsView.of(counts)),
        )


class DeletedDataView(View):
    """Data that is deleted.

    Attributes:
        data: the name of the data.
        description: what it is.
    """

    data: str
    description: str


class KeptDataView(DeletedDataView):
    """Data that is kept.

    Attributes:
        reason: why it is kept.
        until: the time at which it is deleted at the latest; null if there is no fixed time.
    """

    reason: str
    until: Timestamp | None


class ErasureView(View):
    """The planned deletion of an account.

    Attributes:
        erase_at: the time at which the account is deleted.
        deleted: the data that is deleted then.
        kept: the data that is kept, with the reasons.
    """

    erase_at: Timestamp
    deleted: list[DeletedDataView]
    kept: list[KeptDataView]

    @classmethod
    def of(cls, erase_at: int) -> Self:
        """Return the view of a deletion at a time."""
        receipt = build_receipt(erase_at)
        return cls(
            erase_at=format_timestamp(erase_at),
            deleted=[
                DeletedDataView(data=each.data, description=each.description) for each in receipt if each.reason is None
            ],
            kept=[
                KeptDataView(
                    data=each.data,
                    description=each.description,
                    reason=each.reason,
                    until=None if each.until is None else format_timestamp(each.until),
                )
                for each in receipt
                if each.reason is not None
            ],
        )


class ExportView(View):
    """An export of the caller's data.

    Attributes:
        export_id: the ID of the export.
        state: `pending` until the file is written, then `ready` for a day, then `expired`.
        created_at: the time of the request.
        url: the link to the file, which works for five minutes; null unless the state is `ready`. The file has one JSON object
            per line, each with a `type`.
        expires_at: the time until which the file can be downloaded; null before it is written.
    """

    export_id: str
    state: ExportState
    created_at: Timestamp
    url: Url | None
    expires_at: Timestamp | None

    @classmethod
    def of(cls, export: models.Export, *, now: int, sign: Callable[[str], str]) -> Self:
        """Return the view of an export at the time `now`.

        Args:
            sign: makes the link to a file by its name.
        """
        state = export.state_at(now)
        ends_at = None if export.ready_at is None else export.ready_at + models.EXPORT_KEPT_MS
        return cls(
            export_id=export.export_id,
            state=state,
            created_at=format_timestamp(export.created_at),
            url=sign(export.object_name) if state is ExportState.READY else None,
            expires_at=optional_timestamp(ends_at),
        )


class FeaturesView(View):
    """The features that are available to the caller.

    Attributes:
        gifting: whether the caller can give units of orders.
        order_center: whether the caller has an order center.
    """

    gifting: bool
    order_center: bool

    @classmethod
    def of(cls, current: Rollout, user_id: str, *, now: int) -> Self:
        """Return the view of the features of a user at the time `now`."""
        return cls(**{str(feature): current.includes(feature, user_id, now=now) for feature in Feature})


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
