"""Views of blocked users."""

from typing import Self

from handsel.api.views.accounts import PersonView
from handsel.api.views.base import Timestamp
from handsel.domain.models import Account
from handsel.domain.times import format_timestamp


class BlockedView(PersonView):
    """A user whom the caller blocked.

    Attributes:
        blocked_at: the time since which the user is blocked.
    """

    blocked_at: Timestamp

    @classmethod
    def from_account(cls, account: Account, *, blocked_at: int) -> Self:
        """Return the view of an account that is blocked since a time."""
        return cls(
            user_id=account.user_id,
            handle=account.handle,
            display_name=account.display_name,
            blocked_at=format_timestamp(blocked_at),
        )
