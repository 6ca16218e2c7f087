"""Staged rollout: what users outside a feature see and cannot do, and that nothing of theirs is trapped."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handsel.domain import errors
from handsel.domain.rollout import MAX_LISTED, Feature, Rollout, Stage
from handsel.runtime import wiring
from handsel.store import keys, rollout
from handsel.store.rollout import MAX_AGE_MS
from handsel.store.writes import ConditionFailed
from ops.__main__ import _parser
from ops.scan import WholeTable
from ops.stack import CannotRunError
from ops.stack import Stack as StackNames
from testkit.dynamodb.capacity import metered
from testkit.handlers.calls import return_request
from testkit.handlers.faults import READS, inject_faults
from testkit.handlers.stack import DAY, TABLE, Answer, Stack, gift_request

OFF = Stage(on=False)
FEATURES = {"gifting": True, "order_center": True}


def switch(stack: Stack, **stages: Stage) -> None:
    """Change the rollout, and let the copies of the processes become too old."""
    current = rollout.get(wiring.table())
    rollout.save(wiring.table(), replace(current, stages={**current.stages, **stages}))
    stack.now += MAX_AGE_MS


def features(stack: Stack, user: str = "alice") -> dict[str, bool]:
    answer = stack.call(user, "GET", "/meta/features")
    assert answer.status == 200, answer.raw
    found: dict[str, bool] = answer.body
    return found


def try_to_give(stack: Stack, order: dict[str, Any], user: str = "alice", key: str | None = None) -> Answer:
    return stack.call(user, "POST", f"/orders/{order['order_id']}/gifts", gift_request(1), key=key)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


# --- features ---------------------------------------------------------------------------------------------------------


def test_without_a_rollout_everybody_has_every_feature(stack: Stack) -> None:
    assert features(stack) == FEATURES
    assert stack.item("ROLLOUT") is None


def test_each_user_sees_their_own_features(stack: Stack) -> None:
    switch(stack, gifting=Stage(hundredths=0, allow=("alice",)), order_center=Stage(deny=("alice",)))
    assert features(stack, "alice") == {"gifting": True, "order_center": False}
    assert features(stack, "bob") == {"gifting": False, "order_center": True}


def test_no_cache_stores_the_features(stack: Stack) -> None:
    assert stack.call("alice", "GET", "/meta/features").headers["cache-control"] == "no-store"


def test_dates_are_compared_with_the_time_of_the_request(stack: Stack) -> None:
    start, end = stack.now + DAY, stack.now + 2 * DAY
    switch(stack, gifting=Stage(start=start, end=end))
    for now, expected in ((start - 1, False), (start, True), (end - 1, True), (end, False)):
        stack.now = now
        assert features(stack)["gifting"] is expected


# --- outside gifting --------------------------------------------------------------------------------------------------


def order_views(stack: Stack, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an order in each response of reads that contains it."""
    return [
        stack.call("alice", "GET", f"/orders/{order['order_id']}").body,
        *stack.call("alice", "GET", "/orders").body["items"],
        *stack.call("alice", "GET", "/orders?state=to_give").body["items"],
        *stack.call("alice", "GET", "/order-center").body["orders"],
    ]


def test_no_view_of_an_order_offers_to_give(stack: Stack) -> None:
    order = stack.buy()
    switch(stack, gifting=OFF)
    views = [*order_views(stack, order), stack.buy(), *order_views(stack, order)]
    assert len(views) >= 9
    assert [view["actions"] for view in views] == [["use", "refund"]] * len(views)
    switch(stack, gifting=Stage())
    assert all(view["actions"] == ["gift", "use", "refund"] for view in order_views(stack, order))


