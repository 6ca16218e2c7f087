"""Check the words that users send to others: gift messages, thanks, and the notes of refund requests and decisions.

The rule `links_in_messages` of the policy decides whether they may contain contact data. A moderation service of the operator, if
the stack has one, is asked last, once everything else is right. Nothing is written.
"""

from functools import partial
from typing import TYPE_CHECKING

from handsel.domain import errors
from handsel.store.table import Table

if TYPE_CHECKING:
    from handsel.domain.content import ContentChecker
    from handsel.domain.models import Gift
    from handsel.domain.policy import Policy


def check_message(
    table: Table,
    text: str | None,
    *,
    author: str,
    reader: str | None,
    policy: "Policy",
    pointer: str,
    checker: "ContentChecker | None" = None,
    exchanged: bool = False,
) -> None:
    """Check words that one user sends to another.

    Args:
        text: the words; None, as of a blessing of the catalogue, is always allowed.
        author: the id of the user or the store who wrote them.
        reader: the id of the user who reads them; None if this is not known, as of a gift by link, or if it is a store.
        policy: the policy of the gift, of the order of a holding, or of new orders.
        pointer: the JSON pointer of the words in the request.
        checker: the moderation service; None if the stack has none, or if it was asked about these words before.
        exchanged: True if it is known that one of the two claimed a gift of the other, as when a claimer thanks.

    Raises:
        MessageRefused: the words contain contact data, which the policy does not allow between these users, or the moderation
            service refuses them.
        ServiceUnavailable
    """
    if text is None:
        return
    if policy.links_in_messages != "always":
        from handsel.domain.content import find_contact_data  # imported here, because most gifts have a blessing

        found = find_contact_data(text)
        if found is not None and not _may_have_contact_data(table, author, reader, policy, exchanged=exchanged):
            raise errors.MessageRefused(pointer, f"must not contain {found}")
    if checker is not None and not checker.is_allowed(text):
        raise errors.MessageRefused(pointer, "is not allowed by the rules of this service")


def check_gift(table: Table, gift: "Gift", policy: "Policy", *, pointer: str, checker: "ContentChecker | None") -> None:
    """Check the message of a new gift, for its recipient and for the person to whom it is passed on at its end.

    Raises:
        MessageRefused, ServiceUnavailable
    """
    check = partial(check_message, table, gift.wrapping.blessing, author=gift.giver_id, policy=policy, pointer=pointer)
    if gift.at_end is not None and gift.at_end.recipient_id is not None:
        check(reader=gift.at_end.recipient_id)
    check(reader=gift.recipient_id, checker=checker)


def _may_have_contact_data(table: Table, author: str, reader: str | None, policy: "Policy", *, exchanged: bool) -> bool:
    if policy.links_in_messages == "never" or reader is None:
        return False
    if exchanged:
        return True
    from handsel.store import relations  # imported here, because few messages have contact data

    return relations.have_exchanged(table, author, reader)
