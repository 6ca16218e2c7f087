"""Everything that callers can make grow, with its bound: data for docs/reference/growth.md and the tests that hold it."""

from typing import NamedTuple

from handsel.api.body import MAX_BYTES
from handsel.api.requests.orders import MAX_METADATA
from handsel.api.requests.stores import MAX_STORE_RULES
from handsel.domain import recommendations
from handsel.domain.addresses import MAX_LINES
from handsel.domain.giver_rules import MAX_REMINDERS
from handsel.domain.models import MAX_DAILY_GIFTS, MAX_UNITS, MAX_VALIDITY_DAYS
from handsel.domain.policy import list_reminders
from handsel.domain.rollout import MAX_LISTED, Feature
from handsel.use_cases.accounts.profiles import MAX_FREED_HANDLES
from handsel.use_cases.fulfilment.shipping import MAX_EVENTS, MAX_EVENTS_BYTES
from handsel.use_cases.gifts.giving import MAX_OPEN_GIFTS


class Growth(NamedTuple):
    """A list or map that grows.

    Attributes:
        name: `Class.field` of a stored entity, or a description.
        by: the action that adds an entry.
        most: the most entries; None if they are separate items, which no request reads or writes all of.
        limit: the rule that bounds it.
        effect: the result of one more.
    """

    name: str
    by: str
    most: int | None
    limit: str
    effect: str

    @property
    def bound(self) -> str:
        """Return the bound as text."""
        return self.limit if self.most is None else f"{self.most:,}: {self.limit}"


# Of a gift to one recipient: the announcement, the reminders before each of two ends, and those of the giver.
MAX_REPLACED = 1 + 2 * len(list_reminders()) + MAX_REMINDERS

# Counters of a summary that are not about one day: by name in `domain/summary.py`.
_SUMMARY_COUNTERS = 7

# Collections inside one item, which DynamoDB limits to 400 KB: every field of a stored class that is a map or a list.
IN_ITEMS = (
    Growth("Order.reservations", "give", MAX_UNITS, "units of the order", "409 `units-not-available`"),
    Growth("Order.uses", "use units", MAX_UNITS, "units of the order", "409 `units-not-available`"),
    Growth("Order.metadata", "buy", MAX_METADATA, "pairs of strings", "422 `invalid-request`"),
    Growth(
        "Refund.holding_ids", "refund claimed or used units", MAX_UNITS, "units of the order", "409 `not-refundable`"
    ),
    Growth("Gift.claims", "claim", MAX_UNITS, "shares of the gift", "409 `already-claimed`"),
    Growth("Message.replaces", "cancel a gift", MAX_REPLACED, "announcements of the gift", "never stored"),
    Growth("Gift.former_recipients", "change the recipient", 3, "changes of the recipient", "429 `too-many-changes`"),
    Growth("Gift.reminded_at", "remind the recipient", 2, "reminders of a gift", "429 `too-many-reminders`"),
    Growth("Use.holding_ids", "use units", MAX_UNITS, "units of the order", "409 `units-not-available`"),
    Growth(
        "Shipment.events",
        "a carrier's event",
        MAX_EVENTS,
        f"events of a shipment, and {MAX_EVENTS_BYTES:,} bytes of them",
        "409 `too-many-events`; a delivery, return or loss is taken",
    ),
    Growth(
        "Account.freed_handles",
        "change the handle",
        MAX_FREED_HANDLES,
        "earlier handles, kept for 90 days",
        "429 `too-many-handles`",
    ),
    Growth(
        "Account.receipt", "the erasure of the user", 20, "lines of the receipt, which are fixed", "none: written once"
    ),
    Growth(
        "Relation.given_at",
        "give to a named recipient",
        MAX_DAILY_GIFTS,
        "times of gifts within a day",
        "429 `too-many-gifts`; the earliest is removed",
    ),
    *(
        Growth(name, "a merchant", MAX_STORE_RULES, "gift rules of a store", "422 `invalid-request`")
        for name in (
            *("Store.excluded_categories", "Store.price_caps"),
            *("Product.store_excluded_categories", "Product.store_price_caps"),
        )
    ),
    Growth("Address.lines", "claim, use units", MAX_LINES, "lines of an address", "422 `invalid-request`"),
    Growth(
        "Summary.open_gifts",
        "give, return gift",
        2 * MAX_OPEN_GIFTS,
        f"about {MAX_OPEN_GIFTS} open gifts of a giver, and as many again that are created at the same moment",
        "429 `too-many-open-gifts`",
    ),
    Growth("OpenGifts.gifts", "give", MAX_UNITS, "units of the order", "409 `units-not-available`"),
    Growth("OtherEnds.gifts", "give", MAX_UNITS, "units of the order", "409 `units-not-available`"),
    Growth(
        "Summary.counters",
        "claim a voucher, use units",
        MAX_VALIDITY_DAYS + 1 + _SUMMARY_COUNTERS,
        "one for each day on which a voucher can end, from today on",
        "an earlier day is removed with the next write",
    ),
    Growth(
        "Preferences.signals",
        "buy, save or view a product",
        recommendations.MAX_SIGNALS,
        "products of a user",
        "the oldest is removed",
    ),
    Growth(
        "Preferences.recommended",
        "buy, save or view a product",
        recommendations.MAX_RECOMMENDED,
        "recommended products",
        "the weakest is left out",
    ),
    Growth(
        "ProductStats.others",
        "buy, save or view a product",
        recommendations.MAX_CO_OCCURRENCES,
        "products that the same users like",
        "the least frequent is removed",
    ),
    Growth(
        "Ranking.entries",
        "buy, save or view a product",
        recommendations.MAX_RANKED,
        "products of a shard",
        "the least popular is removed",
    ),
    Growth("Rollout.cohorts", "an operator", len(Feature), "features", "there are no others"),
    Growth("Cohort.allow", "an operator", MAX_LISTED, "users of a feature", "the command fails and writes nothing"),
    Growth("Cohort.deny", "an operator", MAX_LISTED, "users of a feature", "the command fails and writes nothing"),
)

