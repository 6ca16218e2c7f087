"""Lists of refund requests, in the states that the clock has made true."""

from functools import partial

from handsel.domain.models import Holding, Page, RefundRequest
from handsel.domain.states import RefundRequestState
from handsel.store import holdings, refund_requests
from handsel.store.table import Table
from handsel.use_cases.queries import filter_pages


def list_own(table: Table, *, caller: str, limit: int, before: str | None) -> Page[RefundRequest]:
    """List the refund requests that the caller made, newest first, starting after the position `before`."""
    return refund_requests.list_by_asker(table, caller, limit=limit, before=before)


def list_for_store(
    table: Table, store_id: str, state: RefundRequestState | None, *, limit: int, before: str | None, now: int
) -> Page[tuple[RefundRequest, Holding]]:
    """List the refund requests of a store with their holdings, newest first, starting after the position `before`.

    Args:
        state: only requests that are in this state now; None lists all.
    """

    def select(page: list[RefundRequest]) -> list[tuple[RefundRequest, Holding]]:
        wanted = [request for request in page if state in (None, request.state_at(now))]
        held = holdings.get_many(table, [request.holding_id for request in wanted])
        return [(request, held[request.holding_id]) for request in wanted if request.holding_id in held]

    return filter_pages(partial(refund_requests.list_by_store, table, store_id), select, limit=limit, before=before)
