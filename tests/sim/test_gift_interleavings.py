"""Every interleaving of what the giver and the friend do with a gift: changes, claims, openings, thanks and blocks."""

from collections.abc import Sequence
from typing import Any

import pytest

from handsel.domain import errors
from handsel.domain.models import Gift, Holding, Thanks
from testkit.simulator.environment import HOUR_MS
from testkit.simulator.harness import AT_END_TO_CAROL, Act, Actor, Harness
from tests.sim.test_interleavings import Figures, Player, cancelling, declining, expire_gift, play

pytestmark = pytest.mark.long


def _stored(harness: Harness, gift: Gift) -> dict[str, Any]:
    return harness.model.items[f"GIFT#{gift.gift_id}", "GIFT"]


def _relation(harness: Harness, user: str, giver: str) -> dict[str, Any]:
    return harness.model.items.get((f"USER#{user}", f"FROM#{giver}"), {})


def _has_won(answer: object) -> bool:
    return not isinstance(answer, errors.ApiProblem)


def _ticking(harness: Harness, at: int) -> Act:
    """Return an act that moves the clock of all processes to a time."""

    def act(actor: Actor) -> None:
        actor.wait()
        harness.now = at

    return act


def test_a_gift_is_claimed_by_the_recipient_it_has(record_property: Figures) -> None:
    """Name another recipient while both claim, the first one declines and the giver cancels."""
    harness = Harness()
    gift = harness.give(harness.buy(), to="bob")
    players = [
        Player(harness.naming(gift, "carol")),
        Player(harness.claiming("bob", gift)),
        Player(harness.claiming("carol", gift)),
        Player(declining(gift)),
    ]

    def check(answers: Sequence[Any]) -> None:
        named, bob, carol, declined = answers
        now = _stored(harness, gift)
        assert sum(map(_has_won, (bob, carol, declined))) <= 1
        assert now["recipient_id"] == ("carol" if _has_won(named) else "bob")
        assert set(now["claims"]) == {user for user, each in (("bob", bob), ("carol", carol)) if _has_won(each)}
        assert (now["state"] == "declined") is _has_won(declined)
        if _has_won(named):
            # The earlier recipient sees a cancelled gift, never that another one has it.
            assert all(isinstance(each, errors.Cancelled) for each in (bob, declined))
        else:
            assert isinstance(named, errors.AlreadyClaimed | errors.Declined)
            assert isinstance(carol, errors.NotTheRecipient)

    states, ends = play(harness, players, check)
    record_property("figures", f"another recipient, two claims, decline: {states} states, {ends} ends")


def test_an_earlier_link_claims_nothing_once_the_new_one_exists(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy())
    players = [
        Player(harness.making_link(gift)),
        Player(harness.making_link(gift, "another link")),
        Player(harness.claiming("bob", gift)),
        Player(harness.naming(gift, "carol")),
    ]

    def check(answers: Sequence[Any]) -> None:
        first, second, bob, named = answers
        now = _stored(harness, gift)
        made = sum(map(_has_won, (first, second, named)))
        assert now.get("link_version", 0) == made
        assert ("recipient_id" in now) is _has_won(named) is not ("secret_version" in now)
        assert set(now["claims"]) == ({"bob"} if _has_won(bob) else set())
        if _has_won(bob):
            assert made == 0
        else:
            assert isinstance(bob, errors.WrongSecret | errors.NotTheRecipient)

    states, ends = play(harness, players, check)
    record_property("figures", f"two new links, a claim with the first one, a recipient: {states} states, {ends} ends")