def test_the_order_of_a_return_gift_does_not_offer_to_give(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    switch(stack, gifting=OFF)
    path, body = f"/gifts/{gift['gift_id']}/return-gifts", return_request(stack)
    given = stack.call("bob", "POST", path, body, key="return-gift-1")
    assert (given.status, given.body["order"]["actions"]) == (201, [])
    assert stack.call("bob", "POST", f"/gifts/{given.body['gift']['gift_id']}/cancel").status == 200
    replay = stack.call("bob", "POST", path, body, key="return-gift-1")
    assert (replay.status, replay.body["order"]["actions"]) == (201, ["use", "refund"])


def test_giving_is_refused_before_units_recipient_and_product_are_checked(stack: Stack) -> None:
    order = stack.buy()
    switch(stack, gifting=OFF)
    assert code(try_to_give(stack, order)) == (403, "not-available-yet")
    too_many = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(5))
    assert code(too_many) == (403, "not-available-yet")
    for recipient in ("alice", "nobody-at-all"):
        body = gift_request(1, recipient_id=recipient)
        assert code(stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body))[0] == 403
    stack.update_product("voucher", giftable=False)
    assert code(try_to_give(stack, order)) == (403, "not-available-yet")
    assert stack.units(order) == {"available": 1}


def test_the_order_of_another_user_is_not_found(stack: Stack) -> None:
    order = stack.buy()
    switch(stack, gifting=OFF)
    assert code(try_to_give(stack, order, "bob")) == (404, "not-found")
    assert code(try_to_give(stack, order | {"order_id": "unknown"})) == (404, "not-found")


def test_a_replay_of_a_call_that_succeeded_still_answers(stack: Stack) -> None:
    order = stack.buy(quantity=2)
    given = try_to_give(stack, order, key="give-before")
    switch(stack, gifting=OFF)
    replay = try_to_give(stack, order, key="give-before")
    assert (replay.status, replay.body["gift_id"], replay.body["secret"]) == (
        201,
        given.body["gift_id"],
        given.body["secret"],
    )
    other = stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", gift_request(2), key="give-before")
    assert code(other) == (422, "idempotency-key-reused")
    assert code(try_to_give(stack, order)) == (403, "not-available-yet")


def test_a_refused_call_can_be_repeated_with_its_key_once_the_user_is_in(stack: Stack) -> None:
    order = stack.buy()
    switch(stack, gifting=Stage(hundredths=0))
    assert try_to_give(stack, order, key="give-early").status == 403
    switch(stack, gifting=Stage(hundredths=0, allow=("alice",)))
    assert try_to_give(stack, order, key="give-early").status == 201


def test_switching_off_traps_no_gift(stack: Stack) -> None:
    """Everything that ends a gift works for users outside, and so does everything that follows from it."""
    for user in ("alice", "bob", "carol"):
        stack.call(user, "GET", "/me")
    stack.start_recording()
    order, parcels = stack.buy(quantity=7), stack.buy(product="parcel")
    by_link, group, to_cancel, to_expire = (stack.give(order, shares=shares) for shares in (1, 2, 1, 1))
    to_decline = stack.give(order, recipient_id="bob")
    parcel = stack.give(parcels)
    switch(stack, gifting=OFF, order_center=OFF)

    for gift, path in ((by_link, ""), (by_link, "/preview")):
        assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}{path}").status == 200
    assert stack.claim("bob", by_link).status == 201
    assert stack.claim("bob", by_link).status == 200
    code_of_bob = stack.claim("carol", group).body["code"]
    assert stack.claim("bob", parcel).status == 201
    assert stack.call("bob", "POST", f"/gifts/{to_decline['gift_id']}/decline").status == 200
    assert stack.call("alice", "POST", f"/gifts/{to_cancel['gift_id']}/cancel").status == 200
    back = stack.call("bob", "POST", f"/gifts/{by_link['gift_id']}/return-gifts", return_request(stack))
    assert back.status == 201
    assert stack.claim("alice", back.body["gift"]).status == 201
    assert stack.call("mia", "POST", f"/vouchers/{code_of_bob}/redemptions").status == 201
    # The buyer can still use and refund what is left.
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/use", {"quantity": 1}).status == 201
    assert stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1}).status == 201

    stack.now += DAY
    assert stack.restore(stack.stream_record(to_expire["gift_id"])) == []
    stack.sweep()
    asked = stack.call("bob", "POST", f"/gifts/{to_expire['gift_id']}/ask-again", {"secret": to_expire["secret"]})
    assert asked.status == 202
    stack.deliver_records()
    lists = ("/gifts?role=sent", "/gifts?role=received", "/holdings", "/orders", "/payments", "/messages", "/tagged")
    for user in ("alice", "bob", "carol"):
        for path in (*lists, "/viewed", "/recommendations", "/people"):
            assert stack.call(user, "GET", path).status == 200, path
    # Nothing is in a gift any more.
    assert stack.units(order) == {"available": 3, "gifted": 2, "used": 1, "refunded": 1}
    assert stack.units(parcels) == {"gifted": 1}


