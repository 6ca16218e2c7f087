"""The words of users over the handlers: rules, moderation service, names, previews, reports and deleted messages."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from handsel.api.exports import build_lines
from handsel.domain import policy, wrappings
from handsel.domain.content import find_contact_data
from handsel.domain.models import Export
from handsel.domain.times import format_timestamp
from handsel.runtime import sandbox, wiring
from handsel.runtime.content_checker import LambdaChecker
from handsel.runtime.settings import settings
from ops import reports as reporting
from ops.stack import CannotRunError
from testkit.handlers.calls import return_request
from testkit.handlers.stack import DAY, Answer, Stack
from tests.integration.test_health import collect_health

LINK = "prizes on www.evil.example"


def try_to_give(stack: Stack, message: str, **more: Any) -> Answer:
    order = stack.buy()
    body = {"shares": 1, "wrapping": {"cover_id": "red-classic", "message": message}, **more}
    return stack.call("alice", "POST", f"/orders/{order['order_id']}/gifts", body)


def has_message(stack: Stack, text: str) -> bool:
    return any(text in json.dumps(item, default=str) for item in stack.all_items())


UseChecker = Callable[[str], None]


@pytest.fixture
def use_checker(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseChecker]:
    """Return a function that sets the parameter ContentChecker."""

    def forget() -> None:
        settings.cache_clear()
        wiring.content_checker.cache_clear()

    def use(value: str) -> None:
        monkeypatch.setenv("CONTENT_CHECKER", value)
        forget()

    yield use
    monkeypatch.delenv("CONTENT_CHECKER", raising=False)
    forget()


def assert_refused(answer: Answer, pointer: str) -> None:
    assert (answer.status, answer.body["code"]) == (422, "message-refused")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]


# --- links and contact data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LINK, "call +86 138 0013 8000", "bob (at) example (dot) com"])
def test_contact_data_is_refused_for_strangers_and_for_link_gifts_and_nothing_is_stored(
    stack: Stack, text: str
) -> None:
    stack.call("bob", "GET", "/me")
    assert_refused(try_to_give(stack, text), "/wrapping/message")
    assert_refused(try_to_give(stack, text, recipient_id="bob"), "/wrapping/message")
    assert not has_message(stack, text)
    assert all(item["available"] == 1 for item in stack.all_items() if item["sk"] == "ORDER")


@pytest.mark.parametrize(("giver", "claimer"), [("alice", "bob"), ("bob", "alice")])
def test_users_who_exchanged_gifts_can_send_links(stack: Stack, giver: str, claimer: str) -> None:
    stack.call("bob", "GET", "/me")
    assert_refused(try_to_give(stack, LINK, recipient_id="bob"), "/wrapping/message")
    order = stack.buy(giver)
    body = {"shares": 1, "wrapping": {"cover_id": "red-classic", "message": "Hello"}}
    gift = stack.call(giver, "POST", f"/orders/{order['order_id']}/gifts", body).body
    assert stack.claim(claimer, gift).status == 201
    assert try_to_give(stack, LINK, recipient_id="bob").status == 201
    assert_refused(try_to_give(stack, LINK), "/wrapping/message")  # a link gift has an unknown recipient


def test_the_message_of_a_gift_that_is_passed_on_is_checked_for_the_second_person_too(stack: Stack) -> None:
    for user in ("bob", "carol"):
        stack.call(user, "GET", "/me")
    stack.claim("bob", stack.give(stack.buy()))
    at_end = {"then": "give_to", "recipient_id": "carol"}
    assert_refused(try_to_give(stack, LINK, recipient_id="bob", at_end=at_end), "/wrapping/message")
    gift = try_to_give(stack, LINK, recipient_id="bob").body
    assert_refused(stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/at-end", at_end), "/recipient_id")
    stack.claim("carol", stack.give(stack.buy()))
    assert stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/at-end", at_end).status == 200


def test_a_replay_is_not_checked_again(stack: Stack, monkeypatch: pytest.MonkeyPatch, use_checker: UseChecker) -> None:
    order = stack.buy()
    body = {"shares": 1, "wrapping": {"cover_id": "red-classic", "message": "Hello"}}
    path = f"/orders/{order['order_id']}/gifts"
    first = stack.call("alice", "POST", path, body, key="the-same-key")
    monkeypatch.setattr(sandbox, "REFUSED_WORD", "Hello")
    use_checker("sandbox")
    again = stack.call("alice", "POST", path, body, key="the-same-key")
    assert again.status == 201, again.raw
    assert (first.status, again.status, again.body["gift_id"]) == (201, 201, first.body["gift_id"])
    assert_refused(try_to_give(stack, "Hello"), "/wrapping/message")


def test_the_policy_can_refuse_contact_data_or_allow_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.call("bob", "GET", "/me")
    stack.claim("bob", stack.give(stack.buy()))
    terms = policy.find("douyin@1")
    object.__setattr__(terms, "links_in_messages", "never")
    try:
        assert_refused(try_to_give(stack, LINK, recipient_id="bob"), "/wrapping/message")
        object.__setattr__(terms, "links_in_messages", "always")
        assert try_to_give(stack, LINK).status == 201
    finally:
        object.__setattr__(terms, "links_in_messages", "exchanged")


def test_whoever_gives_in_return_has_exchanged_gifts(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    stack.claim("bob", gift)
    body = return_request(stack) | {"wrapping": {"cover_id": "red-thanks", "message": LINK}}
    assert stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/return-gifts", body).status == 201


def test_notes_of_refund_requests_and_decisions_follow_the_rules(stack: Stack) -> None:
    parcel = stack.use_parcel(stack.buy(product="parcel"))
    stack.report(parcel["shipment_id"], "picked_up")
    stack.report(parcel["shipment_id"], "delivered")
    path = f"/holdings/{parcel['holding_id']}/refund-requests"
    assert_refused(stack.call("alice", "POST", path, {"reason": "damaged", "note": f"See {LINK}"}), "/note")
    note = "Box 2 of 3 arrived broken on 2026-11-30, 10:05."
    asked = stack.call("alice", "POST", path, {"reason": "damaged", "note": note})
    assert asked.status == 201
    decision = f"/refund-requests/{asked.body['refund_request_id']}/decision"
    assert_refused(stack.call("mia", "POST", decision, {"approve": False, "note": "Call 0171 1234567"}), "/note")
    assert stack.call("mia", "POST", decision, {"approve": False, "note": "Not our box."}).status == 200


def test_no_blessing_of_the_catalogue_has_contact_data() -> None:
    found = {each.text: find_contact_data(each.text) for each in wrappings.load_catalogue().blessings}
    assert found == dict.fromkeys(found)


# --- the moderation service ------------------------------------------------------------------------------------------


class Function:
    """A function of the operator: returns an answer, or raises an error."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.texts: list[str] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  # Lambda's names
        assert FunctionName == "arn:aws:lambda:eu-central-1:123456789012:function:check"
        self.texts.append(json.loads(Payload)["text"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict(self.answer)


def returns(text: str) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(text.encode())}


@pytest.mark.parametrize(
    ("answer", "is_allowed", "metric"),
    [
        (returns('{"allowed": true}'), True, None),
        (returns('{"allowed": false}'), False, "ContentRefused"),
        (returns('{"allowed": "no"}'), True, "ContentCheckFailed"),
        (returns("[false]"), True, "ContentCheckFailed"),
        (returns("not JSON"), True, "ContentCheckFailed"),
        (returns('{"allowed": false}') | {"FunctionError": "Unhandled"}, True, "ContentCheckFailed"),
        (ReadTimeoutError(endpoint_url="https://lambda"), True, "ContentCheckFailed"),
    ],
)
def test_a_service_that_fails_allows_the_text_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, answer: Any, is_allowed: bool, metric: str | None
) -> None:
    counted: list[str] = []
    monkeypatch.setattr("handsel.runtime.content_checker.count", counted.append)
    function = Function(answer)
    checker = LambdaChecker(lambda: function, "arn:aws:lambda:eu-central-1:123456789012:function:check")  # type: ignore[arg-type,return-value]
    assert checker.is_allowed("Happy birthday!") is is_allowed
    assert function.texts == ["Happy birthday!"]
    assert counted == ([] if metric is None else [metric])