def test_a_gift_is_extended_or_expires(record_property: Figures) -> None:
    """Extend a gift one millisecond before its end, while it is claimed and expires by a clock that is ahead."""
    harness = Harness()
    order = harness.buy(product="parcel", policy_id="kakao")
    gift = harness.give(order, to="bob")
    harness.now = gift.expires_at - 1
    players = [
        Player(harness.extending(gift, 60)),
        Player(harness.claiming("bob", gift), skew_ms=1),
        Player(expire_gift(harness, gift), skew_ms=1),
    ]

    def check(answers: Sequence[Any]) -> None:
        extended, claimed, expired = answers
        now = _stored(harness, gift)
        window = harness.model.items[f"WINDOW#{gift.gift_id}", "WINDOW"]
        assert not isinstance(expired, errors.ApiProblem)
        assert (now["state"] == "claimed") is _has_won(claimed)
        if _has_won(extended):
            assert now["expires_at"] == gift.expires_at + 60_000
            assert now["state"] in ("open", "claimed")
        else:
            assert isinstance(extended, errors.Expired)
            assert (now["state"], now["expires_at"]) == ("returned", gift.expires_at)
        assert window["ttl"] == -(-now["expires_at"] // 1000)

    states, ends = play(harness, players, check)
    record_property("figures", f"extension, claim, expiry: {states} states, {ends} ends")


@pytest.mark.parametrize("skew_ms", [-1, 0, 1])
def test_a_scheduled_gift_is_claimed_by_no_clock_before_it_opens(skew_ms: int, record_property: Figures) -> None:
    """Open a gift by the clock between the calls of each: claim, cancel, and the block of its recipient."""
    harness = Harness()
    gift = harness.give(harness.buy(), to="bob", send_at=harness.now + HOUR_MS)
    assert gift.opens_at is not None
    harness.now = gift.opens_at - 1
    players = [
        Player(_ticking(harness, gift.opens_at)),
        Player(harness.claiming("bob", gift), skew_ms=skew_ms, pauses_after=True),
        Player(cancelling(gift)),
        Player(harness.blocking("bob", "alice"), skew_ms=skew_ms),
    ]

    def check(answers: Sequence[Any]) -> None:
        _, claimed, cancelled, blocked = answers
        now = _stored(harness, gift)
        assert not isinstance(blocked, errors.ApiProblem)
        assert "blocked_at" in _relation(harness, "bob", "alice")
        assert (now["state"] == "claimed") is isinstance(claimed, Holding)
        assert (now["state"] == "cancelled") is _has_won(cancelled)
        assert now["state"] in ("claimed", "cancelled", "declined")
        assert set(now["claims"]) == ({"bob"} if isinstance(claimed, Holding) else set())

    states, ends = play(harness, players, check)
    record_property("figures", f"a scheduled gift opens (clock {skew_ms} ms): {states} states, {ends} ends")


def test_an_opening_is_not_noted_after_the_end(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(), to="bob")
    harness.now = gift.expires_at - 1
    players = [
        Player(_ticking(harness, gift.expires_at)),
        Player(harness.opening("bob", gift), pauses_after=True),
        Player(cancelling(gift)),
        Player(expire_gift(harness, gift)),
    ]

    def check(answers: Sequence[Any]) -> None:
        # The model checks the clock of each write.
        _, opened, _, _ = answers
        now = _stored(harness, gift)
        assert ("opened_at" in now) is _has_won(opened)
        assert now.get("opened_count", 0) == _has_won(opened)

    states, ends = play(harness, players, check)
    record_property("figures", f"an opening at the end of the window: {states} states, {ends} ends")


def test_openings_of_a_group_are_counted_once_for_each_user(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(quantity=2), shares=2)
    players = [
        Player(harness.opening("bob", gift)),
        Player(harness.opening("bob", gift)),
        Player(harness.opening("carol", gift)),
    ]

    def check(answers: Sequence[Any]) -> None:
        assert all(map(_has_won, answers))
        assert _stored(harness, gift)["opened_count"] == 2

    states, ends = play(harness, players, check)
    record_property("figures", f"three openings of a group by two users: {states} states, {ends} ends")


def test_a_claim_has_the_first_thanks_only(record_property: Figures) -> None:
    """Thank with two keys, one of them twice, while the other claimer thanks and the giver cancels the rest."""
    harness = Harness()
    gift = harness.give(harness.buy(quantity=3), shares=3)
    for user in ("bob", "carol"):
        harness.claim(user, gift)
    players = [
        Player(harness.thanking("bob", gift)),
        Player(harness.thanking("bob", gift)),
        Player(harness.thanking("bob", gift, "thanking again")),
        Player(harness.thanking("carol", gift)),
    ]

    def check(answers: Sequence[Any]) -> None:
        first, same, again, carol = answers
        claims = _stored(harness, gift)["claims"]
        assert isinstance(carol, Thanks)
        assert claims["carol"]["thanks"]["message"] == "thanking"
        assert _has_won(first) is _has_won(same) is not _has_won(again)
        assert claims["bob"]["thanks"]["message"] == ("thanking" if _has_won(first) else "thanking again")
        assert all(isinstance(each, Thanks | errors.AlreadyThanked) for each in answers)

    states, ends = play(harness, players, check)
    record_property("figures", f"thanks of two claimers, one of them thrice: {states} states, {ends} ends")


def test_no_gift_slips_through_a_block(record_property: Figures) -> None:
    """Block a giver who gives, and who names the blocking user in another gift and at the end of a third one."""
    harness = Harness()
    order = harness.buy(quantity=3)
    other = harness.give(order, to="carol", key="another gift")
    players = [
        Player(harness.blocking("bob", "alice")),
        Player(harness.giving(order, to="bob")),
        Player(harness.naming(other, "bob")),
    ]

    def check(answers: Sequence[Any]) -> None:
        blocked, given, named = answers
        assert not isinstance(blocked, errors.ApiProblem)
        for each in (given, named):
            assert isinstance(each, Gift | errors.RecipientUnknown)
        # Gifts from before the block are declined; nothing comes after it.
        for (_, sk), item in harness.model.items.items():
            assert sk != "GIFT" or item.get("recipient_id") != "bob" or item["state"] == "declined"

    states, ends = play(harness, players, check)
    record_property("figures", f"block, give, another recipient: {states} states, {ends} ends")


def test_no_gift_is_passed_on_to_somebody_who_blocked_its_giver(record_property: Figures) -> None:
    """Block the giver as the second person of a gift that expires, by clocks before and after its end."""
    harness = Harness()
    gift = harness.give(harness.buy(product="parcel"), to="bob", at_end=AT_END_TO_CAROL)
    harness.now = gift.expires_at - 1
    players = [
        Player(harness.blocking("carol", "alice")),
        Player(expire_gift(harness, gift), skew_ms=1),
        Player(harness.claiming("carol", gift.build_successor()), skew_ms=1),
    ]

    def check(answers: Sequence[Any]) -> None:
        _, expired, claimed = answers
        assert not isinstance(expired, errors.ApiProblem)
        now = _stored(harness, gift)
        successor = harness.model.items.get((f"GIFT#{gift.build_successor().gift_id}", "GIFT"))
        assert "blocked_at" in _relation(harness, "carol", "alice")
        assert _has_won(claimed) is (successor is not None and successor["state"] == "claimed")
        if successor is not None:
            assert now["state"] == "returned"
            assert successor["state"] in ("claimed", "declined")
        else:
            assert "at_end" not in now

    states, ends = play(harness, players, check)
    record_property("figures", f"block by the second person, expiry, claim: {states} states, {ends} ends")


def test_three_gifts_to_a_stranger_are_given_in_a_day(record_property: Figures) -> None:
    """Give to a stranger and name them in another gift at once, after two gifts to them."""
    harness = Harness()
    order = harness.buy(quantity=5)
    for number in range(2):
        harness.give(order, to="bob", key=f"gift {number}")
    other = harness.give(order, key="by link")
    players = [
        Player(harness.giving(order, to="bob", key="third")),
        Player(harness.naming(other, "bob")),
    ]

    def check(answers: Sequence[Any]) -> None:
        assert sum(map(_has_won, answers)) == 1
        assert sum(isinstance(each, errors.TooManyGifts) for each in answers) == 1

    states, ends = play(harness, players, check)
    record_property("figures", f"the third gift to a stranger, twice at once: {states} states, {ends} ends")


def test_the_recipient_is_reminded_once_at_a_time(record_property: Figures) -> None:
    harness = Harness()
    gift = harness.give(harness.buy(), to="bob")
    players = [
        Player(harness.reminding(gift)),
        Player(harness.reminding(gift)),
        Player(harness.naming(gift, "carol")),
    ]

    def check(answers: Sequence[Any]) -> None:
        first, second, named = answers
        assert _has_won(named)
        won = [each for each in (first, second) if _has_won(each)]
        assert len(_stored(harness, gift)["reminded_at"]) == 1
        assert won
        assert all(isinstance(each, Gift | errors.TooManyReminders) for each in (first, second))

    states, ends = play(harness, players, check)
    record_property("figures", f"two reminders, another recipient: {states} states, {ends} ends")
