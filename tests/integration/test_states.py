"""The gift machine through the API: in a final state an action fails with that state's problem, or is a repetition."""

from collections.abc import Callable
from typing import Any

import pytest

from handsel.domain.states import GIFT_MACHINE, GiftAction, GiftState
from testkit.handlers.stack import DAY, Answer, Stack

Gift = dict[str, Any]


def _expire(stack: Stack, _: Gift) -> None:
    stack.now += DAY


# Ways for a gift to Bob to reach each final state, and the caller of each action.
INTO: dict[GiftState, Callable[[Stack, Gift], object]] = {
    GiftState.CLAIMED: lambda stack, gift: stack.claim("bob", gift),
    GiftState.RETURNED: _expire,
    GiftState.CANCELLED: lambda stack, gift: stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel"),
    GiftState.DECLINED: lambda stack, gift: stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline"),
}
ACTIONS: dict[GiftAction, Callable[[Stack, Gift], Answer]] = {
    GiftAction.CLAIM_LAST_SHARE: lambda stack, gift: stack.claim("bob", gift),
    GiftAction.CANCEL: lambda stack, gift: stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel"),
    GiftAction.DECLINE: lambda stack, gift: stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/decline"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", INTO)
@pytest.mark.parametrize("settled", [False, True])
def test_no_action_leaves_a_final_state(stack: Stack, state: GiftState, action: GiftAction, *, settled: bool) -> None:
    stack.call("bob", "GET", "/orders")
    order = stack.buy()
    gift = stack.give(order, recipient_id="bob")
    INTO[state](stack, gift)
    record = stack.stream_record(gift["gift_id"])
    if settled:
        stack.sweep()
        stack.restore(record)
    units = stack.units(order)
    answer = ACTIONS[action](stack, gift)
    if GIFT_MACHINE.step(GiftState.OPEN, action).to is state:
        assert answer.status == 200
    else:
        assert answer.body["code"] == GIFT_MACHINE.problems[state].code
    assert stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["state"] == state
    assert stack.units(order) == units == ({"gifted": 1} if state is GiftState.CLAIMED else {"available": 1})
    stack.now += DAY
    stack.sweep()
    stack.restore(record)
    assert stack.units(order) == units
