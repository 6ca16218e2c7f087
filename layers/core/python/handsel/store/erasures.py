"""Erasures: an account that is to be erased, its tombstone, and the pseudonym to which what is kept passes on.

Every reference of another item to an erased user becomes one to the pseudonym, by an update under the condition that it is
still one to the user. So each can be repeated, in any order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from handsel.domain import errors, names
from handsel.domain.models import Account, Gift, Holding, Order, ReceiptEntry, RefundRequest
from handsel.domain.states import ACCOUNT_MACHINE, AccountAction, AccountState, RefundReason
from handsel.store import accounts, keys, preferences, summaries
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.transitions import in_state, transition
from handsel.store.writes import Delete, Put, Update, Write


def leave(account: Account) -> Update:
    """Return the update of an active account to `account`, which is to be erased at `erase_at`. It succeeds once."""
    if account.erase_at is None:
        raise ValueError("the account has no time of erasure")
    return update(
        keys.account(account.user_id),
        transition(ACCOUNT_MACHINE, AccountState.ACTIVE, AccountAction.LEAVE, mark=account.erase_at),
        assign({"pseudonym": account.pseudonym, **due_entry(account.user_id, account.erase_at)}),
    )


def keep(user_id: str, *, now: int) -> Update:
    """Return the update of an account that is not to be erased any more. It succeeds before `erase_at`."""
    return update(
        keys.account(user_id),
        transition(ACCOUNT_MACHINE, AccountState.LEAVING, AccountAction.KEEP, now=now),
        require(erased_at=None),
        Clause(removes=["#pseudonym"]),
    )


def erase(account: Account, receipt: Sequence[ReceiptEntry], *, handle_until: int, now: int) -> list[Write]:
    """Return the writes that replace an account by a tombstone, from `erase_at` on. They succeed once.

    What is kept of the user belongs to the pseudonym, which is an erased account itself: nobody can name it, and it gets no
    messages. The handles of the user stay kept from others, under the pseudonym.

    Args:
        account: as it was read.
        receipt: what the tombstone says.
        handle_until: the time until which the present handle is kept.
        now: the clock for the condition.
    """
    pseudonym, erased_at = account.pseudonym, account.erase_at
    if pseudonym is None or erased_at is None:
        raise errors.DataIntegrityError(f"user {account.user_id} is to be erased without a pseudonym")
    nameless = Account(pseudonym, None, names.ERASED_NAME, False, account.created_at, erased_at=erased_at)
    kept = {handle: until for handle, until in account.freed_handles.items() if until > now}
    return [
        update(
            keys.account(account.user_id),
            transition(ACCOUNT_MACHINE, AccountState.LEAVING, AccountAction.ERASE, now=now, mark=erased_at),
            require(erased_at=None, pseudonym=pseudonym, handle=account.handle),
            require(display_name=account.display_name),
            assign(
                {
                    "display_name": names.ERASED_NAME,
                    "handle": None,
                    "freed_handles": {},
                    "erase_at": None,
                    "receipt": receipt,
                }
            ),
        ),
        Put(accounts.to_item(nameless)),
        summaries.build_tombstone(pseudonym),
        preferences.build_tombstone(pseudonym),
        *([] if account.handle is None else [_pass_on(account.handle, account.user_id, pseudonym, handle_until)]),
        *(_pass_on(handle, account.user_id, pseudonym, until) for handle, until in kept.items()),
    ]


def set_next_pass(user_id: str, at: int) -> Update:
    """Return the update of a tombstone whose user may have left something: look again at a time."""
    return update(
        keys.account(user_id),
        in_state(ACCOUNT_MACHINE, AccountState.ERASED),
        Clause(conditions=[f"attribute_exists(#{keys.BY_DUE.pk})"]),
        assign(due_entry(user_id, at)),
    )


def watch(pseudonym: str, at: int) -> Update:
    """Return the update that makes the holdings of a pseudonym due at a time."""
    return update(
        keys.account(pseudonym), in_state(ACCOUNT_MACHINE, AccountState.ERASED), assign(due_entry(pseudonym, at))
    )


def finish(user_id: str) -> Update:
    """Return the update of a tombstone for which nothing is left to do. It leaves the due index."""
    return update(
        keys.account(user_id),
        in_state(ACCOUNT_MACHINE, AccountState.ERASED),
        Clause(removes=[f"#{keys.BY_DUE.pk}", f"#{keys.BY_DUE.sk}"]),
    )


def due_entry(user_id: str, at: int) -> Mapping[str, str]:
    """Return the due index entry of an account that is erased, or looked at again, at a time."""
    return keys.index_entry(keys.BY_DUE, keys.due_partition(keys.due_erasures, user_id), at, user_id)


def _pass_on(handle: str, user_id: str, pseudonym: str, until: int) -> Update:
    """Return the write that keeps a handle of an erased user from others until a time, under the pseudonym."""
    return update(
        keys.handle(handle),
        assign({"user_id": pseudonym, "ttl": until // 1000 + 1}),
        require(user_id=user_id),
    )


# --- references to an erased user -------------------------------------------------------------------------------------


def pass_on_order(order: Order, pseudonym: str) -> Update:
    """Return the update of an order of the user, if none of its units was released since it was read.

    The order of a return gift has the name of the user, which is replaced. Its metadata may identify the user.
    """
    nameless = Clause(sets=["#intent.#giver_name = :name"], values={":name": names.ERASED_NAME})
    return update(
        keys.order(order.order_id),
        assign({"buyer_id": pseudonym, keys.BY_OWNER.pk: keys.orders_by_buyer(pseudonym)}),
        *([] if order.intent is None else [nameless]),
        *([Clause(removes=["#metadata"])] if order.metadata else []),
        require(buyer_id=order.buyer_id, state=order.state, available=0, reservations=order.reservations),
    )


def pass_on_intent(order_id: str, user_id: str, pseudonym: str) -> Update:
    """Return the update of an order of another user, whose return gift names the user as its recipient."""
    return _replace(keys.order(order_id), "#intent.#recipient_id", user_id, pseudonym)


def pass_on_sent(gift: Gift, pseudonym: str) -> Update:
    """Return the update of a gift that the user gave. The name in it is replaced."""
    return update(
        keys.gift(gift.gift_id),
        assign(
            {"giver_id": pseudonym, "giver_name": names.ERASED_NAME, keys.BY_OWNER.pk: keys.gifts_by_giver(pseudonym)}
        ),
        require(giver_id=gift.giver_id),
    )


def pass_on_named(gift: Gift, user_id: str, pseudonym: str) -> list[Write]:
    """Return the writes of a gift to the user, who is named in it, or was before its recipient was changed.

    It is in no list of received gifts any more.
    """
    former = [replace(each, user_id=pseudonym) if each.user_id == user_id else each for each in gift.former_recipients]
    changes: dict[str, object] = {"recipient_id": pseudonym} if gift.recipient_id == user_id else {}
    if former != list(gift.former_recipients):
        changes["former_recipients"] = former
    return [
        update(
            keys.gift(gift.gift_id),
            assign(changes),
            require(recipient_id=gift.recipient_id, former_recipients=gift.former_recipients or None),
        ),
        Delete(keys.received(user_id, gift.gift_id), "attribute_exists(#pk)"),
    ]


def pass_on_second(gift_id: str, pointer: keys.Key, user_id: str, pseudonym: str) -> list[Write]:
    """Return the writes of an ended gift whose second person is the user, and of the PREDECESSOR item that lists it for them."""
    listed = keys.BY_PARENT.pk
    return [
        _replace(keys.gift(gift_id), "#at_end.#recipient_id", user_id, pseudonym),
        update(
            pointer,
            assign({listed: keys.gifts_by_second_person(pseudonym)}),
            require(**{listed: keys.gifts_by_second_person(user_id)}),
        ),
    ]


def delete_pointer(pointer: keys.Key, user_id: str) -> Delete:
    """Return the write that deletes a PREDECESSOR item, if it lists a gift for the user as the second person.

    One that was passed on stays: the successor is found by it.
    """
    return Delete(pointer, f"#{keys.BY_PARENT.pk} = :listed", {":listed": keys.gifts_by_second_person(user_id)})


def pass_on_holding(holding: Holding, gift: Gift | None, pseudonym: str) -> list[Write]:
    """Return the writes of a holding of the user: of the holding, the claim that it comes from, and its shipment."""
    user_id, changes = holding.holder_id, {"holder_id": pseudonym, keys.BY_OWNER.pk: keys.holdings_by_holder(pseudonym)}
    if gift is not None and gift.recipient_id is None:
        changes[keys.BY_PARENT.pk] = keys.gifts_by_recipient(pseudonym)
    writes: list[Write] = [update(keys.holding(holding.holding_id), assign(changes), require(holder_id=user_id))]
    if gift is not None:
        claim = gift.claims.get(user_id)
        # The giver keeps that they were thanked. The words are those of the user.
        passed_on = Clause(
            sets=["#claims.#pseudonym = :nameless"],
            removes=["#claims.#user"],
            conditions=["#claims.#user = :claim"],
            values={":claim": claim, ":nameless": None if claim is None else claim.without_words()},
            names={"#pseudonym": pseudonym, "#user": user_id},
        )
        writes.append(update(keys.gift(gift.gift_id), passed_on))
    if holding.shipment_id is not None:
        shipped = update(
            keys.shipment(holding.shipment_id), assign({"holder_id": pseudonym}), require(holder_id=user_id)
        )
        writes.append(shipped)
    return writes


def pass_on_refund_request(request: RefundRequest, user_id: str, pseudonym: str) -> Update:
    """Return the update of a refund request by or about the user. What they wrote is removed if they asked."""
    changes: dict[str, object] = {
        name: pseudonym for name in ("holder_id", "payer_id", "asked_by") if getattr(request, name) == user_id
    }
    conditions = dict.fromkeys(changes, user_id)
    if request.asked_by == user_id:
        changes |= {"reason": RefundReason.OTHER, "note": None}
        changes[keys.BY_OWNER.pk] = keys.refund_requests_by_asker(pseudonym)
    return update(keys.refund_request(request.refund_request_id), assign(changes), require(**conditions))


def replace_name(reader_id: str, message_id: str) -> Update:
    """Return the update of a message of another user that contains the name of the user."""
    key, path = keys.message(reader_id, message_id), "#params.#name"
    return Update(key, f"SET {path} = :name", f"{path} <> :name", {":name": names.ERASED_NAME})


def delete(key: keys.Key) -> Delete:
    """Return the write that deletes an item, if it exists."""
    return Delete(key, "attribute_exists(#pk)")


def _replace(key: keys.Key, path: str, user_id: str, pseudonym: str) -> Update:
    return Update(key, f"SET {path} = :pseudonym", f"{path} = :user", {":pseudonym": pseudonym, ":user": user_id})
