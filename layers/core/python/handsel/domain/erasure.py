"""The erasure of a user: its times, and the receipt of what is deleted and what is kept."""

from handsel.domain.models import DAY_MS, HANDLE_KEPT_MS, ReceiptEntry

# The time in which the user can still keep the account. Each process reads the account of its callers more often.
WAIT_MS = 7 * DAY_MS
# Calls in progress at the time of the erasure have ended by then: API Gateway waits 30 seconds for an answer.
LAST_PASS_MS = 2 * 60_000
# Backups reach back 35 days. Stream records that could not be processed are kept for 90 days.
RECOVERY_MS = 90 * DAY_MS

_DELETED = {
    "profile": "Display name, handle and settings.",
    "sign_in": "The user in the user pool of this service. An account at another sign-in provider stays there.",
    "names": "Your name in the gifts and messages of others, which is replaced.",
    "messages": "All messages to you, and the reminders that were planned.",
    "tags_and_views": "Tagged and viewed products, and the recommendations derived from them.",
    "purchase_history": "The list of bought products that recommendations leave out.",
    "counters": "The counters of your order center.",
    "relations": "Whom you blocked, who blocked you, and how often somebody gave you something lately.",
    "requests": (
        "Your requests to give expired gifts again, your reports of gifts, and the reasons and notes of your refund requests."
    ),
    "thanks": "Your words of thanks, and which gifts to groups you opened.",
    "exports": "Your exports. A file that was written in the last hours is deleted within two days.",
}
_KEPT = {
    "orders": (
        "Orders, payments and refunds, under a pseudonym.",
        "Stores and the operator have to account for what was sold, paid and repaid.",
    ),
    "gifts": (
        "Gifts that you gave or received, with their messages, under a pseudonym.",
        "The other users have them, too.",
    ),
    "holdings": (
        "Redeemed vouchers and parcels, and who redeemed a voucher, under a pseudonym.",
        "Stores have to account for what they handed out. Parcels on their way are delivered.",
    ),
    "addresses": (
        "Delivery addresses of parcels. Only the stores see them, until the delivery.",
        "Parcels on their way are delivered. An address is usually deleted 30 days after its parcel arrived or was lost.",
    ),
}
_KEPT_UNTIL = {
    "handle": (
        "Your handle and earlier ones, under a pseudonym.",
        "Nobody else should receive what is meant for you.",
        HANDLE_KEPT_MS,
    ),
    "recovery": (
        "Backups, and changes whose processing failed. Nobody reads them except to recover lost data.",
        "Without them, lost data of others could not be recovered.",
        RECOVERY_MS,
    ),
}


def build_receipt(erase_at: int) -> tuple[ReceiptEntry, ...]:
    """Return what is deleted at a time, and what is kept, why and until when."""
    return (
        *(ReceiptEntry(data, description) for data, description in _DELETED.items()),
        *(ReceiptEntry(data, description, reason) for data, (description, reason) in _KEPT.items()),
        *(
            ReceiptEntry(data, description, reason, erase_at + kept_ms)
            for data, (description, reason, kept_ms) in _KEPT_UNTIL.items()
        ),
    )
