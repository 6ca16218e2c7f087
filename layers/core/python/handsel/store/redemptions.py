"""Redemptions of vouchers: append-only records, each written together with the change of its voucher."""

from functools import partial

from handsel.domain.models import Holding, Redemption
from handsel.domain.states import REDEMPTION_MACHINE, RedemptionAction, RedemptionState
from handsel.store import attributes, holdings, keys
from handsel.store.attributes import Item
from handsel.store.expressions import assign, update
from handsel.store.table import Table
from handsel.store.transitions import transition
from handsel.store.writes import Put, Write


def to_item(redemption: Redemption) -> Item:
    """Return the item of a redemption."""
    return {**keys.redemption(redemption.redemption_id)._asdict(), **attributes.to_item(redemption)}


from_item = partial(attributes.from_item, Redemption)


def get(table: Table, redemption_id: str) -> Redemption | None:
    """Return a redemption, or None."""
    item = table.get(keys.redemption(redemption_id))
    return from_item(item) if item else None


def build_create(redemption: Redemption) -> list[Write]:
    """Return the writes that redeem a voucher, if it is usable: those of the voucher and of the record, in this order."""
    return [holdings.redeem(redemption), Put(to_item(redemption))]


def build_undo(holding: Holding, undone: Redemption) -> list[Write]:
    """Return the writes that undo a redemption, if the voucher still has it, and it is neither undone nor too old."""
    change = {
        "undone_by": undone.undone_by,
        "undo_reason": undone.undo_reason,
        "undo_id": undone.undo_id,
        "undo_hash": undone.undo_hash,
    }
    return [
        holdings.undo_redemption(holding, undone),
        update(
            keys.redemption(undone.redemption_id),
            transition(
                REDEMPTION_MACHINE,
                RedemptionState.DONE,
                RedemptionAction.UNDO,
                now=undone.undone_at,
                mark=undone.undone_at,
            ),
            assign(change),
        ),
    ]