def test_a_user_outside_can_be_named_and_receives_the_message(stack: Stack) -> None:
    switch(stack, gifting=Stage(hundredths=0, allow=("alice",)))
    stack.call("bob", "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert stack.claim("bob", gift).status == 201


# --- outside the order center -----------------------------------------------------------------------------------------


def test_outside_there_is_no_order_center_and_no_entry_to_it(stack: Stack) -> None:
    inside = stack.call("alice", "GET", "/me").body
    assert inside["order_center"]["url"] == "/order-center"
    assert inside["order_center"]["counts"]["to_pay"] == 0
    switch(stack, order_center=OFF)
    for _ in range(2):  # with and without a recent copy of the rollout
        assert code(stack.call("alice", "GET", "/order-center")) == (404, "not-found")
        assert stack.call("alice", "GET", "/me").body == inside | {"order_center": None}
    changed = stack.call("alice", "PATCH", "/me", {"display_name": "Al"})
    assert changed.body == inside | {"display_name": "Al", "order_center": None}
    etag = {"if-none-match": "*"}
    assert stack.call("alice", "GET", "/order-center", headers=etag).status == 404


def test_the_response_outside_is_that_of_a_path_without_a_route(stack: Stack) -> None:
    switch(stack, order_center=OFF)
    assert stack.call("alice", "GET", "/order-center").body == stack.call("alice", "GET", "/orders/unknown").body


def test_an_outsider_costs_no_read(stack: Stack) -> None:
    features(stack)
    switch(stack, order_center=OFF)
    features(stack)
    with metered(stack.memory.meters) as ledger:
        stack.call("alice", "GET", "/order-center")
    assert ledger.reads == 0


# --- the copy ---------------------------------------------------------------------------------------------------------

READERS: dict[str, Callable[[Stack, dict[str, Any]], Answer]] = {
    "give": try_to_give,
    "read an order": lambda stack, order: stack.call("alice", "GET", f"/orders/{order['order_id']}"),
    "list orders": lambda stack, _: stack.call("alice", "GET", "/orders"),
    "buy": lambda stack, _: stack.call("alice", "POST", "/orders", stack.order_request()),
    "order center": lambda stack, _: stack.call("alice", "GET", "/order-center"),
    "profile": lambda stack, _: stack.call("alice", "GET", "/me"),
}


@pytest.mark.parametrize("name", READERS)
def test_the_rollout_is_read_in_a_call_that_is_made_anyway(stack: Stack, name: str) -> None:
    orders = [stack.buy() for _ in range(2)]
    features(stack)
    used: list[tuple[int, float]] = []
    for order, elapsed in zip(orders, (0, MAX_AGE_MS), strict=True):
        stack.now += elapsed
        with metered(stack.memory.meters) as ledger:
            assert READERS[name](stack, order).status in (200, 201)
        used.append((ledger.reads, ledger.read))
    (reads, units), (reads_again, units_again) = used
    # The second order is listed beside the first one, which the first call gave or bought.
    assert reads_again == reads
    assert units_again >= units + 1


def test_a_change_is_effective_after_30_seconds_and_not_read_before(stack: Stack) -> None:
    assert features(stack)["gifting"] is True
    rollout.save(wiring.table(), Rollout({"gifting": OFF}))
    stack.now += MAX_AGE_MS - 1
    assert features(stack)["gifting"] is True
    stack.now += 1
    assert features(stack)["gifting"] is False
    assert MAX_AGE_MS == 30_000


def test_a_clock_that_was_set_back_does_not_keep_an_old_copy(stack: Stack) -> None:
    assert features(stack)["gifting"] is True
    rollout.save(wiring.table(), Rollout({"gifting": OFF}))
    stack.now -= 1
    assert features(stack)["gifting"] is False


@contextmanager
def throttled_rollout() -> Iterator[None]:
    """Throttle the ROLLOUT item alone: a batch returns its key as unprocessed, a get fails."""
    table = wiring.table()
    real, key = table.client, keys.rollout().attributes()

    class Throttling:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def get_item(self, **request: Any) -> Any:
            if request["Key"] == key:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetItem")
            return real.get_item(**request)

        def batch_get_item(self, **request: Any) -> Any:
            (entry,) = request["RequestItems"].values()
            wanted = [each for each in entry["Keys"] if each != key]
            if len(wanted) == len(entry["Keys"]):
                return real.batch_get_item(**request)
            empty: Any = {"Responses": {TABLE: []}}
            fewer: Any = {TABLE: {**entry, "Keys": wanted}}
            answer = real.batch_get_item(RequestItems=fewer) if wanted else empty
            return {**answer, "UnprocessedKeys": {TABLE: {**entry, "Keys": [key]}}}

    table.client = Throttling()  # type: ignore[assignment]
    try:
        yield
    finally:
        table.client = real


@pytest.mark.parametrize("name", READERS)
def test_a_rollout_that_cannot_be_read_stays_as_it_was(stack: Stack, name: str) -> None:
    order = stack.buy()
    switch(stack, gifting=Stage(allow=("alice",)), order_center=Stage(allow=("alice",)))
    assert features(stack) == FEATURES
    stack.now += MAX_AGE_MS
    with throttled_rollout():
        assert READERS[name](stack, order).status in (200, 201)
        stack.now += MAX_AGE_MS
        assert features(stack) == FEATURES


@pytest.mark.parametrize("name", READERS)
def test_a_process_that_never_read_the_rollout_does_not_guess(stack: Stack, name: str) -> None:
    order = stack.buy()
    wiring.table().rollout = None
    with throttled_rollout():
        answers = [READERS[name](stack, order), stack.call("alice", "GET", "/meta/features")]
    for answer in answers:
        assert code(answer) == (503, "busy")
        assert answer.headers["retry-after"] == "1"
    assert READERS[name](stack, order).status in (200, 201)


def test_an_outage_of_the_table_is_not_waited_for_twice(stack: Stack) -> None:
    order = stack.buy()
    features(stack)
    stack.now += MAX_AGE_MS

    def lose(_: Callable[[], Any]) -> Any:
        raise errors.ServiceUnavailable

    with inject_faults(READS, dict.fromkeys(range(9), lose)) as proxy:
        assert READERS["give"](stack, order).status == 503
    assert proxy.calls == 1


def test_claims_never_read_the_rollout(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    wiring.table().rollout = None
    assert stack.claim("bob", gift).status == 201
    assert wiring.table().rollout is None


def test_a_feature_of_a_newer_version_is_ignored(stack: Stack) -> None:
    switch(stack, gifting=OFF, **{"from_tomorrow": OFF})
    assert features(stack) == {"gifting": False, "order_center": True}


# --- the metric -------------------------------------------------------------------------------------------------------


def cohort_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return [line for line in lines if "InCohort" in line]


def test_the_metric_has_the_share_of_the_users_in_each_rollout(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    features(stack)
    assert cohort_lines(capsys) == []
    switch(stack, gifting=Stage(hundredths=0, allow=("alice",)))
    for user in ("alice", "bob"):
        features(stack, user)
    found = cohort_lines(capsys)
    assert [(line["feature"], line["InCohort"]) for line in found] == [("gifting", [1.0]), ("gifting", [0.0])]
    for line in found:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["feature", "service"]]
        assert not {"alice", "bob"} & set(map(str, line.values()))


# --- the operators' command -------------------------------------------------------------------------------------------


def operate(stack: Stack, *arguments: str) -> int:
    options = _parser().parse_args(["rollout", "--table", TABLE, *arguments])
    table = WholeTable(stack.client, TABLE, sleep=lambda _: None)
    return int(options.command(table, StackNames(TABLE), options))


def stages(stack: Stack) -> Any:
    return (stack.item("ROLLOUT") or {}).get("stages")


@pytest.fixture
def people(stack: Stack) -> Stack:
    for user in ("alice", "bob", "carol"):
        stack.call(user, "GET", "/me")
    return stack


def test_a_command_without_options_shows_the_state(people: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert operate(people) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "gifting: on; 100 % of the users",
        "order_center: on; 100 % of the users",
    ]
    assert stages(people) is None


def test_a_change_is_shown_and_written_only_with_apply(people: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("gifting", "--percent", "5", "--allow", "alice", "--deny", "@Bob")
    assert operate(people, *wanted) == 0
    out = capsys.readouterr().out
    assert "after the change, gifting: on; 5 % of the users; allowed: alice; denied: bob" in out
    assert "share of all users who have it now: 100 % -> 5 %" in out
    assert "bob loses it" in out
    assert "--apply" in out
    assert stages(people) is None
    assert operate(people, *wanted, "--apply") == 0
    assert "within 30 seconds" in capsys.readouterr().out
    assert stages(people) == {"gifting": {"on": True, "hundredths": 500, "allow": ["alice"], "deny": ["bob"]}}
    assert operate(people, *wanted, "--apply") == 0
    assert "Nothing was written" in capsys.readouterr().out
    people.now += MAX_AGE_MS
    assert [features(people, user)["gifting"] for user in ("alice", "bob", "carol")] == [True, False, False]


def test_each_option_changes_its_own_field(people: Stack) -> None:
    operate(people, "gifting", "--percent", "0.25", "--allow", "alice", "--allow", "bob", "--apply")
    operate(people, "gifting", "--off", "--from", "2027-01-01T08:00:00+08:00", "--apply")
    start = 1_798_761_600_000
    both = {"hundredths": 25, "allow": ["alice", "bob"], "deny": []}
    assert stages(people) == {"gifting": both | {"on": False, "start": start}}
    operate(people, "gifting", "--on", "--until", "2027-01-02T00:00:00Z", "--deny", "alice", "--apply")
    moved = {"hundredths": 25, "allow": ["bob"], "deny": ["alice"]}
    assert stages(people) == {"gifting": moved | {"on": True, "start": start, "end": start + DAY}}
    operate(people, "order_center", "--percent", "100", "--apply")
    operate(people, "gifting", "--from", "none", "--until", "none", "--forget", "alice", "--forget", "bob", "--apply")
    assert stages(people) == {
        "gifting": {"on": True, "hundredths": 25, "allow": [], "deny": []},
        "order_center": {"on": True, "hundredths": 10_000, "allow": [], "deny": []},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gifting", "--percent", "5", "--allow", "nobody.here"), "Nobody has the handle nobody.here"),
        (("gifting", "--percent", "5", "--deny", "no spaces"), "Nobody has the handle"),
        (("gifting", "--percent", "5", "--forget", "nobody.here"), "Nobody has the handle"),
        (("gifting", "--allow", "bob", "--deny", "Bob"), "the same user"),
        (("gifting", "--from", "2027-01-01T00:00:00Z", "--until", "2027-01-01T00:00:00Z"), "later than"),
        (("--percent", "5"), "Name the feature"),
    ],
)
def test_an_error_changes_nothing(people: Stack, arguments: tuple[str, ...], message: str) -> None:
    operate(people, "gifting", "--percent", "50", "--allow", "alice", "--apply")
    before = people.item("ROLLOUT")
    with pytest.raises(CannotRunError, match=message):
        operate(people, *arguments, "--apply")
    assert people.item("ROLLOUT") == before


@pytest.mark.parametrize("percent", ["-1", "100.01", "101", "5.001", "nan", "1e1", "", "5%", "\u0665"])
def test_a_percentage_has_two_decimals_at_most(people: Stack, percent: str) -> None:
    with pytest.raises(SystemExit):
        operate(people, "gifting", f"--percent={percent}", "--apply")
    assert stages(people) is None


@pytest.mark.corrupts
def test_a_listed_user_without_an_account_is_forgotten_by_id(people: Stack) -> None:
    switch(people, gifting=Stage(allow=("gone",), deny=("bob",)))
    assert [(finding.type, finding.about) for finding in people.audit_findings()] == [("dangling-reference", "ROLLOUT")]
    operate(people, "gifting", "--forget", "gone", "--apply")
    assert stages(people)["gifting"]["allow"] == []
    assert people.audit_findings() == []


@pytest.mark.corrupts
def test_a_list_has_a_bound(people: Stack) -> None:
    switch(people, gifting=Stage(allow=tuple(f"user-{number}" for number in range(MAX_LISTED))))
    with pytest.raises(CannotRunError, match=f"at most {MAX_LISTED}"):
        operate(people, "gifting", "--allow", "alice", "--apply")
    assert len(stages(people)["gifting"]["allow"]) == MAX_LISTED


@pytest.mark.corrupts
def test_the_audit_reports_a_percentage_that_no_command_writes(people: Stack) -> None:
    switch(people, gifting=Stage(hundredths=10_001))
    assert [(finding.type, finding.about) for finding in people.audit_findings()] == [("unreadable", "ROLLOUT")]


def test_two_operators_at_once_lose_nothing(people: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    save, others = (
        rollout.save,
        [("gifting", "--deny", "bob"), ("order_center", "--off"), ("gifting", "--percent", "7")],
    )

    def interrupted(table: Any, changed: Rollout) -> None:
        if others:
            operate(people, *others.pop(), "--apply")
        save(table, changed)

    monkeypatch.setattr(rollout, "save", interrupted)
    operate(people, "gifting", "--allow", "alice", "--apply")
    assert stages(people) == {
        "gifting": {"on": True, "hundredths": 700, "allow": ["alice"], "deny": ["bob"]},
        "order_center": {"on": False, "hundredths": 10_000, "allow": [], "deny": []},
    }


def test_a_write_is_conditional_on_the_version_that_was_read(stack: Stack) -> None:
    table, first = wiring.table(), Rollout({"gifting": OFF})
    rollout.save(table, first)
    with pytest.raises(ConditionFailed):
        rollout.save(table, first)
    rollout.save(table, replace(first, version=1))
    for version in (0, 1, 3):
        with pytest.raises(ConditionFailed):
            rollout.save(table, replace(first, version=version))


def test_the_state_as_json_has_user_ids(people: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    operate(people, "gifting", "--percent", "12.5", "--allow", "carol", "--until", "2027-01-02T00:00:00Z", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["written"] is False
    assert list(printed["features"]) == list(Feature)
    assert printed["features"]["gifting"] == {
        "on": True,
        "percent": 12.5,
        "allow": ["carol"],
        "deny": [],
        "from": None,
        "until": "2027-01-02T00:00:00.000Z",
    }