# Items of their own, each paid for by the call that writes it. They are read by key, or by page.
_BY_PAGE = "lists have pages of at most 100 entries"
ITEMS = (
    Growth("ORDER", "buy", None, "one for each purchase", _BY_PAGE),
    Growth(
        "REFUND, CHARGE", "refund, buy", None, "one for each call; units of an order are refunded once", "read by key"
    ),
    Growth("REFUND_REQUEST", "ask for a refund", None, "one at a time for each holding", "409 `not-refundable`"),
    Growth("TEST_CLOCK", "advance the test clock", None, "one, only on stacks for tests", "read by key"),
    Growth("GIFT, WINDOW", "give", None, f"about {MAX_OPEN_GIFTS} open ones of a giver", "429 `too-many-open-gifts`"),
    Growth(
        "RECEIVED", "give to a named recipient, change the recipient", None, "four for each gift, one each", _BY_PAGE
    ),
    Growth("RELATION", "name a person, block a giver", None, "one for each recipient and giver", "replaced"),
    Growth("HOLDING, SHIPMENT, VOUCHER_EXPIRY", "claim, use units", None, "one for each unit", _BY_PAGE),
    Growth(
        "REDEMPTION",
        "redeem a voucher",
        None,
        "one for each redemption; the next one of a voucher needs an undo of this one",
        "read by key",
    ),
    Growth("USE", "use units", None, "one for each call that takes units", "read by key"),
    Growth("PREDECESSOR", "choose a second person for the end of a gift", None, "one for each gift", "replaced"),
    Growth("LINK", "make a new link of a gift", None, "one for each request", "read by key"),
    Growth("REGIFT_REQUEST", "request an expired gift again", None, "one for each user and gift", "changes nothing"),
    Growth("OPENED", "open a gift to a group", None, "one for each user and gift", "changes nothing"),
    Growth(
        "REPORT", "report a gift", None, "one for each user and gift; deleted 90 days after it was closed", "ignored"
    ),
    Growth("REMINDER", "give to a named recipient", None, "one for each open gift", "removed after the last reminder"),
    Growth(
        "MESSAGE",
        "give, claim, cancel, decline; a carrier's event; redeem, undo",
        None,
        "one for each change of a gift, of a shipment's status or of a voucher",
        _BY_PAGE,
    ),
    Growth(
        "ACCOUNT, HANDLE",
        "sign up, change the handle",
        None,
        "one account and one handle of a user, and its freed handles",
        "429 `too-many-handles`",
    ),
    Growth("SUMMARY, PREFERENCES", "everything", None, "one of a user", "replaced"),
    Growth("TALLY", "buy, claim a parcel", None, "one for each order and shipment", "replaced"),
    Growth("TAGGED, BOUGHT", "save or buy a product", None, "one for each product", _BY_PAGE),
    Growth("STORE, PRODUCT, RELATED, RANKING", "a merchant", None, "one for each store or product", _BY_PAGE),
    Growth("ROLLOUT", "an operator", None, "one", "replaced"),
)

ELSEWHERE = (
    Growth("request body", "every call", MAX_BYTES, "bytes", "413 `too-large`"),
    Growth(
        "open gifts that a new gift is counted with", "give", 5 * MAX_OPEN_GIFTS, "gifts read", "the summary decides"
    ),
    Growth("log line", "every call", None, "route, not path; no body or header; 12 frames of 5 causes", "cut"),
    Growth("accounts and products known to a process", "every call", 10_000, "entries", "forgotten, read again"),
    Growth("rate limits in a process", "find a user", 10_000, "callers", "the least recently used is forgotten"),
)

TABLES = {"Inside one item": IN_ITEMS, "Items": ITEMS, "Requests and processes": ELSEWHERE}
