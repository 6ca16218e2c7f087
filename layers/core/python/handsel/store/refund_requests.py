"""Refund requests: each change is one transition, written together with what it does to the holding and the order."""

from functools import partial

from handsel.domain import errors
from handsel.domain.models import Page, RefundRequest
from handsel.domain.states import REFUND_REQUEST_MACHINE, RefundRequestAction, RefundRequestState
from handsel.store import attributes, keys, lists
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.table import Table
from handsel.store.transitions import in_state, transition
from handsel.store.writes import Put, Update


def to_item(request: RefundRequest) -> Item:
    """Return the item of a refund request, with its entries in the lists of who asked and of the store.

    It is in the due index while it waits for a time.
    """
    item: Item = {
        **keys.refund_request(request.refund_request_id)._asdict(),
        **keys.index_entry(
            keys.BY_OWNER,
            keys.refund_requests_by_asker(request.asked_by),
            request.created_at,
            request.refund_request_id,
        ),
        **keys.index_entry(
            keys.BY_PARENT,
            keys.refund_requests_by_store(request.store_id),
            request.created_at,
            request.refund_request_id,
        ),
        **attributes.to_item(request),
    }
    return item | _due_entry(request)


def _due_entry(request: RefundRequest) -> Item:
    if request.due_at is None:
        return {keys.BY_DUE.pk: None, keys.BY_DUE.sk: None}
    shard = keys.due_partition(keys.due_refund_requests, request.refund_request_id)
    return {**keys.index_entry(keys.BY_DUE, shard, request.due_at, request.refund_request_id)}


from_item = partial(attributes.from_item, RefundRequest)


def get(table: Table, refund_request_id: str) -> RefundRequest | None:
    """Return a refund request, or None."""
    item = table.get(keys.refund_request(refund_request_id))
    return from_item(item) if item else None


def get_many(table: Table, refund_request_ids: list[str]) -> dict[str, RefundRequest]:
    """Return the refund requests that exist, by id."""
    found = table.get_many(map(keys.refund_request, refund_request_ids)) if refund_request_ids else {}
    return {item["refund_request_id"]: from_item(item) for item in found.values()}


def list_by_asker(table: Table, user_id: str, *, limit: int, before: str | None) -> Page[RefundRequest]:
    """Return the refund requests of the user who asked, newest first, after the position `before`."""
    pk = keys.refund_requests_by_asker(user_id)
    return lists.get_page(table, keys.BY_OWNER, pk, from_item, limit=limit, before=before)


def list_by_store(table: Table, store_id: str, *, limit: int, before: str | None) -> Page[RefundRequest]:
    """Return the refund requests of a store, newest first, after the position `before`."""
    pk = keys.refund_requests_by_store(store_id)
    return lists.get_page(table, keys.BY_PARENT, pk, from_item, limit=limit, before=before)


def build_put(request: RefundRequest) -> Put:
    """Return the write that creates a refund request."""
    return Put(to_item(request))


def advance(before: RefundRequest, after: RefundRequest, *actions: RefundRequestAction, now: int) -> Update:
    """Return the update that makes one or several actions in a row on a refund request.

    Its guards are those of the first action. The others follow from it at once.

    Args:
        before: as it was read.
        after: the next version, in the state that the last action leads to.
        now: the clock for the guards, in milliseconds since the epoch.

    Raises:
        KeyError: an action is invalid in its state.
        DataIntegrityError: `after` is not the next version, or in another state.
    """
    state: RefundRequestState = before.state
    for action in actions:
        state = REFUND_REQUEST_MACHINE.step(state, action).to
    if (after.state, after.version) != (state, before.version + 1):
        raise errors.DataIntegrityError("not the next version of a refund request")
    guards = REFUND_REQUEST_MACHINE.step(before.state, actions[0]).guards
    old, new = attributes.to_item(before), attributes.to_item(after) | _due_entry(after)
    changes = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return update(
        keys.refund_request(before.refund_request_id),
        in_state(REFUND_REQUEST_MACHINE, before.state, *guards, now=now),
        require(version=before.version),
        assign(changes),
    )


def mark_repaid(refund_request_id: str) -> Update:
    """Return the update of a refund request whose refund was repaid. It succeeds once."""
    return update(
        keys.refund_request(refund_request_id),
        transition(REFUND_REQUEST_MACHINE, RefundRequestState.REFUNDING, RefundRequestAction.REPAY),
        Clause(sets=["#version = #version + :one"], values={":one": 1}),
    )
