"""Show the erasure of a user: its state, and the receipt of what is deleted and what is kept."""

from collections.abc import Iterator
from typing import Any

from handsel.domain.erasure import build_receipt
from handsel.domain.models import Account, ReceiptEntry
from handsel.domain.times import format_timestamp
from handsel.store import accounts, keys
from handsel.store.keys import BY_DUE
from ops.scan import WholeTable


def describe(table: WholeTable, user_id: str, *, now: int) -> dict[str, Any]:
    """Return the state of a user's erasure, as `--json` prints it."""
    item = table.get(keys.account(user_id))
    if item is None:
        return {"user_id": user_id, "state": "unknown"}
    account = accounts.from_item(item)
    erase_at = account.erase_at if account.erased_at is None else account.erased_at
    if erase_at is None:
        return {"user_id": user_id, "state": "active"}
    receipt = account.receipt or build_receipt(erase_at)
    return {
        "user_id": user_id,
        "state": _find_state(account, is_due=BY_DUE.pk in item, now=now),
        "erase_at": format_timestamp(erase_at),
        "pseudonym": account.pseudonym,
        "deleted": [_to_fields(each) for each in receipt if each.reason is None],
        "kept": [_to_fields(each) for each in receipt if each.reason is not None],
    }


def _find_state(account: Account, *, is_due: bool, now: int) -> str:
    if not account.is_erased_at(now):
        return "leaving"
    return "erasing" if is_due else "erased"


def _to_fields(entry: ReceiptEntry) -> dict[str, str | None]:
    until = None if entry.until is None else format_timestamp(entry.until)
    return {"data": entry.data, "description": entry.description, "reason": entry.reason, "until": until}


def format_lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the report as lines of text."""
    yield f"user {report['user_id']}: {report['state']}"
    if "erase_at" not in report:
        return
    yield f"time of the erasure: {report['erase_at']}; pseudonym of the data that is kept: {report['pseudonym']}"
    for each in report["deleted"]:
        yield f"deleted: {each['data']}: {each['description']}"
    for each in report["kept"]:
        until = f" Until {each['until']}." if each["until"] else ""
        yield f"kept: {each['data']}: {each['description']} {each['reason']}{until}"
