"""Redemptions: repeated by key, undone for an hour, never deleted; races with tills, refunds and the end of validity."""

from collections.abc import Callable
from typing import Any

import pytest

from handsel.runtime import wiring
from handsel.use_cases.operations import voucher_ends
from testkit.handlers.faults import FAULTS, READS, WRITES, Crashed, inject_faults, run_before
from testkit.handlers.stack import DAY, ROLES, Answer, Stack

HOUR = 3_600_000
KEY = "key-of-the-till"
REASON = {"reason": "The wrong voucher"}
# A colleague of Mia, at another till of the same store.
NINA = {**ROLES["mia"], "name": "Nina"}


def claimed(stack: Stack) -> dict[str, Any]:
    """Return a voucher that Bob claimed."""
    voucher: dict[str, Any] = stack.claim("bob", stack.give(stack.buy())).body
    return voucher


def redeem(stack: Stack, voucher: dict[str, Any], *, key: str | None = None) -> Answer:
    return stack.call("mia", "POST", f"/vouchers/{voucher['code']}/redemptions", key=key)


def redeem_by_colleague(stack: Stack, voucher: dict[str, Any], *, key: str | None = None) -> Answer:
    return stack.call("nina", "POST", "/redemptions", {"code": voucher["code"]}, key=key, claims=NINA)


def undo(stack: Stack, voucher: dict[str, Any], redemption_id: str, *, key: str | None = None, **body: Any) -> Answer:
    path = f"/vouchers/{voucher['code']}/redemptions/{redemption_id}/undo"
    return stack.call("mia", "POST", path, REASON | body, key=key)


def state_of(stack: Stack, voucher: dict[str, Any]) -> str:
    return str(stack.call("bob", "GET", f"/holdings/{voucher['holding_id']}").body["state"])


def records(stack: Stack) -> list[dict[str, Any]]:
    found = [item for item in stack.all_items() if item["sk"] == "REDEMPTION"]
    return sorted(found, key=lambda item: int(item["redeemed_at"]))


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.body["code"] if answer.status >= 400 else None


# --- a till that repeats ----------------------------------------------------------------------------------------------


def test_a_redemption_with_a_key_is_repeated_by_every_route_and_spelling(stack: Stack) -> None:
    voucher = claimed(stack)
    first = redeem(stack, voucher, key=KEY)
    assert first.status == 201
    assert (first.body["redeemed_by"], first.body["undone_at"]) == ("mia", None)
    stack.now += DAY
    typed = f"{voucher['code'][:4]}-{voucher['code'][4:]}".lower()
    for again in (
        redeem(stack, voucher, key=KEY),
        stack.call("mia", "POST", f"/vouchers/{typed}/redemptions", key=KEY),
        stack.call("mia", "POST", "/redemptions", {"code": typed}, key=KEY),
    ):
        assert (again.status, again.body) == (201, first.body)
    assert len(records(stack)) == 1


def test_without_a_key_each_call_is_a_redemption_of_its_own(stack: Stack) -> None:
    voucher, path = claimed(stack), "/redemptions"
    body, no_key = {"code": voucher["code"]}, {"idempotency-key": None}
    first = stack.call("mia", "POST", path, body, headers=no_key)
    assert first.status == 201
    again = stack.call("mia", "POST", path, body, headers=no_key)
    assert outcome(again) == (409, "already-redeemed")
    assert again.body["redeemed_at"] == first.body["redeemed_at"]


def test_a_key_is_of_one_caller(stack: Stack) -> None:
    voucher = claimed(stack)
    assert redeem(stack, voucher, key=KEY).status == 201
    assert outcome(redeem_by_colleague(stack, voucher, key=KEY)) == (409, "already-redeemed")


def test_a_key_that_redeemed_another_voucher_redeems_nothing(stack: Stack) -> None:
    first, second = claimed(stack), claimed(stack)
    assert redeem(stack, first, key=KEY).status == 201
    assert outcome(redeem(stack, second, key=KEY)) == (422, "idempotency-key-reused")
    assert state_of(stack, second) == "usable"
    assert redeem(stack, second).status == 201
    assert outcome(redeem(stack, second, key=KEY)) == (422, "idempotency-key-reused")


