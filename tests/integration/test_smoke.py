"""The smoke test of deployed stacks, on the handlers: its story exercises every function and its policy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handsel.runtime import wiring
from handsel.store.table import Table
from ops.smoke import story
from ops.smoke.run import Logs, Report, function_of_route, run_story
from ops.smoke.story import STEPS, Session
from ops.smoke.target import Answer
from ops.smoke.users import ROLES, User
from testkit.handlers import permissions
from testkit.handlers.stack import RESOURCES, Stack, _route

FUNCTIONS = frozenset(name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function")
RUN = "0a1b2c3d"
CLAIMS: Mapping[str, Mapping[str, Any]] = {
    "merchant": {"cognito:groups": ["merchant"], "custom:store_id": f"smoke-{RUN}"},
    "carrier": {"cognito:groups": ["carrier"], "custom:carrier": f"smoke-{RUN}"},
}
TABLE_ACTIONS = {each.action for each in permissions.all_grants() if each.action.endswith(("Item", "Query"))}
# Functions that create no account in the story have the same managed policy for it as those that do.
WITHOUT_NEW_ACCOUNTS = (
    *("ClaimFunction", "ConsentFunction", "DirectoryFunction", "HoldingFunction", "MessageFunction"),
    *("OrderCenterFunction", "OrderFunction", "RefundRequestFunction", "ShipmentFunction"),
)
UNUSED = {
    *((function, "PutAccounts") for function in WITHOUT_NEW_ACCOUNTS),
    # It reads a sample of the open gifts; there may be none in it, which the step reports.
    *(("HealthFunction", statement) for statement in ("QueryOrders", "QueryGifts", "ReadItems")),
    # Functions read the time of a stack only if it has a test clock. Nothing is due when the step advances it.
    *((function, "ReadTestClock") for function in FUNCTIONS - {"TestClockFunction"}),
    *(
        ("TestClockFunction", statement)
        for statement in ("ReadItems", "CheckGiftsVouchersAndRelations", "PutItems", "UpdateItems")
    ),
    ("TestClockFunction", "PutAccounts"),
    # No voucher ends within the story, and only some policies let holders extend one.
    *((function, "QueryGifts") for function in ("SweepFunction", "TestClockFunction")),
    ("HoldingFunction", "ExtendVouchers"),
    # No gift of the story is passed on to a second person, and no return gift is settled by an event.
    *((f"{name}Function", "CheckRelations") for name in ("Claim", "Gift", "Order", "Restore")),
    ("InboundFunction", "ReadRecipients"),
    # A user is erased after a week, and may ask for an export once a week. A parcel is reported days after its claim.
    *(
        (function, statement)
        for function in ("SweepFunction", "TestClockFunction")
        for statement in (
            *("QueryItemsOfUsers", "QueryOwnItems", "QueryGiftsPassedOn", "CheckShipments", "DeleteItemsOfUsers"),
            *("QueryForExports", "QueryReceivedGifts"),
            *("ReadShipmentsAndStores", "ReportShipments"),
        )
    ),
    # The sweep has what these two allow by other statements, too, which it uses.
    ("TestClockFunction", "PassOnItems"),
    ("TestClockFunction", "ReadForExports"),
}


def users() -> dict[str, User]:
    return {
        role: User(
            {"sub": f"id-of-{role}", "name": f"Smoke test {role}", "preferred_username": role, **CLAIMS.get(role, {})},
            "token",
            {"name": f"Smoke test {role}", "preferred_username": f"smoke_{role}"},
        )
        for role in ROLES
    }


@dataclass
class Handlers:
    """The handlers as the stack under test; time passes and stream records are delivered when the story waits.

    Attributes:
        after_call: called after each request, before its response arrives.
    """

    stack: Stack
    people: Mapping[str, User]
    functions: frozenset[str] = FUNCTIONS
    payment_provider: str = "sandbox"
    after_call: Callable[[], object] = lambda: None
    called: set[str] = field(default_factory=set)
    _delivered: int = 0

    @property
    def table(self) -> Table:
        return wiring.table()

    def call(self, role: str | None, method: str, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        user = None if role is None else self.people[role]
        claims = None if user is None else {name: each for name, each in user.claims.items() if name != "sub"}
        self.called.add(_route(method, path.partition("?")[0])[0])
        answer = self.stack.call(
            user.subject if user else None, method, path, body, headers=dict(headers), claims=claims
        )
        self.after_call()
        return Answer(answer.status, answer.body, answer.raw, answer.headers)

    def units_on_sale(self) -> dict[str, int | None]:
        """Return the units that anybody can buy, by product of the test."""
        items = [each for each in self.stack.all_items() if each["sk"] == "PRODUCT"]
        products = {each["product_id"]: None if each["unlimited"] else each["stock"] for each in items}
        return {name: stock for name, stock in products.items() if name.startswith("smoke-") and stock != 0}

    def pending_orders(self) -> list[str]:
        orders = (each for each in self.stack.all_items() if each["sk"] == "ORDER")
        return [each["order_id"] for each in orders if each["state"] == "pending"]

    def invoke(self, function: str, payload: object) -> Any:
        self.called.add(function)
        return self.stack.invoke(function, payload)  # type: ignore[arg-type]

    def put_event(self, detail_type: str, detail: Mapping[str, object]) -> None:
        event = {"id": "event", "source": "test", "detail-type": detail_type, "detail": dict(detail)}
        self.invoke("InboundFunction", event)

    def sleep(self, seconds: float) -> None:
        # The stream is slower than the two requests between which units are on sale, so it ranks no product of the test.
        assert self.units_on_sale() == {}
        self.stack.now += int(seconds * 1000)
        fresh, self._delivered = self.stack.records[self._delivered :], len(self.stack.records)
        assert self.stack.project(*fresh) == []
        self.called.add("ProjectorFunction")
        timers = [
            record
            for record in fresh
            if record["eventName"] == "REMOVE" and record["dynamodb"]["Keys"]["sk"] == {"S": "WINDOW"}
        ]
        if timers:
            self.called.add("RestoreFunction")
            assert self.stack.restore(*timers) == []


@pytest.fixture
def handlers(stack: Stack) -> Handlers:
    stack.start_recording()
    return Handlers(stack, users())


class NoLogs(Logs):
    def read(self, request_id: str, functions: Sequence[str]) -> Sequence[str]:
        return ()


def run(handlers: Handlers, lines: list[str]) -> Report:
    return run_story(handlers, handlers.people, RUN, lines.append, NoLogs("logs", {}, "handsel"))


def test_every_function_of_the_template_is_in_the_story() -> None:
    assert {function for step in STEPS for function in step.functions} == FUNCTIONS


def test_each_step_passes_and_exercises_the_functions_that_it_names(handlers: Handlers) -> None:
    session = Session(handlers, handlers.people, RUN)
    for step in STEPS:
        handlers.called.clear()
        step.run(session)
        assert set(step.functions) <= handlers.called, step.title
        assert handlers.units_on_sale() == {}, step.title
    assert story.clean_up(session) == []
    handlers.sleep(1)
    products = handlers.stack.call("alice", "GET", f"/stores/smoke-{RUN}/products").body["items"]
    assert [product["stock"] for product in products] == [0, 0]
    # No other user is recommended a product of the test.
    recommended = handlers.stack.call("alice", "GET", "/recommendations?limit=100").body["items"]
    assert [each for each in recommended if each["product"]["store_id"] == f"smoke-{RUN}"] == []
    # As the output says, subscribers find the store in the item that an event names.
    named = {each["correlation_id"] for each in handlers.stack.events}
    items = [each for each in handlers.stack.all_items() if each["sk"] in ("ORDER", "HOLDING", "SHIPMENT")]
    stores = {each[f"{each['sk'].lower()}_id"]: each["product"]["store_id"] for each in items}
    assert {stores[each] for each in named} == {f"smoke-{RUN}"}


# Units are on sale, or an order is pending whose unit is put back into stock when it expires: after a request to the stock,
# to an order that is not answered, to a refund or to a cancellation. The numbers count these moments.
@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_a_run_that_is_stopped_leaves_nothing_on_sale(handlers: Handlers, moment: int) -> None:
    passed = 0

    def stop() -> None:
        nonlocal passed
        if handlers.units_on_sale() or handlers.pending_orders():
            passed += 1
            if passed == moment:
                raise KeyboardInterrupt

    handlers.after_call = stop
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(handlers, lines)
    assert [line for line in lines if "not cleaned up" in line] == []
    assert (handlers.units_on_sale(), handlers.pending_orders()) == ({}, [])


def test_the_story_passes_again_with_the_same_users(handlers: Handlers) -> None:
    # As with the tokens of another provider: the users have no attributes, and the API replaces their subjects.
    people = {
        role: replace(user, claims={**user.claims, "sub": f"{role}@example.com"}, attributes={})
        for role, user in handlers.people.items()
    }
    handlers.people = people
    for run_id in ("00000001", "00000002"):
        lines: list[str] = []
        report = run_story(handlers, people, run_id, lines.append, NoLogs("logs", {}, "handsel"))
        assert report.failed == [], "\n".join(lines)
        assert {step.title for step in report.skipped} == {"create an account at sign-up"}
        assert not [line for line in lines if "not cleaned up" in line]
        handlers.sleep(1)
    me = handlers.stack.call("other@example.com", "GET", "/me").body
    assert me["handle"] == "other"
    # Each user may give up a limited number of handles; the story gives up the same one each time.
    account = handlers.stack.item(f"USER#{me['user_id']}", "ACCOUNT")
    assert account is not None
    assert len(account["freed_handles"]) == 1


def test_the_story_exercises_every_statement_about_the_table(handlers: Handlers) -> None:
    lines: list[str] = []
    report = run(handlers, lines)
    assert (report.failed, report.skipped) == ([], []), "\n".join(lines)
    granted, used = (
        {(grant.function, grant.statement) for grant in grants if grant.action in TABLE_ACTIONS}
        for grants in (permissions.all_grants(), handlers.stack.used)
    )
    assert granted - used == UNUSED
    assert not [line for line in lines if "NOT" in line or "FAILED" in line]


def test_routes_of_requests_lead_to_functions() -> None:
    assert function_of_route("POST", "/orders") == "PurchaseFunction"
    assert function_of_route("GET", "/orders/x") == "OrderFunction"
    assert function_of_route("POST", "/orders/x/gifts") == "GiftFunction"
    assert function_of_route("GET", "/gifts/x/preview") == "PublicApiFunction"
    assert function_of_route("GET", "/nowhere/at/all") == "WebFunction"


def test_what_depends_on_a_failed_step_is_skipped_and_the_rest_is_cleaned_up(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deny(monkeypatch, "ClaimFunction", "UpdateGiftsAndOrders")
    lines: list[str] = []
    report = run(handlers, lines)
    output = "\n".join(lines)
    assert "claim a voucher" in {step.title for step in report.failed}
    assert "redeem the voucher in the store" in {step.title for step in report.skipped}
    assert report.suspects == {"ClaimFunction"}
    assert "ClaimFunction failed. A permission is the most likely reason" in output
    assert "UpdateGiftsAndOrders" in output
    assert "The log of the request: make logs STACK=handsel REQUEST_ID=request-" in output
    assert "FAILED  ClaimFunction" in output
    assert "NOT     ShipmentFunction" in output
    assert "not cleaned up" not in output
    handlers.stack.denied.clear()
    open_gifts = handlers.stack.call("id-of-giver", "GET", "/gifts?role=sent&state=open").body["items"]
    assert open_gifts == []


def test_a_stack_without_the_sandbox_stops_at_buying_and_puts_nothing_on_sale(handlers: Handlers) -> None:
    handlers.payment_provider = "none"
    on_sale: list[object] = []
    handlers.after_call = lambda: on_sale.extend(handlers.units_on_sale())
    lines: list[str] = []
    report = run(handlers, lines)
    assert report.failed == []
    assert report.sells_nothing
    assert on_sale == []
    assert "the test stops at buying" in lines[-1]
    assert {
        "HealthFunction",
        "PostConfirmationFunction",
        "CatalogFunction",
        "OrderCenterFunction",
    } <= report.passed.keys()
    assert "ClaimFunction" not in report.passed


def _deny(monkeypatch: pytest.MonkeyPatch, function: str, statement: str) -> None:
    """Answer requests to a function that need a statement of its role as if it were missing: as on AWS, with a 500."""
    grants_for = permissions.grants_for

    def granted(name: str, need: permissions.Need) -> set[permissions.Grant]:
        found = {each for each in grants_for(name, need) if (name, each.statement) != (function, statement)}
        if not found:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "TransactWriteItems")
        return found

    monkeypatch.setattr(permissions, "grants_for", granted)
