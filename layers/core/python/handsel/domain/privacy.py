"""The visibility table: which viewer may see which fact. Every view, message and event consults it.

Its rows are facts and its columns are viewers. A fact that is not allowed here is not shown anywhere.
"""

from collections.abc import Mapping
from enum import StrEnum

from handsel.domain.models import Gift, Kind


class Viewer(StrEnum):
    """The roles in which a gift, its holdings and its shipments are viewed."""

    ANYONE = "anyone with the link"
    RECIPIENT = "named recipient before claiming"
    CLAIMER = "claimer"
    GIVER = "giver"
    MERCHANT = "merchant"
    CARRIER = "carrier"
    SUBSCRIBER = "subscriber of events"


class Fact(StrEnum):
    """The fields that are visible to the same viewers."""

    SCHEDULE = "while a gift is scheduled: this state, and opens_at"
    STATE = "state in all other cases"
    ENVELOPE = "cover, presentation, and giver's display name (before the claim, if it imitates nobody)"
    WINDOW = "expires_at, remaining"
    BLESSING = "blessing or message"
    VOUCHER_TITLE = "voucher: title and store"
    VOUCHER_PRODUCT = "voucher: product"
    VOUCHER_CODE = "voucher: code"
    PARCEL_PRODUCT = "parcel: product id, title, image, category"
    PARCEL_STORE = "parcel: store"
    CLAIMERS = "who claimed a share, and when"
    CLAIMED_HOLDING = "id of what was claimed"
    OTHER_SIDE = "user id and handle of who gave, and of who claimed"
    GIVER_ID = "user id of who gave, to block them"
    OPENED = "whether and when a gift was opened, and by how many of a group"
    THANKS = "words of thanks, and when they were written"
    RETURN_GIFT = "return gift of a claimer, and when it was given"
    IN_RETURN_FOR = "id of the gift that a return gift is for"
    FORMER_RECIPIENTS = "when the giver named another recipient"
    ASKERS = "who asks for an expired gift again, and when"
    PRICE = "price paid"
    ORDER = "order: store, product id, total and metadata"
    FULFILMENT = "new parcel: store, product id, quantity, and whether it is a gift"
    LOGISTICS_STATUS = "status of the shipment"
    LOGISTICS = "carrier, tracking number and events of the shipment"
    ADDRESS = "claimer's address"
    AT_END = "what happens at the end of the claim window, and the gift to the second person"
    REFUND_REQUEST = "state and times of a refund request"
    REFUND_REASON = "reason, note and decision note of a refund request"
    REFUND_RETURN = "carrier and tracking number of goods that are sent back"
    REDEMPTION = "whether a voucher was redeemed, and when"
    REDEEMER = "user ids of the merchant's users who redeemed a voucher and who undid that, with the reason"


class Rule(StrEnum):
    """The condition under which a viewer may see a fact."""

    NEVER = "no"
    ALWAYS = "yes"
    ONCE_DELIVERED = "once delivered"
    TO_SHIP = "until delivered or cancelled, or 7 days after it was returned or lost"
    ONCE_SENT = "once the gift is open"
    BY_LINK = "of a gift by link"
    SENT_BY_LINK = "of a gift by link, once it is open"
    LINK_UNTIL_ENDED = "of a gift by link, while it is open, or all shares are claimed"
    UNTIL_ENDED = "while the gift is open, or all shares are claimed"
    OWN = "their own"
    ASKED = "if they asked"
    IF_SHOWN = "if the policy of the gift shows it"


_NO, _YES = Rule.NEVER, Rule.ALWAYS

