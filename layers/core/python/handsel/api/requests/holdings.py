"""Request that lists holdings."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from handsel.api.requests.base import ListQuery
from handsel.domain import states
from handsel.use_cases.queries import TO_RECEIVE

# The state of a parcel is the status of its shipment.
HOLDING_STATES = (*states.VoucherState, *states.ShipmentStatus, TO_RECEIVE)


def _holding_state(state: str) -> str:
    if state not in HOLDING_STATES:
        raise ValueError("not a state of a voucher or a parcel")
    return state


HoldingState = Annotated[
    str, AfterValidator(_holding_state), WithJsonSchema({"type": "string", "enum": list(HOLDING_STATES)})
]


class HoldingListQuery(ListQuery):
    """The query of the list of holdings."""

    state: Annotated[
        HoldingState | None,
        Field(
            description="Only vouchers in this state, or parcels whose shipment has this status. "
            "`to_receive` selects parcels that are still to be delivered."
        ),
    ] = None
