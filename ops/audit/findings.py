"""What an audit can find, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain.invariants import Violation, ViolationType
from handsel.domain.times import format_timestamp


class IssueType(StrEnum):
    """A kind of problem other than a violated invariant (`invariants.ViolationType`)."""

    GIFT_WITHOUT_ORDER = "gift-without-order"
    HOLDING_UNCLAIMED = "holding-unclaimed"
    SHIPMENT_MISSING = "shipment-missing"
    SHIPMENT_DIFFERS = "shipment-differs"
    USED_DIFFERS = "used-differs"
    REFUNDED_DIFFERS = "refunded-differs"
    PAYMENT_DIFFERS = "payment-differs"
    RETURN_GIFT_DIFFERS = "return-gift-differs"
    GIFT_OVERDUE = "gift-overdue"
    PAYMENT_OVERDUE = "payment-overdue"
    REFUND_OVERDUE = "refund-overdue"
    REMINDER_OVERDUE = "reminder-overdue"
    REMINDER_MISSING = "reminder-missing"
    WINDOW_MISSING = "window-missing"
    WINDOW_DIFFERS = "window-differs"
    INDEX_DIFFERS = "index-differs"
    NOT_DUE = "not-due"
    LIST_DIFFERS = "list-differs"
    DANGLING_REFERENCE = "dangling-reference"
    HANDLE_DIFFERS = "handle-differs"
    COUNT_DIFFERS = "count-differs"
    MESSAGE_MISSING = "message-missing"
    STOCK_NEGATIVE = "stock-negative"
    UNREADABLE = "unreadable"
    UNKNOWN_ITEM = "unknown-item"


FindingType = ViolationType | IssueType

_SETTLE = "settle --apply"
_RECOUNT = "recount --user {user}"
_MEND: Mapping[FindingType, str] = {
    IssueType.GIFT_OVERDUE: f"{_SETTLE} --scan",
    IssueType.PAYMENT_OVERDUE: f"{_SETTLE} --scan",
    IssueType.REFUND_OVERDUE: f"{_SETTLE} --scan",
    IssueType.REMINDER_OVERDUE: _SETTLE,
    IssueType.COUNT_DIFFERS: f"{_RECOUNT} --apply",
    IssueType.MESSAGE_MISSING: f"{_RECOUNT} --apply",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        about: the partition key of the item it is about.
        group: the order, user or item that is read again, with what belongs to it, to see whether it is so.
        since: for what is overdue: since when, in milliseconds.
    """

    sort: FindingType
    about: str
    group: str
    said: str
    since: int | None = None

    @property
    def mend(self) -> str:
        """The command that mends it, or the page that says how."""
        if self.sort in _MEND:
            return _MEND[self.sort].format(user=self.group.partition("#")[2])
        return "docs/runbook.md, the law is broken"

    @property
    def identity(self) -> tuple[FindingType, str]:
        return self.sort, self.about

    def as_dict(self) -> dict[str, object]:
        since = None if self.since is None else format_timestamp(self.since)
        return {"sort": self.sort, "about": self.about, "said": self.said, "since": since, "mend": self.mend}


def finding_of_violation(violation: Violation, order_id: str) -> Finding:
    prefix = _PREFIXES[violation.type]
    return Finding(violation.type, f"{prefix}#{violation.about}", f"ORDER#{order_id}", violation.detail)


_PREFIXES: Mapping[ViolationType, str] = {
    ViolationType.UNIT_COUNTS_INCONSISTENT: "ORDER",
    ViolationType.GIFTED_DIFFERS: "ORDER",
    ViolationType.GIFT_NOT_LISTED: "GIFT",
    ViolationType.GIFT_LISTED_WRONGLY: "GIFT",
    ViolationType.CLAIMS_DIFFER: "GIFT",
    ViolationType.HOLDING_MISSING: "HOLDING",
    ViolationType.HOLDING_DIFFERS: "HOLDING",
}