TABLE: Mapping[Fact, Mapping[Viewer, Rule]] = {
    fact: dict(zip(Viewer, rules, strict=True))
    for fact, rules in {
        # in the order of Viewer: anyone, recipient, claimer, giver, merchant, carrier, subscriber
        Fact.SCHEDULE: (_YES, _YES, _YES, _YES, _NO, _NO, _YES),
        Fact.STATE: (Rule.BY_LINK, _YES, _YES, _YES, _NO, _NO, _YES),
        Fact.ENVELOPE: (Rule.ONCE_SENT, Rule.ONCE_SENT, _YES, _YES, _NO, _NO, _YES),
        Fact.WINDOW: (Rule.SENT_BY_LINK, Rule.ONCE_SENT, _YES, _YES, _NO, _NO, _YES),
        Fact.BLESSING: (Rule.LINK_UNTIL_ENDED, Rule.UNTIL_ENDED, _YES, _YES, _NO, _NO, _NO),
        Fact.VOUCHER_TITLE: (_NO, Rule.IF_SHOWN, _YES, _YES, _YES, _NO, _NO),
        Fact.VOUCHER_PRODUCT: (_NO, _NO, _YES, _YES, _YES, _NO, _NO),
        Fact.VOUCHER_CODE: (_NO, _NO, Rule.OWN, _NO, Rule.OWN, _NO, _NO),
        Fact.PARCEL_PRODUCT: (_NO, _NO, Rule.ONCE_DELIVERED, _YES, _YES, _NO, _NO),
        Fact.PARCEL_STORE: (_NO, _NO, _YES, _YES, _YES, _NO, _NO),
        Fact.CLAIMERS: (_NO, _NO, _YES, _YES, _NO, _NO, _NO),
        Fact.CLAIMED_HOLDING: (_NO, _NO, Rule.OWN, Rule.IF_SHOWN, _NO, _NO, _NO),
        Fact.OTHER_SIDE: (_NO, _NO, _YES, _YES, _NO, _NO, _NO),
        Fact.GIVER_ID: (_NO, Rule.ONCE_SENT, _YES, _YES, _NO, _NO, _NO),
        Fact.OPENED: (_NO, _NO, Rule.OWN, _YES, _NO, _NO, _NO),
        Fact.THANKS: (_NO, _NO, Rule.OWN, _YES, _NO, _NO, _NO),
        Fact.RETURN_GIFT: (_NO, _NO, Rule.OWN, _YES, _NO, _NO, _NO),
        Fact.IN_RETURN_FOR: (_NO, _YES, _YES, _YES, _NO, _NO, _NO),
        Fact.FORMER_RECIPIENTS: (_NO, _NO, _NO, _YES, _NO, _NO, _NO),
        Fact.ASKERS: (_NO, _NO, _NO, _YES, _NO, _NO, _NO),
        Fact.PRICE: (_NO, _NO, _NO, _YES, _YES, _NO, _NO),
        Fact.ORDER: (_NO, _NO, _NO, _YES, _NO, _NO, _YES),
        Fact.FULFILMENT: (_NO, _NO, _NO, _NO, _YES, _NO, _YES),
        Fact.LOGISTICS_STATUS: (_NO, _NO, Rule.OWN, _YES, _YES, _YES, _YES),
        Fact.LOGISTICS: (_NO, _NO, Rule.OWN, _NO, _YES, _YES, _NO),
        Fact.ADDRESS: (_NO, Rule.OWN, Rule.OWN, _NO, Rule.TO_SHIP, _NO, _NO),
        Fact.AT_END: (_NO, _NO, _NO, _YES, _NO, _NO, _NO),
        # The own request of a giver is one that they made.
        Fact.REFUND_REQUEST: (_NO, _NO, Rule.OWN, Rule.OWN, _YES, _NO, _YES),
        Fact.REFUND_REASON: (_NO, _NO, Rule.ASKED, Rule.ASKED, _YES, _NO, _NO),
        Fact.REFUND_RETURN: (_NO, _NO, Rule.OWN, _NO, _YES, _NO, _NO),
        Fact.REDEMPTION: (_NO, _NO, Rule.OWN, _NO, Rule.OWN, _NO, _YES),
        Fact.REDEEMER: (_NO, _NO, _NO, _NO, Rule.OWN, _NO, _NO),
    }.items()
}


def may_see(
    viewer: Viewer,
    fact: Fact,
    *,
    own: bool = False,
    delivered: bool = False,
    closed: bool = False,
    named: bool = False,
    sent: bool = True,
    ended: bool = False,
    shown: bool = False,
    asked: bool = False,
) -> bool:
    """Return whether `viewer` may see `fact`.

    Args:
        own: True if it is the viewer's own holding or shipment; for a merchant, the voucher whose code is presented.
        delivered: True if the parcel was delivered.
        closed: True if the store no longer has to do anything with the parcel, see `Shipment.is_closed_at`.
        named: True if the gift names its recipient, so that nobody else has a link to it.
        sent: False if the gift is scheduled, or ended before it opened.
        ended: True if the gift expired, was cancelled or was declined.
        shown: True if the policy of the gift shows the fact: before a claim, or because the payer can ask for a refund.
        asked: True if the viewer made the refund request.
    """
    match TABLE[fact][viewer]:
        case Rule.NEVER:
            return False
        case Rule.ALWAYS:
            return True
        case Rule.OWN:
            return own
        case Rule.ONCE_DELIVERED:
            return delivered
        case Rule.TO_SHIP:
            return not closed
        case Rule.ONCE_SENT:
            return sent
        case Rule.BY_LINK:
            return not named
        case Rule.SENT_BY_LINK:
            return sent and not named
        case Rule.LINK_UNTIL_ENDED:
            return sent and not ended and not named
        case Rule.UNTIL_ENDED:
            return sent and not ended
        case Rule.IF_SHOWN:
            return shown
        case Rule.ASKED:
            return asked


def product_fact(kind: Kind) -> Fact:
    """Return the fact that covers the product of a gift."""
    return Fact.VOUCHER_PRODUCT if kind is Kind.VOUCHER else Fact.PARCEL_PRODUCT


def store_fact(kind: Kind) -> Fact:
    """Return the fact that covers the store of a gift."""
    return Fact.VOUCHER_TITLE if kind is Kind.VOUCHER else Fact.PARCEL_STORE


def classify_viewer(gift: Gift, caller: str) -> Viewer:
    """Return the role of the caller for a gift."""
    if caller == gift.giver_id:
        return Viewer.GIVER
    if caller in gift.claims:
        return Viewer.CLAIMER
    if caller == gift.recipient_id:
        return Viewer.RECIPIENT
    return Viewer.ANYONE
