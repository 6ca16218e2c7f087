"""The ends of a claim window: who may set them, where the units are, and the successor."""

from dataclasses import replace
from typing import Any

import pytest

from handsel.domain import errors, policy, rules
from handsel.domain.models import AtEnd, Gift, Kind, Reservation
from handsel.domain.states import UNIT_MACHINE, UNITS_AT_END, EndAction, GiftState, UnitPlace
from testkit.factories import EXPIRES, gift, order

DAY = 86_400_000
REFUND = AtEnd(EndAction.REFUND)
TO_CAROL = AtEnd(EndAction.GIVE_TO, "carol", "next", DAY)
DOUYIN, WECHAT = policy.newest("douyin"), policy.newest("wechat")


def given(at_end: AtEnd | None = None, **changes: Any) -> Gift:
    return replace(gift(shares=1, recipient_id="bob"), at_end=at_end, **changes)


def test_every_end_has_an_action_on_the_units_or_leaves_them_in_a_gift() -> None:
    assert UNITS_AT_END.keys() == set(EndAction)
    places = {end: action and UNIT_MACHINE.step(UnitPlace.IN_GIFT, action).to for end, action in UNITS_AT_END.items()}
    assert places == {"order": "available", "refund": "refunded", "give_to": None}


def test_a_gift_without_an_end_ends_in_the_order() -> None:
    assert given().then is EndAction.ORDER
    assert given(REFUND).then is EndAction.REFUND
    assert given().reservation == Reservation(1, EXPIRES)
    assert given(TO_CAROL).reservation == Reservation(1, EXPIRES, EndAction.GIVE_TO)


@pytest.mark.parametrize(
    ("at_end", "places"),
    [
        (None, ("in_gift", "available", "available", "available")),
        (REFUND, ("in_gift", "refunded", "refunded", "refunded")),
        (TO_CAROL, ("in_gift", "in_gift", "in_gift", "available")),
    ],
)
def test_unclaimed_units_are_in_one_place_at_any_time(at_end: AtEnd | None, places: tuple[str, ...]) -> None:
    times = (EXPIRES - 1, EXPIRES, EXPIRES + DAY - 1, EXPIRES + DAY)
    for ended in (given(at_end), given(at_end, state=GiftState.RETURNED)):
        found = tuple(rules.find_place(ended, now=now) for now in times)
        assert found[1:] == places[1:]
    assert rules.find_place(given(at_end), now=EXPIRES - 1) == places[0]
    for state in (GiftState.CANCELLED, GiftState.DECLINED):
        assert rules.find_place(given(at_end, state=state), now=EXPIRES) is UnitPlace.AVAILABLE


def test_units_of_every_place_are_counted_once() -> None:
    gifts = [given(each, gift_id=str(number)) for number, each in enumerate((None, REFUND, TO_CAROL))]
    bought = order(quantity=7, available=1, gifted=1, used=1, refunded=1)
    before, after = (rules.count_units(bought, gifts, now=now) for now in (EXPIRES - 1, EXPIRES))
    assert before is not None
    assert after is not None
    assert (before.available, before.in_gift, before.refunded) == (1, 3, 1)
    assert (after.available, after.in_gift, after.gifted, after.used, after.refunded) == (2, 1, 1, 1, 2)


def test_only_an_expired_gift_that_is_passed_on_has_a_successor() -> None:
    for at_end in (None, REFUND):
        assert given(at_end).successor_id_at(EXPIRES) is None
    assert given(TO_CAROL).successor_id_at(EXPIRES - 1) is None
    assert given(TO_CAROL).successor_id_at(EXPIRES) == "next"
    for state in (GiftState.CLAIMED, GiftState.CANCELLED, GiftState.DECLINED):
        assert given(TO_CAROL, state=state).successor_id_at(EXPIRES) is None
    assert given(TO_CAROL, state=GiftState.RETURNED).successor_id_at(EXPIRES) == "next"


