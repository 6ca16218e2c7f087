"""Scheduled gifts: their states, messages and events by the clock, and what each viewer may see before they open."""

from dataclasses import replace

import pytest

from handsel.domain import errors, events, messages, rules
from handsel.domain.messages import MessageKind
from handsel.domain.models import DAY_MS, HOUR_MS, AtEnd, Gift
from handsel.domain.privacy import Fact, Viewer, may_see
from handsel.domain.states import EndAction, GiftState
from handsel.domain.summary import Summary, compute_counts, find_open_gifts
from testkit.factories import NOW, gift, order

OPENS = NOW + 3 * DAY_MS


def scheduled(**changes: object) -> Gift:
    given = replace(gift(recipient_id="bob", shares=1), opens_at=OPENS, expires_at=OPENS + DAY_MS)
    return replace(given, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (NOW, GiftState.SCHEDULED),
        (OPENS - 1, GiftState.SCHEDULED),
        (OPENS, GiftState.OPEN),
        (OPENS + DAY_MS - 1, GiftState.OPEN),
        (OPENS + DAY_MS, GiftState.RETURNED),
    ],
)
def test_the_clock_decides_whether_it_is_scheduled(now: int, state: GiftState) -> None:
    assert scheduled().state_at(now) is state
    assert scheduled().has_ended_at(now) is (state is GiftState.RETURNED)
    assert scheduled().is_sent_at(now) is (now >= OPENS)
    assert not GiftState.SCHEDULED.is_final


@pytest.mark.parametrize(("ended_at", "is_sent"), [(NOW, False), (OPENS - 1, False), (OPENS, True), (OPENS + 1, True)])
def test_a_gift_that_ended_before_it_opened_was_never_sent(ended_at: int, *, is_sent: bool) -> None:
    ended = scheduled(state=GiftState.CANCELLED, ended_at=ended_at)
    assert ended.is_sent_at(OPENS + DAY_MS) is is_sent
    assert ended.state_at(NOW) is GiftState.CANCELLED


def test_a_gift_that_was_not_scheduled_was_sent_when_it_was_created() -> None:
    assert gift().is_sent_at(0)
    assert (gift().sent_at, scheduled().sent_at) == (NOW, OPENS)


@pytest.mark.parametrize("send_at", [None, NOW, NOW + 365 * DAY_MS])
def test_a_gift_can_be_scheduled_for_now_or_within_365_days(send_at: int | None) -> None:
    rules.check_send_at(send_at, now=NOW)


@pytest.mark.parametrize("send_at", [NOW - 1, NOW + 365 * DAY_MS + 1])
def test_a_gift_cannot_be_scheduled_for_any_other_time(send_at: int) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        rules.check_send_at(send_at, now=NOW)
    assert [field.pointer for field in caught.value.fields] == ["/send_at"]


def test_its_creation_sends_no_message_and_its_opening_announces_it() -> None:
    assert list(messages.derive_gift_messages(None, scheduled())) == []
    announced = messages.build_announcement(scheduled())
    (at_once,) = messages.derive_gift_messages(None, gift(recipient_id="bob"))
    assert announced == replace(at_once, created_at=OPENS)


def test_the_first_message_of_the_sweep_is_due_when_it_opens() -> None:
    end = OPENS + DAY_MS
    assert messages.list_reminder_times(scheduled()) == [OPENS, end - 6 * HOUR_MS, end - HOUR_MS]
    short = scheduled(expires_at=OPENS + HOUR_MS)
    assert messages.list_reminder_times(short) == [OPENS]
    assert messages.list_reminder_times(replace(scheduled(), recipient_id=None)) == []


@pytest.mark.parametrize(("ended_at", "kinds"), [(OPENS - 1, []), (OPENS, [MessageKind.GIFT_CANCELLED])])
def test_a_cancellation_is_reported_to_a_recipient_who_may_know_of_the_gift(
    ended_at: int, kinds: list[MessageKind]
) -> None:
    cancelled = scheduled(state=GiftState.CANCELLED, ended_at=ended_at)
    assert [each.kind for each in messages.derive_gift_messages(scheduled(), cancelled)] == kinds


def test_its_creation_is_an_event_of_its_own() -> None:
    (event,) = events.derive_gift_events(None, scheduled())
    assert (event.type, event.at, event.audience) == ("gift.scheduled", NOW, ("alice",))
    assert event.data == events.GiftScheduled("gift", GiftState.SCHEDULED, OPENS)


def test_before_it_opens_only_its_state_is_visible_to_others() -> None:
    hidden_from = {Viewer.ANYONE, Viewer.RECIPIENT}
    assert not any(may_see(viewer, Fact.ENVELOPE, sent=False) for viewer in hidden_from)
    assert not any(may_see(viewer, Fact.BLESSING, sent=False) for viewer in hidden_from)
    assert all(may_see(viewer, Fact.SCHEDULE, named=True) for viewer in hidden_from)
    assert may_see(Viewer.GIVER, Fact.BLESSING, sent=False)


def test_it_waits_for_its_recipient_in_the_counters_of_its_giver() -> None:
    given = find_open_gifts(order(), [scheduled(order_id="order")])
    summary = Summary(open_gifts={"order": given})
    assert compute_counts(summary, 0, now=NOW).awaiting_claim == 1
    assert compute_counts(summary, 0, now=OPENS + DAY_MS - 1).awaiting_claim == 1
    assert compute_counts(summary, 0, now=OPENS + DAY_MS).awaiting_claim == 0


def test_its_successor_is_not_scheduled() -> None:
    at_end = AtEnd(EndAction.GIVE_TO, "carol", "successor", DAY_MS)
    successor = scheduled(at_end=at_end).build_successor()
    assert (successor.opens_at, successor.created_at) == (None, OPENS + DAY_MS)
    assert successor.state_at(OPENS + DAY_MS) is GiftState.OPEN