def test_the_service_is_asked_once_about_own_words_only(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, use_checker: UseChecker
) -> None:
    use_checker("sandbox")
    asked: list[str] = []

    def is_allowed(_: object, text: str) -> bool:
        asked.append(text)
        return "rude" not in text

    monkeypatch.setattr(sandbox.SandboxChecker, "is_allowed", is_allowed)
    assert_refused(try_to_give(stack, "A rude word"), "/wrapping/message")
    assert_refused(try_to_give(stack, LINK), "/wrapping/message")
    assert try_to_give(stack, "Kind words").status == 201
    stack.give(stack.buy())  # with a blessing
    assert asked == ["A rude word", "Kind words"]


def test_without_a_service_no_client_is_made(stack: Stack, use_checker: UseChecker) -> None:
    use_checker("none")
    assert wiring.content_checker() is None
    use_checker("arn:aws:lambda:eu-central-1:123456789012:function:check")
    assert isinstance(wiring.content_checker(), LambdaChecker)
    assert try_to_give(stack, LINK).body["code"] == "message-refused"  # the rules decide first, without a call


# --- names and previews ----------------------------------------------------------------------------------------------


def preview(stack: Stack, gift: dict[str, Any]) -> Any:
    return stack.call(None, "GET", f"/gifts/{gift['gift_id']}/preview").body