def test_a_replay_after_an_undo_and_after_the_next_redemption_returns_the_first_one(stack: Stack) -> None:
    voucher = claimed(stack)
    first = redeem(stack, voucher, key=KEY)
    stack.now += 60_000
    undone = undo(stack, voucher, first.body["redemption_id"])
    assert undone.status == 200
    assert undone.body == first.body | {
        "undone_at": undone.body["undone_at"],
        "undone_by": "mia",
        "undo_reason": REASON["reason"],
    }
    assert redeem(stack, voucher, key=KEY).body == undone.body
    assert state_of(stack, voucher) == "usable"  # a replay redeems nothing
    second = redeem_by_colleague(stack, voucher)
    assert second.status == 201
    again = redeem(stack, voucher, key=KEY)
    assert (again.status, again.body) == (201, undone.body)
    done, last = records(stack)
    assert (done["redeemed_by"], done["undone_by"], done["undo_reason"]) == ("mia", "mia", REASON["reason"])
    assert (last["redeemed_by"], "undone_at" in last) == ("nina", False)


@pytest.mark.parametrize("undone", [True, False])
def test_a_replay_is_answered_when_the_validity_has_ended(stack: Stack, *, undone: bool) -> None:
    voucher = claimed(stack)
    first = redeem(stack, voucher, key=KEY)
    if undone:
        undo(stack, voucher, first.body["redemption_id"])
    stack.now += 90 * DAY
    stack.sweep()
    again = redeem(stack, voucher, key=KEY)
    assert (again.status, again.body["redemption_id"]) == (201, first.body["redemption_id"])
    assert (again.body["undone_at"] is None) is not undone
    wanted = (410, "voucher-expired") if undone else (409, "already-redeemed")
    assert outcome(redeem(stack, voucher)) == wanted


# --- undo -------------------------------------------------------------------------------------------------------------


def test_an_undo_is_repeatable_by_every_merchant_of_the_store_and_the_first_one_counts(stack: Stack) -> None:
    voucher = claimed(stack)
    redemption_id = redeem(stack, voucher).body["redemption_id"]
    undone = undo(stack, voucher, redemption_id, key=KEY)
    path = f"/vouchers/{voucher['code']}/redemptions/{redemption_id}/undo"
    stack.now += 2 * HOUR
    for again in (
        undo(stack, voucher, redemption_id, key=KEY),
        undo(stack, voucher, redemption_id, reason="Another reason"),
        stack.call("nina", "POST", path, REASON, claims=NINA),
    ):
        assert (again.status, again.body) == (200, undone.body)
    assert len(records(stack)) == 1


@pytest.mark.parametrize(("after", "wanted"), [(HOUR - 1, (200, None)), (HOUR, (409, "too-late-to-undo"))])
def test_a_redemption_can_be_undone_for_an_hour(stack: Stack, after: int, wanted: tuple[int, str | None]) -> None:
    voucher = claimed(stack)
    redemption_id = redeem(stack, voucher).body["redemption_id"]
    stack.now += after
    assert outcome(undo(stack, voucher, redemption_id)) == wanted
    assert state_of(stack, voucher) == ("usable" if wanted[0] == 200 else "redeemed")


def test_only_a_redemption_of_this_voucher_in_this_store_can_be_undone(stack: Stack) -> None:
    voucher, other = claimed(stack), claimed(stack)
    redemption_id, others = (redeem(stack, each).body["redemption_id"] for each in (voucher, other))
    unknown = undo(stack, voucher, "unknown")
    assert outcome(unknown) == (404, "not-found")
    assert undo(stack, voucher, others).raw == undo(stack, {"code": "0" * 16}, redemption_id).raw == unknown.raw
    path = f"/vouchers/{voucher['code']}/redemptions/{redemption_id}/undo"
    assert stack.call("max", "POST", path, REASON).raw == unknown.raw
    for user in ("alice", "bob", "carl"):
        assert outcome(stack.call(user, "POST", path, REASON)) == (403, "wrong-role")
    assert state_of(stack, voucher) == state_of(stack, other) == "redeemed"


