"""Erase a user whose time has come: settle what they have, pass on what is kept to a pseudonym, delete the rest.

First the account becomes a tombstone. From then on, its summary and its preferences are tombstones, too, so that stream
records that come late bring nothing back. The rest is found by the lists of the user, and each step is decided by the state of
the item, under a condition:

1. Gifts of the user: open ones are cancelled. Then the name in them, and in the messages to their recipients, is replaced.
2. Orders: pending ones are cancelled, available units are refunded.
3. Gifts to the user, who is named in them or was before: open ones to the user are declined.
4. Gifts of which the user is the second person: they end in the order.
5. Holdings: usable vouchers are refunded to those who paid for them. Parcels are delivered.
6. Requests of the user: regift requests and reports are deleted, as is what tells that they opened a gift; refund requests lose
   their reasons and notes. Claims lose their words of thanks, in step 5.
7. What others decided about the user as a giver is deleted.
8. Everything in the partition of the user but the tombstones, and the sign-in in the user pool, are deleted.

| process dies                     | state left behind                              | completed by                             |
|----------------------------------|------------------------------------------------|------------------------------------------|
| before the tombstone             | an account that is due                         | the next sweep, from the start           |
| before or after any other write  | a tombstone that is due, part of the steps done | the next sweep: done steps find nothing |
| before the last write            | a tombstone that is due, nothing left          | the next sweep, which finds nothing      |

If it runs twice at once, the conditions let each write succeed once, and a lost response is found as done. The job is due
until a pass, `LAST_PASS_MS` or more after the time of the erasure, finds nothing: calls that were in progress at that time
have ended by then. The sign-in is deleted again in each pass, so that an error is repaired by the next one.

A step that passes on an item comes after everything that is found by the item, because no list of the user names it then.

What the pseudonym holds can still come to need a refund that nobody asks for: the redemption of a voucher is undone, or a
parcel is lost, returned or never shipped. So the pseudonym is due from the end of the erasure on, until none of this can happen
any more. These refunds are steps as those above: done ones find nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TypeVar

from handsel.domain import erasure, errors, ids, messages
from handsel.domain.erasure import build_receipt
from handsel.domain.identities import IdentityProvider
from handsel.domain.models import (
    DAY_MS,
    HANDLE_KEPT_MS,
    MAX_ADDRESS_MS,
    Account,
    Gift,
    Holding,
    Kind,
    Order,
    Page,
    iterate,
)
from handsel.domain.names import ERASED_NAME
from handsel.domain.payments import PaymentProvider
from handsel.domain.states import (
    UNDO_MS,
    GiftAction,
    GiftState,
    OrderState,
    PaymentAction,
    RefundCause,
    ShipmentStatus,
    VoucherState,
)
from handsel.store import (
    accounts,
    erasures,
    gifts,
    holdings,
    keys,
    orders,
    preferences,
    refund_requests,
    refunds,
    shipments,
    summaries,
)
from handsel.store.keys import Key
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Write
from handsel.use_cases.orders.cancelling import end, settle_cancelled

T = TypeVar("T")

# Each attempt after the first follows a concurrent change of the same item.
_MAX_ATTEMPTS = 20
_PAGE = 100
# The newest gifts that each pass looks at again after they were passed on.
_LOOKED_AT_AGAIN = 500
# The items of the partition of a user that stay, as tombstones.
_TOMBSTONES = frozenset({"ACCOUNT", "SUMMARY", "PREFERENCES"})


class _TimeUpError(Exception):
    """The time for this pass is up. The next one continues."""


def erase(
    table: Table,
    provider: PaymentProvider,
    identities: IdentityProvider,
    user_id: str,
    *,
    clock: Callable[[], int],
    deadline: int,
) -> bool:
    """Make one pass of the erasure of a user. Return whether it changed anything.

    Args:
        deadline: milliseconds since the epoch; nothing is started after it.

    Raises:
        DataIntegrityError, ServiceUnavailable
    """
    account = accounts.get(table, user_id)
    if account is None:
        raise errors.DataIntegrityError(f"user {user_id} is in the due index but does not exist")
    if account.erased_at is None:
        if not account.is_erased_at(clock()):
            return False  # the index is late: the user has kept the account
        account = _bury(table, account, now=clock())
    if account.erased_at is None:
        return False
    if account.pseudonym is None:
        return _watch(table, provider, user_id, clock=clock, deadline=deadline)
    current = _Pass(table, provider, user_id, account.pseudonym, clock=clock, deadline=deadline)
    with suppress(_TimeUpError):
        current.run()
        identities.delete(user_id)
        if current.changes or clock() < account.erased_at + erasure.LAST_PASS_MS:
            return current.schedule(account.erased_at + erasure.LAST_PASS_MS)
        current.write(erasures.finish(user_id), erasures.watch(account.pseudonym, clock()))
    return True


def _watch(table: Table, provider: PaymentProvider, pseudonym: str, *, clock: Callable[[], int], deadline: int) -> bool:
    """Refund what nobody else asks for among the holdings of a pseudonym. Return whether this changed anything."""
    current = _Pass(table, provider, pseudonym, pseudonym, clock=clock, deadline=deadline)
    with suppress(_TimeUpError):
        next_at = current.settle_kept()
        if next_at is not None:
            return current.schedule(next_at)
        current.write(erasures.finish(pseudonym))
    return True


def _bury(table: Table, account: Account, *, now: int) -> Account:
    """Replace an account by its tombstone, and return it; or the account, if its user kept it at the last moment."""
    erase_at = account.erase_at or now
    with suppress(ConditionFailed):  # another process was first, or the user
        handle_until = erase_at + HANDLE_KEPT_MS
        table.write(*erasures.erase(account, build_receipt(erase_at), handle_until=handle_until, now=now))
    buried = accounts.get(table, account.user_id)
    if buried is None:
        raise errors.DataIntegrityError(f"the account of user {account.user_id} does not exist")
    return buried


class _Pass:
    """One pass over everything that refers to an erased user.

    Attributes:
        changes: the number of writes.
    """

    def __init__(
        self,
        table: Table,
        provider: PaymentProvider,
        user_id: str,
        pseudonym: str,
        *,
        clock: Callable[[], int],
        deadline: int,
    ) -> None:
        self._table, self._provider = table, provider
        self._user_id, self._pseudonym = user_id, pseudonym
        self._clock, self._deadline = clock, deadline
        self.changes = 0

    def run(self) -> None:
        """Take all steps."""
        self._write_if(summaries.erase(self._user_id))
        self._write_if(preferences.erase(self._user_id))
        for gift in self._list(gifts.list_sent, self._user_id):
            self._leave_sent(gift)
        for order in self._list(orders.list_by_buyer, self._user_id):
            self._retry(partial(self._leave_order, order.order_id))
        for key in self._each(self._table.list_partition(keys.account(self._user_id).pk, "RECEIVED#")):
            self._retry(partial(self._leave_named, keys.parse_id(key.sk)))
        second = keys.gifts_by_second_person(self._user_id)
        for sort_key, key in self._list_rows(keys.BY_PARENT, second):
            self._retry(partial(self._leave_second, keys.parse_id(sort_key), key))
        for holding in self._list(holdings.list_by_holder, self._user_id):
            self._retry(partial(self._leave_holding, holding.holding_id))
        for _, key in self._list_rows(keys.BY_OWNER, keys.regift_requests_by_user(self._user_id)):
            self._leave_regift_request(key)
        for _, key in self._list_rows(keys.BY_OWNER, keys.openings_by_user(self._user_id)):
            self._write_if(erasures.delete(key))
        for _, key in self._list_rows(keys.BY_OWNER, keys.reports_by_user(self._user_id)):
            self._write_if(erasures.delete(key))
        for request in self._list(refund_requests.list_by_asker, self._user_id):
            self._pass_on_refund_requests([request.refund_request_id])
        for _, key in self._list_rows(keys.BY_PARENT, keys.relations_by_giver(self._user_id)):
            self._write_if(erasures.delete(key))
        for key in self._each(self._table.list_partition(keys.account(self._user_id).pk)):
            if key.sk not in _TOMBSTONES:
                self._write_if(erasures.delete(key))
        # Calls that were in progress may refer to gifts that were passed on before. This is last, and limited: the list does
        # not become shorter, so for a giver of thousands of gifts there would be no time for the other steps.
        for gift in islice(self._list(gifts.list_sent, self._pseudonym), _LOOKED_AT_AGAIN):
            self._leave_sent(gift)

    def write(self, *writes: Write) -> None:
        """Make all of the writes or none.

        Raises:
            ConditionFailed, ServiceUnavailable
        """
        self._table.write(*writes)
        self.changes += 1

    def schedule(self, at: int) -> bool:
        """Make the next pass due at a time, if that has not come yet. Return whether this pass changed anything."""
        if self._clock() < at:
            self._write_if(erasures.set_next_pass(self._user_id, at))
        return self.changes > 0

    # --- gifts --------------------------------------------------------------------------------------------------------

    def _leave_sent(self, gift: Gift) -> None:
        """Cancel a gift of the user, and remove the user from it and from what refers to it."""
        self._end(gift, GiftAction.CANCEL)
        gift = gifts.get(self._table, gift.gift_id) or gift  # with its last claims
        for key in self._table.list_partition(keys.gift(gift.gift_id).pk, "REGIFT_REQUEST#"):
            self._write_if(erasures.delete(key))
        claimed = holdings.get_many(self._table, [claim.holding_id for claim in gift.claims.values()])
        for holding in claimed.values():
            if holding.return_gift_order_id is not None:
                self._pass_on_intent(holding.return_gift_order_id)
        self._pass_on_refund_requests([each.refund_request_id for each in claimed.values() if each.refund_request_id])
        self._replace_names(gift)
        if gift.giver_id == self._user_id:
            self._write_if(erasures.pass_on_sent(gift, self._pseudonym))

    def _leave_named(self, gift_id: str) -> None:
        """Decline a gift to the user, scheduled or open, and remove the user from it; or from one that has another recipient now.

        Raises:
            ConditionFailed: its recipient was changed since it was read.
        """
        gift = gifts.get(self._table, gift_id)
        if gift is None:
            return
        if gift.recipient_id == self._user_id:
            self._end(gift, GiftAction.REFUSE)
            gift = gifts.get(self._table, gift_id) or gift
        if self._user_id in (gift.recipient_id, *(each.user_id for each in gift.former_recipients)):
            self.write(*erasures.pass_on_named(gift, self._user_id, self._pseudonym))

    def _leave_second(self, gift_id: str, pointer: Key) -> None:
        """Let a gift that would be passed on to the user end in the order, and remove the user from an ended one."""
        gift = gifts.get(self._table, gift_id)
        if gift is None or gift.at_end is None or gift.at_end.recipient_id != self._user_id:
            # It has another end by now; or it was passed on, and the response was lost.
            self._write_if(erasures.delete_pointer(pointer, self._user_id))
        elif gift.state_at(self._clock()) in (GiftState.SCHEDULED, GiftState.OPEN):
            gifts.set_at_end(self._table, gift, None, clock=self._clock)
            self.changes += 1
        elif gift.state is GiftState.OPEN:
            self._end(gift, GiftAction.EXPIRE)
            self._write_if(erasures.delete_pointer(pointer, self._user_id))
        else:
            self._replace_names(gift)
            self.write(*erasures.pass_on_second(gift_id, pointer, self._user_id, self._pseudonym))

    def _end(self, gift: Gift, action: GiftAction) -> None:
        """End a gift that is open or scheduled, under any policy. A gift whose window is over expires.

        A gift that has another recipient since it was read is not declined.
        """
        recipient_id = gift.recipient_id
        while gift.state is GiftState.OPEN and (action is not GiftAction.REFUSE or gift.recipient_id == recipient_id):
            is_over = gift.state_at(self._clock()) is GiftState.RETURNED
            ended = gifts.end_gift(self._table, GiftAction.EXPIRE if is_over else action, gift, clock=self._clock)
            if not isinstance(ended, Gift):
                self.changes += 1
                return
            gift = ended

    # --- orders and holdings ------------------------------------------------------------------------------------------

    def _leave_order(self, order_id: str) -> None:
        """Cancel a pending order, refund the available units of a paid one, and pass it on.

        Raises:
            ConditionFailed: it was changed since it was read.
        """
        order = self._read_order(order_id)
        if order.buyer_id != self._user_id:
            return
        if order.state is OrderState.PENDING:
            order = end(self._table, order, PaymentAction.CANCEL, now=self._clock())
            self.changes += 1
        if order.state is OrderState.CANCELLED:
            with suppress(errors.PaymentUnknown):  # the sweep asks again
                settle_cancelled(self._table, self._provider, order)
            order = self._read_order(order_id)
        for gift in gifts.get_many(self._table, list(order.reservations)):
            if gift.state is GiftState.OPEN:  # the list of gifts is late
                self._leave_sent(gift)
        order = self._read_order(order_id)
        if order.available:
            self._refund(order, [], available=order.available)
            order = self._read_order(order_id)
        self._write_if(erasures.delete(keys.tally(keys.order(order_id))))
        self.write(erasures.pass_on_order(order, self._pseudonym))

    def _leave_holding(self, holding_id: str) -> None:
        """Refund a usable voucher, and pass on a holding with its claim and its shipment.

        Raises:
            ConditionFailed: it was changed since it was read.
        """
        holding = holdings.get(self._table, holding_id)
        if holding is None or holding.holder_id != self._user_id:
            return
        if holding.product.kind is Kind.VOUCHER and holding.state_at(self._clock()) is VoucherState.USABLE:
            self._refund(self._read_order(holding.order_id), [holding])
        if holding.refund_request_id is not None:
            self._pass_on_refund_requests([holding.refund_request_id])
        gift = None if holding.gift_id is None else gifts.get(self._table, holding.gift_id)
        if gift is not None:
            self._replace_names(gift)
        if holding.shipment_id is not None:
            self._write_if(erasures.delete(keys.tally(keys.shipment(holding.shipment_id))))
        self.write(*erasures.pass_on_holding(holding, gift, self._pseudonym))

    def settle_kept(self) -> int | None:
        """Refund the holdings of a pseudonym that are worth nothing to anybody. Return when to look again, or None."""
        times = [
            self._retry(partial(self._settle_kept, holding.holding_id))
            for holding in self._list(holdings.list_by_holder, self._user_id)
        ]
        return min((at for at in times if at is not None), default=None)

    def _settle_kept(self, holding_id: str) -> int | None:
        """Refund a holding of a pseudonym if its holder could have asked for that. Return when to look again, or None.

        Raises:
            ConditionFailed: it was changed since it was read.
        """
        holding, now = holdings.get(self._table, holding_id), self._clock()
        if holding is None or holding.has_left:
            return None
        if holding.shipment_id is None:
            if holding.state_at(now) is VoucherState.USABLE:  # its redemption was undone
                order = self._read_order(holding.order_id)
                self._refund(order, [holding])
            undo_over = (holding.redeemed_at or 0) + UNDO_MS + erasure.LAST_PASS_MS
            return undo_over if now < undo_over else None
        shipment = shipments.get(self._table, holding.shipment_id)
        if shipment is None:
            raise errors.DataIntegrityError(f"shipment {holding.shipment_id} does not exist")
        given_up_at = shipment.created_at + MAX_ADDRESS_MS
        if shipment.status in (ShipmentStatus.LOST, ShipmentStatus.RETURNED):
            order = self._read_order(holding.order_id)
            self._refund(order, [holding], restock=False, more=[shipments.require_unchanged(shipment)])
        elif shipment.status is ShipmentStatus.READY_TO_SHIP and given_up_at <= now:  # nobody knows where to any more
            order = self._read_order(holding.order_id)
            self._refund(order, [holding], more=shipments.cancel(shipment, now=now, retention_ms=0))
        elif not shipment.is_over and now < given_up_at:
            return min(now + DAY_MS, given_up_at)
        return None

    def _refund(
        self,
        order: Order,
        held: Sequence[Holding],
        *,
        available: int = 0,
        restock: bool = True,
        more: Sequence[Write] = (),
    ) -> None:
        """Refund holdings, or available units, to the payer.

        The id is derived from the number of units that were refunded before, so each refund of an order has another one.
        """
        now = self._clock()
        writes = refunds.build_for_holdings(
            order,
            held,
            cause=RefundCause.ERASURE,
            now=now,
            refund_id=ids.derive_id("refund at erasure", self._user_id, order.order_id, str(order.refunded)),
            restock=restock,
            available=available,
            payer_id=self._pseudonym if order.buyer_id == self._user_id else order.buyer_id,
        )
        self.write(*writes, *(holdings.refund(each, now=now) for each in held), *more)

    def _read_order(self, order_id: str) -> Order:
        order = orders.get(self._table, order_id)
        if order is None:
            raise errors.DataIntegrityError(f"order {order_id} does not exist")
        return order

    # --- references and names -----------------------------------------------------------------------------------------

    def _pass_on_intent(self, order_id: str) -> None:
        """Remove the user from the order of a return gift to them."""
        intent = self._read_order(order_id).intent
        if intent is not None and intent.recipient_id == self._user_id:
            self._write_if(erasures.pass_on_intent(order_id, self._user_id, self._pseudonym))

    def _pass_on_refund_requests(self, request_ids: list[str]) -> None:
        """Remove the user from refund requests, and from the earlier ones of the same holdings."""
        while request_ids:
            found = refund_requests.get_many(self._table, request_ids).values()
            for request in found:
                if self._user_id in (request.holder_id, request.payer_id, request.asked_by):
                    self._write_if(erasures.pass_on_refund_request(request, self._user_id, self._pseudonym))
            request_ids = [request.previous_id for request in found if request.previous_id is not None]

    def _leave_regift_request(self, key: Key) -> None:
        request = self._table.get(key)
        if request is not None:
            message_id = messages.derive_regift_request_id(request["gift_id"], self._user_id)
            self._replace_names_in([(request["giver_id"], message_id)])
            self._write_if(erasures.delete(key))

    def _replace_names(self, gift: Gift) -> None:
        self._replace_names_in(messages.list_naming(gift, self._user_id))

    def _replace_names_in(self, named: list[tuple[str, str]]) -> None:
        """Replace the name of the user in messages to others."""
        found = self._table.get_many(keys.message(*each) for each in named)
        for each in named:
            params = found.get(keys.message(*each), {}).get("params", {})
            if params.get("name", ERASED_NAME) != ERASED_NAME:
                self._write_if(erasures.replace_name(*each))

    # --- lists and writes ---------------------------------------------------------------------------------------------

    def _list(self, list_page: Callable[..., Page[T]], user_id: str) -> Iterator[T]:
        """Return the entries of a list of the user."""
        return self._each(iterate(partial(list_page, self._table, user_id)))

    def _list_rows(self, index: keys.Index, pk: str) -> Iterator[tuple[str, Key]]:
        """Yield the rows of a partition of an index."""
        before = None
        while rows := self._table.query_newest(index, pk, limit=_PAGE, before=before):
            yield from self._each(rows)
            before = rows[-1][0]

    def _each(self, entries: "Iterator[T] | Sequence[T]") -> Iterator[T]:
        for entry in entries:
            if self._clock() >= self._deadline:
                raise _TimeUpError
            yield entry

    def _retry(self, attempt: Callable[[], T]) -> T:
        return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)

    def _write_if(self, write: Write) -> None:
        """Make a write; if its condition is false, it is not needed any more."""
        with suppress(ConditionFailed):
            self.write(write)