def test_strangers_do_not_see_a_name_that_imitates_the_store_of_the_gift(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    store = stack.call("alice", "GET", f"/products/{stack.products['voucher']}").body["store_name"]
    assert stack.call("alice", "PATCH", "/me", {"display_name": store.upper()}).status == 200
    gift, named = stack.give(stack.buy()), stack.give(stack.buy(), recipient_id="bob")
    assert preview(stack, gift)["giver_name"] is None
    assert preview(stack, named)["giver_name"] is None
    assert stack.call("bob", "GET", f"/gifts/{named['gift_id']}").body["giver_name"] is None
    page = stack.call(None, "GET", f"/g/{gift['gift_id']}").raw
    assert store.upper() not in page
    assert "Someone sent you a gift" in page
    # Givers and claimers know who it is.
    assert stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["giver_name"] == store.upper()
    stack.claim("bob", gift)
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["giver_name"] == store.upper()


@pytest.mark.parametrize("name", ["Get prizes on evil.com", "Starbucks", "T0p Sh0p Official Store"])
def test_messages_before_the_claim_have_only_names_that_strangers_may_see(stack: Stack, name: str) -> None:
    stack.call("bob", "GET", "/me")
    assert stack.call("alice", "PATCH", "/me", {"display_name": name}).status == 200
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    assert (message["kind"], message["params"]["name"]) == ("gift_received", None)
    assert message["text"] == "Someone sent you a red envelope."
    assert gift["giver_name"] == name


@pytest.mark.parametrize("name", ["Tea House", "Get prizes on evil.com"])
def test_a_name_that_the_giver_takes_after_giving_is_in_no_message_before_the_claim(stack: Stack, name: str) -> None:
    stack.call("bob", "GET", "/me")
    stack.start_recording()
    order = stack.buy(quantity=2)
    gift = stack.give(order, recipient_id="bob")
    stack.give(order, recipient_id="bob", send_at=format_timestamp(stack.now + 1_000))
    assert stack.call("alice", "PATCH", "/me", {"display_name": name}).status == 200
    stack.deliver_records()
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/remind").status == 202
    stack.now += 1_000
    stack.deliver_records()
    stack.sweep()
    found = stack.call("bob", "GET", "/messages").body["items"]
    assert sorted(message["kind"] for message in found) == ["gift_received", "gift_received", "gift_reminder"]
    assert {message["params"]["name"] for message in found} == {"Alice"}


def test_the_preview_of_a_named_gift_is_the_same_before_and_after_it_ends(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = try_to_give(stack, "Only for Bob", recipient_id="bob").body
    before = preview(stack, gift)
    assert (before["state"], before["remaining"], before["expires_at"]) == (None, None, None)
    assert (before["giver_name"], before["wrapping"]["blessing"]) == ("Alice", "")
    for user in ("carol", None):
        path = f"/gifts/{gift['gift_id']}" + ("/preview" if user is None else "")
        assert stack.call(user, "GET", path).body == before
    for user in ("alice", "bob"):
        seen = stack.call(user, "GET", f"/gifts/{gift['gift_id']}").body
        assert (seen["state"], seen["remaining"], seen["wrapping"]["blessing"]) == ("open", 1, "Only for Bob")
    stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")
    assert preview(stack, gift) == before
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["state"] == "cancelled"
    page = stack.call(None, "GET", f"/g/{gift['gift_id']}").raw
    assert "Only for Bob" not in page
    assert "cancelled" not in page


def test_the_preview_of_a_named_scheduled_gift_tells_strangers_when_it_opens(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    gift = try_to_give(stack, "Surprise", recipient_id="bob", send_at="2026-09-24T08:00:00Z").body
    assert set(preview(stack, gift).values()) == {gift["gift_id"], "scheduled", gift["opens_at"], None}
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["state"] == "scheduled"
    assert stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel").status == 200
    assert set(preview(stack, gift).values()) == {gift["gift_id"], None}
    assert stack.call("bob", "GET", f"/gifts/{gift['gift_id']}").body["state"] == "cancelled"


def test_link_previews_have_neither_the_message_nor_a_name(stack: Stack) -> None:
    gift = try_to_give(stack, "Words for one").body
    page = stack.call(None, "GET", f"/g/{gift['gift_id']}").raw
    shown = [line for line in page.splitlines() if "og:" in line or "<title>" in line or 'name="description"' in line]
    assert shown
    assert not any("Words for one" in line or "Alice" in line for line in shown)


# --- reports ---------------------------------------------------------------------------------------------------------


def report(stack: Stack, user: str, gift: dict[str, Any], **more: str) -> Answer:
    return stack.call(user, "POST", f"/gifts/{gift['gift_id']}/report", {"reason": "It is an advertisement.", **more})


def stored_reports(stack: Stack) -> list[tuple[str, str]]:
    return sorted((item["gift_id"], item["user_id"]) for item in stack.all_items() if item["sk"].startswith("REPORT#"))


def test_who_may_see_a_gift_reports_it_once_in_any_state(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    link, named = stack.give(stack.buy(quantity=2), shares=2), stack.give(stack.buy(), recipient_id="bob")
    for _ in range(2):
        answer = report(stack, "carol", link, secret=link["secret"])
        assert (answer.status, answer.body) == (202, {"reported": True})
    assert report(stack, "bob", named).status == 202
    assert report(stack, "carol", named).body["code"] == "not-the-recipient"
    assert report(stack, "dora", link).body["code"] == "wrong-secret"
    assert report(stack, "dora", link, secret="guess").body["code"] == "wrong-secret"
    assert report(stack, "alice", link, secret=link["secret"]).body["code"] == "own-gift"
    assert report(stack, "dora", {"gift_id": "unknown"}).body["code"] == "not-found"
    stack.claim("dora", link)
    assert report(stack, "dora", link).status == 202  # a claimer, without the secret
    stack.now += 2 * DAY
    assert report(stack, "erin", link, secret=link["secret"]).status == 202
    expected = [(link["gift_id"], user) for user in ("carol", "dora", "erin")] + [(named["gift_id"], "bob")]
    assert stored_reports(stack) == sorted(expected)


def test_an_earlier_recipient_can_report_a_gift_and_is_not_told_more(stack: Stack) -> None:
    for user in ("bob", "carol"):
        stack.call(user, "GET", "/me")
    gift = stack.give(stack.buy(), recipient_id="bob")
    assert report(stack, "carol", gift).body["code"] == "not-the-recipient"
    assert stack.call("alice", "PUT", f"/gifts/{gift['gift_id']}/recipient", {"recipient_id": "carol"}).status == 200
    assert report(stack, "bob", gift).status == report(stack, "carol", gift).status == 202
    assert report(stack, "dora", gift).body["code"] == "not-the-recipient"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 301}, {"reason": "a\nb"}])
def test_a_report_has_a_reason_of_one_line(stack: Stack, body: dict[str, str]) -> None:
    gift = stack.give(stack.buy())
    answer = stack.call("bob", "POST", f"/gifts/{gift['gift_id']}/report", body | {"secret": gift["secret"]})
    assert answer.body["code"] == "invalid-request"
    assert stored_reports(stack) == []


def test_operators_list_reports_close_them_and_are_alarmed_by_old_ones(stack: Stack) -> None:
    gift = try_to_give(stack, "Words of a stranger").body
    report(stack, "bob", gift, secret=gift["secret"])
    stack.now += 1000
    report(stack, "carol", gift, secret=gift["secret"])
    table = wiring.table()
    assert [each.report.user_id for each in reporting.list_open(table)] == ["bob", "carol"]
    lines = list(reporting.describe(reporting.list_open(table)[0], now=stack.now))
    assert "  reason: It is an advertisement." in lines
    assert "Words of a stranger" in lines[-1]
    assert collect_health(stack)["OverdueReports"] == 0
    stack.now += DAY + 1
    assert collect_health(stack)["OverdueReports"] == 2
    gift_id = gift["gift_id"]
    assert reporting.close(table, gift_id, "bob", apply=False, now=stack.now).report.closed_at is None
    for later in (0, 1000):
        closed = reporting.close(table, gift_id, "bob", apply=True, now=stack.now + later)
        assert closed.report.closed_at == stack.now
    assert [each.report.user_id for each in reporting.list_open(table)] == ["carol"]
    assert collect_health(stack)["OverdueReports"] == 1
    (item,) = [item for item in stack.all_items() if item["sk"] == "REPORT#bob"]
    assert item["ttl"] == (stack.now + 90 * DAY) // 1000
    assert report(stack, "bob", gift, secret=gift["secret"]).status == 202
    assert [each.report.user_id for each in reporting.list_open(table)] == ["carol"]
    with pytest.raises(CannotRunError):
        reporting.close(table, gift_id, "nobody", apply=True, now=stack.now)


def test_the_reports_of_an_erased_user_are_deleted_and_those_of_others_stay(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    for user in ("bob", "carol"):
        report(stack, user, gift, secret=gift["secret"])
    assert stack.call("bob", "DELETE", "/me").status == 202
    for _ in range(2):
        stack.now += 7 * DAY
        stack.sweep()
    assert stored_reports(stack) == [(gift["gift_id"], "carol")]
    assert [each.report.user_id for each in reporting.list_open(wiring.table())] == ["carol"]


def test_an_export_has_the_reports_of_its_user(stack: Stack) -> None:
    gift = stack.give(stack.buy())
    report(stack, "bob", gift, secret=gift["secret"])
    lines = build_lines(Export("export", "bob", "file", "https://gifts.test", stack.now), now=stack.now)
    (found,) = [each for each in map(json.loads, lines) if each["type"] == "report"]
    assert (found["gift_id"], found["reason"]) == (gift["gift_id"], "It is an advertisement.")


# --- deleted messages ------------------------------------------------------------------------------------------------


def unread(stack: Stack, user: str) -> int:
    return int(stack.call(user, "GET", "/order-center").body["counts"]["unread"])


@pytest.mark.parametrize("is_read", [False, True])
def test_a_deleted_message_does_not_come_back(stack: Stack, is_read: bool) -> None:
    stack.call("bob", "GET", "/me")
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    records = stack.projector_records()
    stack.project(*records)
    stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    (message,) = [
        each for each in stack.call("bob", "GET", "/messages").body["items"] if each["gift_id"] == gift["gift_id"]
    ]
    path = f"/messages/{message['message_id']}"
    if is_read:
        stack.call("bob", "POST", f"{path}/read")
    assert unread(stack, "bob") == (1 if is_read else 2)
    assert stack.call("carol", "DELETE", path).status == 404
    for _ in range(2):
        assert stack.call("bob", "DELETE", path).status == 204
        assert unread(stack, "bob") == 1
    assert stack.call("bob", "POST", f"{path}/read").status == 404
    stack.project(*records)
    assert [each["gift_id"] for each in stack.call("bob", "GET", "/messages").body["items"]] != [gift["gift_id"]]
    assert len(stack.call("bob", "GET", "/messages").body["items"]) == unread(stack, "bob") == 1
    (item,) = [item for item in stack.all_items() if item["sk"] == f"MESSAGE#{message['message_id']}"]
    assert set(item) == {"pk", "sk", "message_id", "user_id", "deleted"}


def test_a_cancellation_after_the_announcement_was_deleted_counts_once(stack: Stack) -> None:
    stack.call("bob", "GET", "/me")
    stack.start_recording()
    gift = stack.give(stack.buy(), recipient_id="bob")
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    assert stack.call("bob", "DELETE", f"/messages/{message['message_id']}").status == 204
    stack.call("alice", "POST", f"/gifts/{gift['gift_id']}/cancel")
    stack.deliver_records()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    assert (message["kind"], unread(stack, "bob")) == ("gift_cancelled", 1)
    assert stack.call("bob", "DELETE", f"/messages/{message['message_id']}").status == 204
    assert (stack.call("bob", "GET", "/messages").body["items"], unread(stack, "bob")) == ([], 0)


def test_an_unknown_message_cannot_be_deleted(stack: Stack) -> None:
    assert stack.call("bob", "DELETE", "/messages/unknown").body["code"] == "not-found"
