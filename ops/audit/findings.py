"""The findings of an audit, and the command that fixes each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handsel.domain.invariants import Violation, ViolationType
from handsel.domain.times import format_timestamp


class IssueType(StrEnum):
    """A type of inconsistency other than the violation of an invariant (`invariants.ViolationType`)."""

    GIFT_WITHOUT_ORDER = "gift-without-order"
    POLICY_DIFFERS = "policy-differs"
    HOLDING_UNCLAIMED = "holding-unclaimed"
    REDEMPTION_DIFFERS = "redemption-differs"
    SHIPMENT_MISSING = "shipment-missing"
    SHIPMENT_DIFFERS = "shipment-differs"
    ADDRESS_DIFFERS = "address-differs"
    SHIPMENT_OVERDUE = "shipment-overdue"
    USED_DIFFERS = "used-differs"
    REFUNDED_DIFFERS = "refunded-differs"
    REFUND_DIFFERS = "refund-differs"
    REFUND_REQUEST_DIFFERS = "refund-request-differs"
    MONEY_DIFFERS = "money-differs"
    PAYMENT_DIFFERS = "payment-differs"
    RETURN_GIFT_DIFFERS = "return-gift-differs"
    END_DIFFERS = "end-differs"
    OPENED_DIFFERS = "opened-differs"
    THANKS_DIFFERS = "thanks-differs"
    GIFT_OVERDUE = "gift-overdue"
    PAYMENT_OVERDUE = "payment-overdue"
    REFUND_OVERDUE = "refund-overdue"
    REFUND_REQUEST_OVERDUE = "refund-request-overdue"
    VOUCHERS_OVERDUE = "vouchers-overdue"
    REMINDER_OVERDUE = "reminder-overdue"
    ERASURE_OVERDUE = "erasure-overdue"
    ERASURE_INCOMPLETE = "erasure-incomplete"
    RELATION_DIFFERS = "relation-differs"
    BLOCK_OVERDUE = "block-overdue"
    BLOCK_INCOMPLETE = "block-incomplete"
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
    MESSAGE_STALE = "message-stale"
    STOCK_NEGATIVE = "stock-negative"
    UNREADABLE = "unreadable"
    UNKNOWN_ITEM = "unknown-item"


FindingType = ViolationType | IssueType

_SETTLE = "settle --apply"
_RECOUNT = "recount --user {user}"
_FIXES: Mapping[FindingType, str] = {
    IssueType.GIFT_OVERDUE: f"{_SETTLE} --scan",
    IssueType.PAYMENT_OVERDUE: f"{_SETTLE} --scan",
    IssueType.REFUND_OVERDUE: f"{_SETTLE} --scan",
    IssueType.REFUND_REQUEST_OVERDUE: _SETTLE,
    IssueType.VOUCHERS_OVERDUE: _SETTLE,
    IssueType.REMINDER_OVERDUE: _SETTLE,
    IssueType.BLOCK_OVERDUE: _SETTLE,
    IssueType.SHIPMENT_OVERDUE: f"{_SETTLE} --scan",
    IssueType.COUNT_DIFFERS: f"{_RECOUNT} --apply",
    IssueType.MESSAGE_MISSING: f"{_RECOUNT} --apply",
    IssueType.MESSAGE_STALE: f"{_RECOUNT} --apply",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An inconsistency of the stored data.

    Attributes:
        type: the type.
        about: the partition key of the item, with the sort key if the partition has several items.
        group: the order, user or item that is read again, with its related items, before the finding is reported.
        detail: the difference, as text.
        since: when overdue work was due, in milliseconds; None for other types.
    """

    type: FindingType
    about: str
    group: str
    detail: str
    since: int | None = None

    @property
    def fix(self) -> str:
        """Return the command that fixes it, or the page that explains the fix."""
        if self.type in _FIXES:
            return _FIXES[self.type].format(user=self.group.partition("#")[2])
        return "docs/runbook.md, UnitCountsInconsistent"

    @property
    def identity(self) -> tuple[FindingType, str]:
        """Return the type and the item, by which two audits recognise the same finding."""
        return self.type, self.about

    def as_dict(self) -> dict[str, object]:
        """Return the form that `--json` prints."""
        since = None if self.since is None else format_timestamp(self.since)
        return {"type": self.type, "about": self.about, "detail": self.detail, "since": since, "fix": self.fix}


def to_finding(violation: Violation, order_id: str) -> Finding:
    """Return the violation of an invariant as a finding in the group of an order."""
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
