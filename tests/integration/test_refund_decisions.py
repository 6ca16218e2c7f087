"""Refund requests for delivered goods: the merchant decides, the goods come back, and times decide where nobody does."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from handsel.runtime import settings
from testkit.handlers.faults import WRITES, inject_faults, run_before
from testkit.handlers.stack import DAY, Answer, Stack

STORE = "store-tea-house"
PARCEL = {"carrier": "SF Express", "tracking_number": "SF-1"}
APPROVE, REJECT = {"approve": True}, {"approve": False}
KEEP = {"approve": True, "without_return": True}


class Goods:
    """Goods that were given by Alice, claimed by Bob, and delivered to him, with his refund request."""

    def __init__(self, stack: Stack, quantity: int = 1) -> None:
        self.stack = stack
        self.order = stack.buy(product="parcel", quantity=quantity)
        self.holding = stack.claim("bob", stack.give(self.order)).body
        assert stack.report(self.holding["shipment_id"], "delivered").status == 200
        asked = self.ask()
        assert (asked.status, asked.body["state"]) == (201, "requested"), asked.raw
        self.request = asked.body

    @property
    def path(self) -> str:
        return f"/refund-requests/{self.request['refund_request_id']}"

    def ask(self, reason: str = "damaged", **more: Any) -> Answer:
        path = f"/holdings/{self.holding['holding_id']}/refund-requests"
        return self.stack.call("bob", "POST", path, {"reason": reason, "note": "A cup is broken.", **more})

    def decide(self, body: Mapping[str, Any] = APPROVE, user: str = "mia") -> Answer:
        return self.stack.call(user, "POST", f"{self.path}/decision", body)

    def send_back(self, user: str = "bob", **more: str) -> Answer:
        return self.stack.call(user, "PUT", f"{self.path}/return", PARCEL | more)

    def receive(self, user: str = "mia") -> Answer:
        return self.stack.call(user, "POST", f"{self.path}/received")

    def hold(self, user: str = "mia") -> Answer:
        return self.stack.call(user, "POST", f"{self.path}/not-received")

    def withdraw(self) -> Answer:
        return self.stack.call("bob", "POST", f"{self.path}/withdraw")

    def read(self, user: str = "bob") -> dict[str, Any]:
        answer = self.stack.call(user, "GET", self.path)
        assert answer.status == 200, answer.raw
        body: dict[str, Any] = answer.body
        return body

    @property
    def state(self) -> str:
        return str(self.read()["state"])

    @property
    def units(self) -> dict[str, int]:
        return self.stack.units(self.order)

    @property
    def repaid(self) -> list[int]:
        """Return the amounts of the refunds of the order."""
        items = self.stack.all_items()
        found = [each for each in items if each["sk"] == "REFUND" and each["order_id"] == self.order["order_id"]]
        return [each["total"]["amount"] for each in found]


@pytest.fixture
def goods(stack: Stack) -> Goods:
    return Goods(stack)


def expect(answer: Answer, state: str) -> None:
    assert (answer.status, answer.body.get("state")) == (200, state), answer.raw


def expect_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code), answer.raw


# --- the way of the goods ---------------------------------------------------------------------------------------------


def test_approved_goods_come_back_and_are_refunded_once(goods: Goods) -> None:
    expect(goods.decide(APPROVE | {"note": "Send it back, please."}), "approved")
    assert goods.units == {"gifted": 1}
    expect(goods.send_back(), "returning")
    expect(goods.receive(), "refunded")
    assert (goods.units, goods.repaid) == ({"refunded": 1}, [39_900])
    expect(goods.receive(), "refunded")
    assert goods.repaid == [39_900]


def test_goods_that_stay_with_the_holder_are_refunded_at_once(goods: Goods) -> None:
    expect(goods.decide(KEEP), "refunded")
    assert (goods.units, goods.repaid, goods.read()["without_return"]) == ({"refunded": 1}, [39_900], True)
    expect_problem(goods.send_back(), 409, "no-return-expected")


def test_goods_of_own_use_come_back_as_those_of_a_gift(stack: Stack) -> None:
    goods = Goods.__new__(Goods)
    goods.stack, goods.order = stack, stack.buy("bob", product="parcel", quantity=2)
    goods.holding = stack.use_parcel(goods.order)
    stack.report(goods.holding["shipment_id"], "delivered")
    goods.request = goods.ask().body
    goods.decide()
    goods.send_back()
    expect(goods.receive(), "refunded")
    assert (goods.units, goods.repaid) == ({"available": 1, "refunded": 1}, [39_900])


def test_a_rejected_request_ends_and_cannot_be_asked_again(goods: Goods) -> None:
    expect(goods.decide(REJECT | {"note": "It was fine."}), "rejected")
    assert (goods.units, goods.repaid) == ({"gifted": 1}, [])
    again = goods.ask()
    expect_problem(again, 409, "not-refundable")
    assert again.body["reason"] == "already-requested"


def test_refunded_goods_are_not_sold_again_by_themselves(stack: Stack) -> None:
    stack.update_product("parcel", stock=5)
    goods = Goods(stack)
    goods.decide(KEEP)
    product = stack.item(f"PRODUCT#{stack.products['parcel']}")
    assert product is not None
    assert product["stock"] == 4


@pytest.mark.parametrize(("first", "same", "others"), [
    (APPROVE, [APPROVE, APPROVE | {"note": "again"}], [REJECT, KEEP]),
    (REJECT, [REJECT], [APPROVE, KEEP]),
    (KEEP, [KEEP], [APPROVE, REJECT]),
])  # fmt: skip
def test_the_same_decision_again_changes_nothing_and_another_is_too_late(
    goods: Goods, first: dict[str, Any], same: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    state = goods.decide(first).body["state"]
    before = goods.stack.item(f"REFUND_REQUEST#{goods.request['refund_request_id']}")
    for body in same:
        expect(goods.decide(body), state)
    for body in others:
        expect_problem(goods.decide(body), 409, "already-decided")
    assert goods.stack.item(f"REFUND_REQUEST#{goods.request['refund_request_id']}") == before
    expect_problem(goods.withdraw(), 409, "already-decided")


def test_each_step_is_expected_in_its_state_only(goods: Goods) -> None:
    steps: list[tuple[Callable[[], Answer], set[str]]] = [
        (goods.send_back, {"approved"}),
        (goods.receive, {"returning"}),
        (goods.hold, {"returning"}),
    ]
    ways: list[tuple[str, list[Callable[[], Answer]]]] = [
        ("requested", []),
        ("approved", [goods.decide]),
        ("returning", [goods.decide, goods.send_back]),
        ("rejected", [lambda: goods.decide(REJECT)]),
        ("refunded", [lambda: goods.decide(KEEP)]),
        ("withdrawn", [goods.withdraw]),
    ]
    saved = goods.stack.save()
    for state, reach in ways:
        for step, expected in steps:
            goods.stack.load(saved)
            for call in reach:
                assert call().status == 200
            answer = step()
            if state in expected or (step == goods.send_back and state == "returning"):
                assert answer.status == 200, (state, answer.raw)
            else:
                expect_problem(answer, 409, "no-return-expected")


# --- who may do what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["alice", "bob", "carol"])
def test_only_a_merchant_decides_and_receives(goods: Goods, user: str) -> None:
    for call in (goods.decide(user=user), goods.receive(user), goods.hold(user)):
        expect_problem(call, 403, "wrong-role")
    expect_problem(goods.stack.call(user, "GET", f"/stores/{STORE}/refund-requests"), 403, "wrong-role")


def test_to_the_merchant_of_another_store_the_request_does_not_exist(goods: Goods) -> None:
    for call in (goods.decide(user="max"), goods.receive("max"), goods.hold("max")):
        expect_problem(call, 404, "not-found")
    expect_problem(goods.stack.call("max", "GET", f"/stores/{STORE}/refund-requests"), 404, "not-found")


@pytest.mark.parametrize("user", ["alice", "carol", "mia"])
def test_only_the_holder_sends_goods_back(goods: Goods, user: str) -> None:
    goods.decide()
    expect_problem(goods.send_back(user), 404, "not-found")


def test_the_merchant_sees_what_they_need_and_no_user(goods: Goods) -> None:
    (listed,) = goods.stack.call("mia", "GET", f"/stores/{STORE}/refund-requests").body["items"]
    assert (listed["reason"], listed["note"]) == ("damaged", "A cup is broken.")
    assert listed["actions"] == ["decide"]
    assert not {"holder_id", "payer_id", "asked_by"} & listed.keys()
    raw = goods.stack.call("mia", "GET", f"/stores/{STORE}/refund-requests").raw
    assert not any(name in raw for name in ("bob", "alice", "Bob", "Alice"))


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sweeps", [False, True])
def test_silence_approves_and_the_goods_have_to_come_back(goods: Goods, sweeps: bool) -> None:
    goods.stack.now += 3 * DAY - 1
    assert goods.state == "requested"
    assert goods.stack.sweep()["request_settled"] == 0
    goods.stack.now += 1
    if sweeps:
        assert goods.stack.sweep()["request_settled"] == 1
    read = goods.read()
    assert (read["state"], read["decided_at"], read["actions"]) == ("approved", goods.request["decide_by"], ["return"])
    expect_problem(goods.decide(REJECT), 409, "already-decided")
    expect_problem(goods.withdraw(), 409, "already-decided")
    expect(goods.decide(), "approved")
    expect(goods.send_back(), "returning")
    expect(goods.receive(), "refunded")


@pytest.mark.parametrize("sweeps", [False, True])
def test_goods_that_are_not_sent_back_in_time_are_not_refunded(goods: Goods, sweeps: bool) -> None:
    goods.decide()
    goods.stack.now += 14 * DAY - 1
    assert goods.state == "approved"
    goods.stack.now += 1
    if sweeps:
        assert goods.stack.sweep()["request_settled"] == 1
    assert goods.state == "withdrawn"
    expect_problem(goods.send_back(), 409, "no-return-expected")
    assert (goods.units, goods.repaid) == ({"gifted": 1}, [])
    assert goods.stack.sweep()["request_settled"] == 0


def test_goods_that_are_not_acknowledged_in_time_count_as_received(goods: Goods) -> None:
    goods.decide()
    goods.send_back()
    goods.stack.now += 10 * DAY - 1
    assert (goods.state, goods.stack.sweep()["request_settled"]) == ("returning", 0)
    goods.stack.now += 1
    assert goods.state == "refunding"
    assert goods.stack.sweep()["request_settled"] == 1
    assert (goods.state, goods.units, goods.repaid) == ("refunded", {"refunded": 1}, [39_900])
    expect(goods.receive(), "refunded")
    expect_problem(goods.hold(), 409, "no-return-expected")


@pytest.mark.parametrize("sweeps", [False, True])
def test_every_time_that_passed_in_the_meantime_is_counted_from_the_one_before(goods: Goods, sweeps: bool) -> None:
    goods.stack.now += 17 * DAY - 1
    if sweeps:
        goods.stack.sweep()
    assert goods.state == "approved"
    goods.stack.now += 1
    if sweeps:
        goods.stack.sweep()
    assert goods.state == "withdrawn"


def test_a_corrected_number_gives_the_merchant_the_whole_time_again(goods: Goods) -> None:
    goods.decide()
    goods.send_back()
    goods.stack.now += 5 * DAY
    expect(goods.send_back(), "returning")  # the same again: the time goes on
    assert goods.stack.sweep()["request_settled"] == 0
    expect(goods.send_back(tracking_number="SF-2"), "returning")
    assert goods.read("mia")["return_tracking_number"] == "SF-2"
    goods.stack.now += 5 * DAY
    assert goods.state == "returning"
    goods.stack.now += 5 * DAY
    assert goods.state == "refunding"


def test_a_request_that_is_held_waits_without_a_time(goods: Goods) -> None:
    goods.decide()
    goods.send_back()
    expect(goods.hold(), "returning")
    expect(goods.hold(), "returning")
    goods.stack.now += 400 * DAY
    assert (goods.stack.sweep()["request_settled"], goods.state) == (0, "returning")
    assert goods.read("mia")["actions"] == ["received"]
    expect(goods.send_back(tracking_number="SF-2"), "returning")
    goods.stack.now += 11 * DAY
    assert (goods.stack.sweep()["request_settled"], goods.state) == (0, "returning")
    expect(goods.receive(), "refunded")  # the parcel arrived after all
    assert goods.repaid == [39_900]


@pytest.mark.parametrize(("policy", "decide_days", "return_days"), [("douyin", 3, 7), ("eu", 3, 14)])
def test_the_days_are_those_of_the_policy_of_the_order(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, policy: str, decide_days: int, return_days: int
) -> None:
    monkeypatch.setenv("POLICY", policy)
    settings.settings.cache_clear()
    goods = Goods(stack)
    goods.withdraw()
    stack.now += return_days * DAY - 1
    goods.request = goods.ask().body
    assert goods.state == "requested"
    stack.now += 1
    goods.withdraw()
    late = goods.ask()
    expect_problem(late, 409, "not-refundable")
    assert late.body["reason"] == "too-late"
    other = Goods(stack)
    stack.now += decide_days * DAY - 1
    assert other.state == "requested"
    stack.now += 1
    assert other.state == "approved"


# --- lists ------------------------------------------------------------------------------------------------------------


def test_lists_have_the_state_of_the_clock(stack: Stack) -> None:
    silent, rejected, sent = Goods(stack), Goods(stack), Goods(stack)
    rejected.decide(REJECT)
    sent.decide()
    sent.send_back()
    stack.now += 3 * DAY
    for state, expected in (
        ("requested", []),
        ("approved", [silent]),
        ("rejected", [rejected]),
        ("returning", [sent]),
    ):
        found = stack.call("mia", "GET", f"/stores/{STORE}/refund-requests?state={state}").body["items"]
        assert [each["refund_request_id"] for each in found] == [
            each.request["refund_request_id"] for each in expected
        ], state
    own = stack.call("bob", "GET", "/refund-requests").body["items"]
    newest_first = [each.request["refund_request_id"] for each in (sent, rejected, silent)]
    assert sorted(each["refund_request_id"] for each in own) == sorted(newest_first)
    assert stack.call("alice", "GET", "/refund-requests").body["items"] == []
    assert stack.call("mia", "GET", "/refund-requests").body["items"] == []


def test_a_filtered_list_has_full_pages(stack: Stack) -> None:
    all_goods = [Goods(stack) for _ in range(5)]
    for each in all_goods[::2]:
        stack.now += 1000
        each.decide(REJECT)
    path = f"/stores/{STORE}/refund-requests?state=rejected&limit=2"
    first = stack.call("mia", "GET", path).body
    assert len(first["items"]) == 2
    second = stack.call("mia", "GET", f"{path}&cursor={first['next_cursor']}").body
    assert len(second["items"]) == 1
    both = {each["refund_request_id"] for each in (*first["items"], *second["items"])}
    assert both == {each.request["refund_request_id"] for each in all_goods[::2]}


# --- races ------------------------------------------------------------------------------------------------------------


def overtake(goods: Goods, first: Callable[[], Any], then: Callable[[], Answer]) -> Answer:
    """Return the answer of a call that is overtaken by another one between its reads and its write."""
    with inject_faults(WRITES, {0: run_before(lambda: first())}):
        return then()


def test_of_two_merchants_at_once_one_decides(goods: Goods) -> None:
    answer = overtake(goods, lambda: expect(goods.decide(REJECT), "rejected"), goods.decide)
    expect_problem(answer, 409, "already-decided")
    assert (goods.state, goods.repaid) == ("rejected", [])


def test_of_a_decision_and_a_withdrawal_one_happens(stack: Stack) -> None:
    goods = Goods(stack)
    answer = overtake(goods, lambda: expect(goods.withdraw(), "withdrawn"), goods.decide)
    expect_problem(answer, 409, "already-decided")
    goods = Goods(stack)
    answer = overtake(goods, lambda: expect(goods.decide(KEEP), "refunded"), goods.withdraw)
    expect_problem(answer, 409, "already-decided")
    assert goods.repaid == [39_900]


@pytest.mark.parametrize("body", [APPROVE, REJECT, KEEP])
def test_of_a_decision_and_silence_one_happens(stack: Stack, body: dict[str, Any]) -> None:
    def settle_at_the_deadline() -> None:
        stack.now += 3 * DAY
        assert stack.sweep()["request_settled"] == 1
        stack.now -= 3 * DAY  # the clock of the decision is behind

    goods = Goods(stack)
    answer = overtake(goods, settle_at_the_deadline, lambda: goods.decide(body))
    if body == APPROVE:
        expect(answer, "approved")
    else:
        expect_problem(answer, 409, "already-decided")
    assert (goods.units, goods.repaid) == ({"gifted": 1}, [])
    stack.now += 3 * DAY
    # The other way round: the decision comes before the sweep writes.
    other = Goods(stack)
    stack.now += 3 * DAY

    def decide_in_time() -> None:
        stack.now -= 1
        assert other.decide(body).status == 200
        stack.now += 1

    with inject_faults(WRITES, {0: run_before(decide_in_time)}):
        stack.sweep()
    assert other.state == {"approved": "approved", "rejected": "rejected"}.get(other.state, "refunded")
    assert other.repaid == ([39_900] if body == KEEP else [])


def test_goods_are_sent_back_or_not_but_never_both(stack: Stack) -> None:
    goods = Goods(stack)
    goods.decide()

    def settle_at_the_deadline() -> None:
        stack.now += 14 * DAY
        assert stack.sweep()["request_settled"] == 1
        stack.now -= 14 * DAY

    expect_problem(overtake(goods, settle_at_the_deadline, goods.send_back), 409, "no-return-expected")
    other = Goods(stack)
    other.decide()
    stack.now += 14 * DAY

    def send_back_in_time() -> None:
        stack.now -= 1
        expect(other.send_back(), "returning")
        stack.now += 1

    with inject_faults(WRITES, {0: run_before(send_back_in_time)}):
        assert stack.sweep()["request_settled"] == 0
    assert other.state == "returning"


@pytest.mark.parametrize("step", ["receive", "hold"])
def test_goods_are_received_once_by_the_merchant_or_by_the_clock(stack: Stack, step: str) -> None:
    goods = Goods(stack)
    goods.decide()
    goods.send_back()

    def settle_at_the_deadline() -> None:
        stack.now += 10 * DAY
        assert stack.sweep()["request_settled"] == 1
        stack.now -= 10 * DAY

    answer = overtake(goods, settle_at_the_deadline, getattr(goods, step))
    if step == "receive":
        expect(answer, "refunded")
    else:
        expect_problem(answer, 409, "no-return-expected")
    assert (goods.units, goods.repaid) == ({"refunded": 1}, [39_900])
    other = Goods(stack)
    other.decide()
    other.send_back()
    stack.now += 10 * DAY

    def act_in_time() -> None:
        stack.now -= 1
        assert getattr(other, step)().status == 200
        stack.now += 1

    with inject_faults(WRITES, {0: run_before(act_in_time)}):
        assert stack.sweep()["request_settled"] == 0
    assert other.repaid == ([39_900] if step == "receive" else [])


def test_two_requests_of_one_order_are_refunded_to_the_last_unit(stack: Stack) -> None:
    """Refund two parcels of one order at once: each transaction requires what it read of the order."""
    order = stack.buy(product="parcel", quantity=2)
    both = []
    for user in ("bob", "bob"):
        goods = Goods.__new__(Goods)
        goods.stack, goods.order = stack, order
        goods.holding = stack.claim(user, stack.give(order)).body
        stack.report(goods.holding["shipment_id"], "delivered")
        goods.request = goods.ask().body
        both.append(goods)
    expect(
        overtake(both[0], lambda: expect(both[1].decide(KEEP), "refunded"), lambda: both[0].decide(KEEP)), "refunded"
    )
    assert stack.units(order) == {"refunded": 2}
    assert both[0].repaid == [39_900, 39_900]


def test_a_refunding_request_whose_provider_did_not_answer_is_finished_by_the_sweep(
    goods: Goods, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handsel.domain.payments import OutcomeUnknown
    from handsel.runtime import sandbox

    def lose(*_: object) -> None:
        raise OutcomeUnknown

    with monkeypatch.context() as provider:
        provider.setattr(sandbox.SandboxProvider, "repay", lose)
        expect(goods.decide(KEEP), "refunding")
        expect(goods.decide(KEEP), "refunding")
    assert (goods.units, goods.state) == ({"refunded": 1}, "refunding")
    goods.stack.now += 30_000
    assert goods.stack.sweep()["refunded"] == 1
    assert (goods.state, goods.repaid) == ("refunded", [39_900])


# --- messages ---------------------------------------------------------------------------------------------------------


def test_the_holder_hears_of_each_decision_without_a_note(stack: Stack) -> None:
    stack.start_recording()
    rejected, sent = Goods(stack), Goods(stack)
    rejected.decide(REJECT | {"note": "a private note"})
    sent.decide()
    sent.send_back()
    sent.receive()
    stack.deliver_records()
    stack.stop_recording()
    heard = [each for each in stack.call("bob", "GET", "/messages").body["items"] if each["kind"] == "refund_decided"]
    assert sorted((each["params"]["state"], each["params"]["holding_id"]) for each in heard) == sorted(
        [
            ("rejected", rejected.holding["holding_id"]),
            ("approved", sent.holding["holding_id"]),
            ("refunding", sent.holding["holding_id"]),
        ]
    )
    assert "a private note" not in stack.call("bob", "GET", "/messages").raw
    assert not [
        each for each in stack.call("alice", "GET", "/messages").body["items"] if each["kind"] == "refund_decided"
    ]