def test_an_undo_needs_a_key_and_a_reason_that_can_be_shown(stack: Stack) -> None:
    voucher = claimed(stack)
    redemption_id = redeem(stack, voucher).body["redemption_id"]
    path = f"/vouchers/{voucher['code']}/redemptions/{redemption_id}/undo"
    for key in (None, "short", "x" * 65):
        answer = stack.call("mia", "POST", path, REASON, headers={"idempotency-key": key})
        assert outcome(answer) == (400, "idempotency-key-required")
    wrong: tuple[Any, ...] = ("", " ", "\u200b", "a\nb", "a\u202eb", "x" * 301, 5, None, ["x"])
    for reason in wrong:
        answer = undo(stack, voucher, redemption_id, reason=reason)
        assert outcome(answer) == (422, "invalid-request"), reason
        assert [error["pointer"] for error in answer.body["errors"]] == ["/reason"]
    assert outcome(stack.call("mia", "POST", path, {})) == (422, "invalid-request")
    assert state_of(stack, voucher) == "redeemed"
    assert undo(stack, voucher, redemption_id, reason=" é" + "x" * 298).body["undo_reason"] == "é" + "x" * 298


def test_a_key_that_undid_with_another_reason_or_another_redemption_undoes_nothing(stack: Stack) -> None:
    first, second = claimed(stack), claimed(stack)
    ids = [redeem(stack, each).body["redemption_id"] for each in (first, second)]
    assert undo(stack, first, ids[0], key=KEY).status == 200
    assert outcome(undo(stack, first, ids[0], key=KEY, reason="Another")) == (422, "idempotency-key-reused")
    assert outcome(undo(stack, second, ids[1], key=KEY)) == (422, "idempotency-key-reused")
    assert state_of(stack, second) == "redeemed"


def test_a_record_keeps_what_it_has(stack: Stack) -> None:
    voucher = claimed(stack)
    ids = []
    for _ in range(3):
        redemption_id = redeem(stack, voucher).body["redemption_id"]
        (before,) = (item for item in records(stack) if item["redemption_id"] == redemption_id)
        stack.now += 60_000
        undo(stack, voucher, redemption_id)
        ids.append(redemption_id)
        (after,) = (item for item in records(stack) if item["redemption_id"] == redemption_id)
        assert before.items() <= after.items()
    assert [item["redemption_id"] for item in records(stack)] == ids
    assert outcome(undo(stack, voucher, ids[0])) == (200, None)
    assert state_of(stack, voucher) == "usable"


# --- the end of validity ----------------------------------------------------------------------------------------------


