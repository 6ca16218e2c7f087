"""Export the data of the caller: ask for it, and find the file.

| process dies                        | state left behind         | completed by                                            |
|-------------------------------------|---------------------------|---------------------------------------------------------|
| before the item                     | nothing                   | the same call again                                     |
| after it, or the response is lost   | a due export              | the same call again returns it; the sweep writes it     |
| after the file, before it is marked | a file, a due export      | the next sweep, which writes the file again             |
| after that                          | an export that is ready   | nothing is left to do                                   |

If it runs twice, the second item fails on the first one, which is then returned. Files are deleted by the bucket.
"""

from collections.abc import Callable

from handsel.domain import errors
from handsel.domain.models import DAY_MS, Export
from handsel.domain.states import ExportState
from handsel.store import accounts, exports
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.use_cases.idempotency import IdempotentRequest

WEEK_MS = 7 * DAY_MS
# Each attempt after the first follows a concurrent call of the same user.
_MAX_ATTEMPTS = 20

WriteFile = Callable[[Export], None]


def request_export(table: Table, call: IdempotentRequest, *, object_name: str, web_url: str) -> Export:
    """Ask for an export of the caller's data. The sweep writes it.

    Args:
        object_name: a random name for the file.
        web_url: the origin of links and pictures in it.

    Raises:
        TooManyExports, ServiceUnavailable
    """
    new = Export(call.derive_id("export"), call.caller, object_name, web_url, call.now)

    def attempt() -> Export:
        before = exports.get(table, call.caller)
        if before is not None and before.export_id == new.export_id:
            return before
        if before is not None and call.now < before.created_at + WEEK_MS:
            raise errors.TooManyExports(-(-(before.created_at + WEEK_MS - call.now) // 1000))
        table.write(exports.build_put(new, before))
        return new

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def get_export(table: Table, export_id: str, *, caller: str) -> Export:
    """Return the caller's export.

    Raises:
        NotFound: no such export, or not the caller's, or a later one replaced it.
    """
    export = exports.get(table, caller)
    if export is None or export.export_id != export_id:
        raise errors.NotFound
    return export


def settle_export(table: Table, user_id: str, write_file: WriteFile, *, now: int) -> bool:
    """Write the file of a due export. Return whether this call did; the data of an erased user is not exported."""
    export = exports.get(table, user_id)
    if export is None or export.state_at(now) is not ExportState.PENDING:
        return False
    if accounts.is_erased_user(table, user_id, now=now):
        return False  # the erasure deletes the item
    write_file(export)
    table.write(exports.mark_ready(export, now=now))
    return True