def test_a_successor_has_nothing_of_the_first_gift_but_what_was_given() -> None:
    first = given(TO_CAROL, secret_version="1", in_return_for="another", valid_until=EXPIRES + 2 * DAY)
    ended = replace(first, state=GiftState.RETURNED, ended_at=EXPIRES + 5)
    assert first.build_successor() == ended.build_successor()
    assert first.build_successor() == replace(
        first,
        gift_id="next",
        recipient_id="carol",
        created_at=EXPIRES,
        expires_at=EXPIRES + DAY,
        secret_version=None,
        in_return_for=None,
        at_end=None,
    )
    assert replace(first, valid_until=EXPIRES + 5).build_successor().expires_at == EXPIRES + 5


@pytest.mark.parametrize("at_end", [None, REFUND, replace(TO_CAROL, window_ms=None)])
def test_a_gift_that_is_not_passed_on_has_no_successor(at_end: AtEnd | None) -> None:
    with pytest.raises(ValueError, match="not passed on"):
        given(at_end).build_successor()


def test_an_end_is_stored_unless_it_is_the_order() -> None:
    chosen = replace(TO_CAROL, window_ms=None)
    for terms, default in ((DOUYIN, None), (WECHAT, REFUND)):
        assert rules.resolve_end(None, terms, Kind.VOUCHER) == default
        assert rules.resolve_end(AtEnd(EndAction.ORDER), terms, Kind.VOUCHER) is None
        assert rules.resolve_end(REFUND, terms, Kind.VOUCHER) == REFUND
        assert rules.resolve_end(chosen, terms, Kind.VOUCHER) == TO_CAROL


def check(first: Gift, at_end: AtEnd | None, *, terms: policy.Policy = DOUYIN, is_known: bool = True) -> None:
    rules.check_at_end(first, at_end, terms, is_known=is_known, pointer="/at_end")


def test_the_policy_may_allow_its_own_end_only() -> None:
    for at_end in (None, REFUND, TO_CAROL):
        check(given(), at_end)
    check(given(), REFUND, terms=WECHAT)
    for at_end in (None, TO_CAROL):
        with pytest.raises(errors.NotAllowed) as raised:
            check(given(), at_end, terms=WECHAT)
        assert raised.value.rule == "giver_may_choose"


def test_the_second_person_is_a_known_third_person_for_one_share() -> None:
    with pytest.raises(errors.InvalidRequest) as raised:
        check(gift(shares=2), TO_CAROL)
    assert [field.pointer for field in raised.value.fields] == ["/at_end/then"]
    with pytest.raises(errors.SelfGift):
        check(given(), replace(TO_CAROL, recipient_id="alice"), is_known=False)
    with pytest.raises(errors.InvalidRequest) as raised:
        check(given(), replace(TO_CAROL, recipient_id="bob"))
    assert [field.pointer for field in raised.value.fields] == ["/at_end/recipient_id"]
    with pytest.raises(errors.RecipientUnknown):
        check(given(), TO_CAROL, is_known=False)
    check(gift(shares=2), REFUND, is_known=False)


def test_vouchers_leave_the_least_window_to_the_second_person() -> None:
    check(given(valid_until=EXPIRES + 60_000), TO_CAROL)
    check(given(valid_until=EXPIRES), REFUND)
    for until in (EXPIRES, EXPIRES + 59_999):
        with pytest.raises(errors.NotGiftable) as raised:
            check(given(valid_until=until), TO_CAROL)
        assert raised.value.rule == "minimum_window"
    short = DOUYIN.with_window(2_000)
    check(given(valid_until=EXPIRES + 2_000), TO_CAROL, terms=short)


def test_an_order_may_have_refunds_that_the_clock_made() -> None:
    def has_due(then: EndAction | None, now: int) -> bool:
        return rules.has_refund_due(order(reservations={"gift": Reservation(1, EXPIRES, then)}), now=now)

    assert has_due(EndAction.REFUND, EXPIRES)
    assert not has_due(EndAction.REFUND, EXPIRES - 1)
    assert not has_due(EndAction.GIVE_TO, EXPIRES)
    assert not has_due(None, EXPIRES)