def late_redemption(stack: Stack) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return an order, its voucher, and its redemption a minute before the end of its validity."""
    order = stack.buy()
    voucher: dict[str, Any] = stack.claim("bob", stack.give(order)).body
    stack.now += 90 * DAY - 60_000
    return order, voucher, str(redeem(stack, voucher, key=KEY).body["redemption_id"])


@pytest.mark.parametrize("swept", [True, False])
def test_after_an_undo_past_its_validity_a_voucher_takes_its_own_end(stack: Stack, *, swept: bool) -> None:
    order, voucher, redemption_id = late_redemption(stack)
    stack.now += 120_000
    if swept:  # the end of the order's vouchers, which passes by a redeemed one
        stack.sweep()
    assert stack.units(order) == {"gifted": 1}
    assert undo(stack, voucher, redemption_id).status == 200
    assert state_of(stack, voucher) == "expired"
    assert outcome(redeem(stack, voucher)) == (410, "voucher-expired")
    assert redeem(stack, voucher, key=KEY).body["undone_at"] is not None
    stack.sweep()
    assert stack.units(order) == {"refunded": 1}
    assert state_of(stack, voucher) == "expired"
    assert undo(stack, voucher, redemption_id).status == 200


@pytest.mark.parametrize("at", range(8))
@pytest.mark.parametrize("first", ["undo", "sweep"])
def test_an_undo_and_the_end_of_the_order_at_once_lose_no_refund(stack: Stack, at: int, first: str) -> None:
    order, voucher, redemption_id = late_redemption(stack)
    stack.now += 60_000  # exactly the end

    def undo_it() -> None:
        assert undo(stack, voucher, redemption_id, key="key-of-undo").status == 200

    calls: list[Callable[[], Any]] = [undo_it, stack.sweep]
    outer, inner = calls if first == "undo" else calls[::-1]
    with inject_faults(WRITES | READS, {at: run_before(inner)}):
        outer()
    undo_it()
    for _ in range(2):
        stack.sweep()
    assert stack.units(order) == {"refunded": 1}
    assert state_of(stack, voucher) == "expired"


def test_a_timer_that_ends_because_the_voucher_is_redeemed_does_not_end_that_of_an_undo(stack: Stack) -> None:
    order, voucher, redemption_id = late_redemption(stack)
    stack.now += 60_000
    stack.sweep()  # the timer of the order ends, too

    def settle() -> object:
        # A sweep with an old view of the due index: the voucher is redeemed, so nothing ends.
        table = wiring.table()
        return voucher_ends.settle_voucher(table, voucher["holding_id"], clock=lambda: stack.now, read=table)

    with inject_faults(WRITES, {0: run_before(lambda: undo(stack, voucher, redemption_id))}):
        settle()
    stack.sweep()
    assert stack.units(order) == {"refunded": 1}
    assert settle() is None


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(3))
def test_of_two_tills_one_redeems(stack: Stack, at: int) -> None:
    voucher, others = claimed(stack), list[Answer]()
    other = run_before(lambda: others.append(redeem_by_colleague(stack, voucher)))
    with inject_faults(WRITES | READS, {at: other}):
        answer = redeem(stack, voucher)
    others = others or [redeem_by_colleague(stack, voucher)]
    assert sorted(map(outcome, (answer, *others))) == [(201, None), (409, "already-redeemed")]
    assert len(records(stack)) == 1


@pytest.mark.parametrize("at", range(3))
def test_two_calls_with_one_key_at_once_are_one_redemption(stack: Stack, at: int) -> None:
    voucher, others = claimed(stack), list[Answer]()

    def again() -> None:
        stack.now += 5
        others.append(redeem(stack, voucher, key=KEY))
        stack.now -= 5

    with inject_faults(WRITES | READS, {at: run_before(again)}):
        answer = redeem(stack, voucher, key=KEY)
    assert answer.status == 201
    assert all(other.body == answer.body for other in others)
    assert len(records(stack)) == 1


@pytest.mark.parametrize("at", range(3))
def test_one_key_for_two_vouchers_at_once_redeems_one(stack: Stack, at: int) -> None:
    first, second = claimed(stack), claimed(stack)
    others = list[Answer]()
    with inject_faults(WRITES | READS, {at: run_before(lambda: others.append(redeem(stack, second, key=KEY)))}):
        answer = redeem(stack, first, key=KEY)
    others = others or [redeem(stack, second, key=KEY)]
    assert sorted(map(outcome, (answer, *others))) == [(201, None), (422, "idempotency-key-reused")]
    assert sorted((state_of(stack, first), state_of(stack, second))) == ["redeemed", "usable"]


def test_a_slow_replay_does_not_redeem_what_was_undone_on_its_way(stack: Stack) -> None:
    voucher = claimed(stack)

    def redeem_and_undo() -> None:
        undo(stack, voucher, redeem(stack, voucher, key=KEY).body["redemption_id"])

    with inject_faults(WRITES, {0: run_before(redeem_and_undo)}):
        answer = redeem(stack, voucher, key=KEY)
    assert (answer.status, answer.body["undo_reason"]) == (201, REASON["reason"])
    assert state_of(stack, voucher) == "usable"


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("same_key", [True, False])
def test_two_undos_at_once_have_one_effect(stack: Stack, at: int, *, same_key: bool) -> None:
    voucher, others = claimed(stack), list[Answer]()
    redemption_id = redeem(stack, voucher).body["redemption_id"]

    def another() -> None:
        stack.now += 5
        others.append(undo(stack, voucher, redemption_id, key=KEY if same_key else "another-key"))
        stack.now -= 5

    with inject_faults(WRITES | READS, {at: run_before(another)}):
        answer = undo(stack, voucher, redemption_id, key=KEY)
    assert answer.status == 200
    assert all((other.status, other.body) == (200, answer.body) for other in others)
    assert state_of(stack, voucher) == "usable"


@pytest.mark.parametrize("at", range(3))
def test_an_undo_never_undoes_the_redemption_of_another_till(stack: Stack, at: int) -> None:
    voucher = claimed(stack)
    redemption_id = redeem(stack, voucher).body["redemption_id"]

    def undo_and_redeem() -> None:
        stack.now += 1
        assert undo(stack, voucher, redemption_id).status == 200
        assert redeem_by_colleague(stack, voucher).status == 201

    with inject_faults(WRITES | READS, {at: run_before(undo_and_redeem)}) as proxy:
        answer = undo(stack, voucher, redemption_id)
    if proxy.calls <= at:
        undo_and_redeem()
    assert answer.status == 200
    assert state_of(stack, voucher) == "redeemed"
    assert [item.get("undone_by") for item in records(stack)] == ["mia", None]


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("first", ["redeem", "ask"])
def test_of_a_redemption_and_a_refund_one_happens(stack: Stack, at: int, first: str) -> None:
    order = stack.buy()
    voucher: dict[str, Any] = stack.claim("bob", stack.give(order)).body
    answers: dict[str, Answer] = {}

    def ask() -> None:
        path = f"/holdings/{voucher['holding_id']}/refund-requests"
        answers["ask"] = stack.call("bob", "POST", path, {"reason": "unwanted"}, key="key-of-the-holder")

    def use() -> None:
        answers["redeem"] = redeem(stack, voucher, key=KEY)

    outer, inner = (use, ask) if first == "redeem" else (ask, use)
    with inject_faults(WRITES | READS, {at: run_before(inner)}):
        outer()
    if len(answers) == 1:
        inner()
    found = {name: outcome(answer) for name, answer in answers.items()}
    if found["redeem"] == (201, None):
        assert found["ask"] == (409, "not-refundable")
        assert answers["ask"].body["reason"] == "redeemed"
        assert (stack.units(order), state_of(stack, voucher)) == ({"gifted": 1}, "redeemed")
    else:
        assert found == {"redeem": (409, "voucher-refunded"), "ask": (201, None)}
        assert (stack.units(order), state_of(stack, voucher)) == ({"refunded": 1}, "refunded")
        assert records(stack) == []


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("first", ["undo", "ask"])
def test_a_refund_is_possible_from_the_undo_on(stack: Stack, at: int, first: str) -> None:
    order = stack.buy()
    voucher: dict[str, Any] = stack.claim("bob", stack.give(order)).body
    redemption_id = redeem(stack, voucher, key=KEY).body["redemption_id"]
    asked = list[Answer]()

    def ask() -> None:
        path = f"/holdings/{voucher['holding_id']}/refund-requests"
        asked.append(stack.call("bob", "POST", path, {"reason": "unwanted"}))

    def take_back() -> None:
        assert undo(stack, voucher, redemption_id).status == 200

    outer, inner = (take_back, ask) if first == "undo" else (ask, take_back)
    with inject_faults(WRITES | READS, {at: run_before(inner)}):
        outer()
    take_back()
    if not asked or asked[-1].status != 201:
        assert all(outcome(answer) == (409, "not-refundable") for answer in asked)
        ask()
    assert asked[-1].status == 201
    assert (stack.units(order), state_of(stack, voucher)) == ({"refunded": 1}, "refunded")
    assert outcome(redeem(stack, voucher)) == (409, "voucher-refunded")
    assert redeem(stack, voucher, key=KEY).status == 201  # a replay; it redeems nothing
    take_back()
    assert state_of(stack, voucher) == "refunded"


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(2))
def test_a_redemption_that_fails_at_any_call_is_completed_by_its_key(stack: Stack, number: int, fault: str) -> None:
    voucher = claimed(stack)
    stack.call("mia", "GET", "/me")
    with inject_faults(WRITES | READS, {number: FAULTS[fault]}):
        try:
            first = redeem(stack, voucher, key=KEY)
        except Crashed:
            first = None
    again = redeem(stack, voucher, key=KEY)
    assert again.status == 201
    assert first is None or first.status == 503 or first.body == again.body
    assert len(records(stack)) == 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(3))
def test_an_undo_that_fails_at_any_call_is_completed_by_the_same_call(stack: Stack, number: int, fault: str) -> None:
    voucher = claimed(stack)
    redemption_id = redeem(stack, voucher).body["redemption_id"]
    with inject_faults(WRITES | READS, {number: FAULTS[fault]}):
        try:
            first = undo(stack, voucher, redemption_id, key=KEY)
        except Crashed:
            first = None
    stack.now += 1000
    again = undo(stack, voucher, redemption_id, key=KEY)
    assert again.status == 200
    assert first is None or first.status == 503 or first.body == again.body
    assert state_of(stack, voucher) == "usable"


# --- what follows -----------------------------------------------------------------------------------------------------


def kinds(stack: Stack, user: str) -> list[str]:
    messages = stack.call(user, "GET", "/messages?limit=50").body["items"]
    return [message["kind"] for message in messages][::-1]


@pytest.mark.parametrize("own", [True, False])
def test_the_holder_is_told_of_each_redemption_and_undo_and_the_payer_of_a_gift_is_not(
    stack: Stack, *, own: bool
) -> None:
    stack.start_recording()
    order = stack.buy()
    path = f"/orders/{order['order_id']}/use"
    voucher = (
        stack.call("alice", "POST", path, {"quantity": 1}).body["holdings"][0]
        if own
        else stack.claim("bob", stack.give(order)).body
    )
    holder = "alice" if own else "bob"

    def to_use() -> int:
        return int(stack.call(holder, "GET", "/order-center").body["counts"]["to_use"])

    stack.deliver_records()
    before = kinds(stack, holder)
    for _ in range(2):
        stack.now += 60_000
        redemption_id = redeem(stack, voucher).body["redemption_id"]
        stack.deliver_records()
        assert to_use() == 0
        stack.now += 60_000
        undo(stack, voucher, redemption_id)
        stack.deliver_records()
        assert to_use() == 1
    stack.project(*stack.records)  # every record once more
    assert kinds(stack, holder)[len(before) :] == ["voucher_redeemed", "voucher_usable_again"] * 2
    message = stack.call(holder, "GET", "/messages").body["items"][0]
    assert message["params"] == {"holding_id": voucher["holding_id"]}
    assert message["link"].endswith(f"/#/holdings/{voucher['holding_id']}")
    published = [event for event in stack.events if event["type"].startswith("holding.")]
    names = [event["type"] for event in published]
    assert names[:4] == ["holding.redeemed", "holding.redemption_undone"] * 2
    assert len({event["id"] for event in published}) == 4
    assert all(event["audience"] == [holder] for event in published)
    assert all(event["data"] == {"holding_id": voucher["holding_id"]} for event in published)
    if not own:
        answers = [stack.call("alice", "GET", path) for path in ("/messages?limit=50", f"/gifts/{voucher['gift_id']}")]
        for answer in answers:
            assert "voucher_" not in answer.raw
            assert voucher["holding_id"] not in answer.raw
            assert "redeem" not in answer.raw.replace("redeem_at", "")


def test_a_voucher_that_has_expired_by_the_undo_is_not_reported_as_usable(stack: Stack) -> None:
    stack.start_recording()
    order, voucher, redemption_id = late_redemption(stack)
    stack.now += 120_000
    undo(stack, voucher, redemption_id)
    stack.deliver_records()
    assert "voucher_redeemed" in kinds(stack, "bob")
    assert "voucher_usable_again" not in kinds(stack, "bob")
    assert stack.call("bob", "GET", "/order-center").body["counts"]["to_use"] == 0
    assert stack.units(order)
