"""The steps of the smoke test, in order. Each names the functions that it exercises; together they exercise all functions.

The steps exercise the writes of each function whose policy has `dynamodb:LeadingKeys`, because AWS does not document how this
condition is evaluated in transactions. tests/integration/test_smoke.py compares the story with every statement of template.yaml.

The test is safe on a stack with users: units of its products are on sale only between the request that adds them and the next
one, which buys them, or between a refund or a cancellation, which puts them back, and the next request, which removes them. The
stream finds the products sold out, so they are not ranked and not recommended to others. All gifts are among the users of the
test.

If the process is killed (SIGKILL) between two such requests, these units stay on sale: at most 9 vouchers, or 2 parcels. If it
is killed while an order is pending, the sweep cancels the order when it expires, and puts back 1 parcel. Buy these units with a
token of the sandbox, to take them off sale. SIGINT and SIGTERM stop the story, not `clean_up`.

A gift of the test ends early: `move_window_end` moves the end of its claim window in the table, in one transaction. If the
test dies right before it, the gift ends at its regular time; right after it, the next sweep or the stream ends it, or at the
latest the sweep at the regular time. If its response is lost or it runs twice, its conditions fail, and the gift stays as the
first run left it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from handsel.domain.models import Gift
from handsel.domain.states import GiftState
from handsel.store import gifts, keys
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Delete, Write
from ops.smoke.target import Answer, Target
from ops.smoke.users import User

# Seconds for what the stream, the bus or the sweep does: cold starts, and a new event source mapping.
WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 1.0
# Responses after which a client repeats the request with the same key.
_RETRIED = (429, 503)
_MAX_RETRIES = 3
_WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
_PARCEL_WRAPPING = {"cover_id": "parcel-kraft", "message": "Smoke test"}
_ADDRESS = {
    "name": "Smoke test",
    "phone": "+86 571 5550 0100",
    "lines": ["5 Lakeside Road"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}
_PRICE = {"amount": 100, "currency": "CNY"}


def _pay_with(token: str) -> dict[str, str]:
    """Return a payment with a token of the sandbox provider."""
    return {"method": "card", "token": token}


_PAID = _pay_with("tok_ok")
# The sandbox provider loses its first response to this payment.
_UNANSWERED = _pay_with("tok_timeout")
_VOUCHERS, _PARCELS = 9, 2
_SANDBOX = "sandbox"


class StepFailed(Exception):
    """A step did not have the expected result.

    Attributes:
        detail: what is wrong.
        request: the request, such as `POST /orders`; empty if it is none of the API.
        answer: its response, if there is one.
        waited_for: the function that did not do its work in time, if the step waited for one.
    """

    def __init__(
        self, detail: str, *, request: str = "", answer: Answer | None = None, waited_for: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail, self.request, self.answer, self.waited_for = detail, request, answer, waited_for


class StepSkipped(Exception):
    """A step needs the result of an earlier step that failed, or a part that this stack does not have; the message names it."""


class NotSold(StepSkipped):
    """The stack sells nothing to the test, because it has no sandbox payment provider."""


@dataclass
class Session:
    """A run of the story.

    Attributes:
        target: the stack.
        users: the users by role.
        run: distinguishes the ids and names of this run.
        found: what earlier steps made, by name: orders, gifts, holdings.
        retries: the number of repeated requests.
    """

    target: Target
    users: Mapping[str, User]
    run: str
    found: dict[str, Any] = field(default_factory=dict)
    retries: int = 0
    _keys: int = 0
    _user_ids: dict[str, str] = field(default_factory=dict)

    @property
    def store_id(self) -> str:
        """Return the store of the test."""
        return str(self.users["merchant"].claims["custom:store_id"])

    @property
    def carrier(self) -> str:
        """Return the carrier of the test."""
        return str(self.users["carrier"].claims["custom:carrier"])

    def product_id(self, kind: str) -> str:
        """Return the id of the product of a kind."""
        return f"smoke-{self.run}-{kind}"

    def user_id(self, role: str) -> str:
        """Return the id of the user of a role: the API replaces some subjects of tokens with a digest."""
        if role not in self._user_ids:
            self._user_ids[role] = self.json(role, "GET", "/me")["user_id"]
        return self._user_ids[role]

    def new_key(self) -> str:
        """Return a new idempotency key."""
        self._keys += 1
        return f"smoke-{self.run}-{self._keys:03d}"

    def __getitem__(self, name: str) -> Any:
        """Return what an earlier step made.

        Raises:
            StepSkipped: it did not.
        """
        if name not in self.found:
            raise StepSkipped(f"it needs {name}, which no earlier step created")
        return self.found[name]

    def call(
        self,
        role: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int | tuple[int, ...] = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, and again while the stack is busy.

        Raises:
            StepFailed: the response has another status.
        """
        expected = (status,) if isinstance(status, int) else status
        sent = dict(headers or {})
        if method == "POST":
            sent["idempotency-key"] = self.new_key()
        for attempt in range(_MAX_RETRIES + 1):
            answer = self.target.call(role, method, path, body, sent)
            if answer.status in expected:
                return answer
            if answer.status not in _RETRIED or attempt == _MAX_RETRIES:
                break
            self.retries += 1
            self.target.sleep(_PAUSE_SECONDS)
        detail = f"{answer.status} {answer.code or answer.text[:200]}, not {' or '.join(map(str, expected))}"
        raise StepFailed(detail, request=f"{method} {path}", answer=answer)

    def json(self, role: str | None, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        """Send a request and return the JSON body of its response."""
        return self.call(role, method, path, body, status=status).body

    def wait(self, what: str, function: str, condition: Callable[[], object]) -> Any:
        """Wait for what a function does asynchronously. Return the value of the condition once it is true.

        Raises:
            StepFailed: it is not true in time.
        """
        waited = 0.0
        while not (value := condition()):
            if waited >= WAIT_SECONDS:
                raise StepFailed(f"{what}: not within {WAIT_SECONDS:.0f} s", waited_for=function)
            self.target.sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
        return value


@dataclass(frozen=True)
class Step:
    """A step of the story.

    Attributes:
        title: what it does.
        functions: logical IDs of the functions that it exercises.
        run: does it; returns a remark for the output, or None.
    """

    title: str
    functions: tuple[str, ...]
    run: Callable[[Session], str | None]


STEPS: list[Step] = []
_Run = Callable[[Session], str | None]


def _step(title: str, *functions: str) -> Callable[[_Run], _Run]:
    def add(run: _Run) -> _Run:
        STEPS.append(Step(title, functions, run))
        return run

    return add


def expect(what: str, actual: object, expected: object) -> None:
    """Check a value.

    Raises:
        StepFailed: it is another one.
    """
    if actual != expected:
        raise StepFailed(f"{what}: {actual!r}, not {expected!r}")


# --- without a token --------------------------------------------------------------------------------------------------


@_step("check the API, its description and the wrappings", "PublicApiFunction")
def _check_api(session: Session) -> None:
    expect("health", session.json(None, "GET", "/health"), {"status": "ok"})
    for path in (
        "/openapi.json",
        "/meta/state-machine",
        "/meta/policy",
        "/wrappings?kind=voucher",
        "/covers/red-classic.png",
    ):
        session.call(None, "GET", path)


@_step("load the start page", "WebFunction")
def _load_page(session: Session) -> None:
    page = session.call(None, "GET", "/")
    if "<script" not in page.text:
        raise StepFailed("the start page has no script", request="GET /", answer=page)


@_step("refuse a request without a token", "AccountFunction")
def _require_token(session: Session) -> None:
    session.call(None, "GET", "/me", status=401)
    # The same route, with a token: creates the account of the caller.
    session.call("carrier", "GET", "/me")


# --- users, store and products ----------------------------------------------------------------------------------------


@_step("create an account at sign-up", "PostConfirmationFunction")
def _sign_up(session: Session) -> None:
    friend = session.users["friend"]
    if "PostConfirmationFunction" not in session.target.functions:
        raise StepSkipped("this stack has no user pool")
    if not friend.attributes:
        raise StepSkipped("the users of the test were not made in the user pool")
    event = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "userName": friend.subject,
        "request": {"userAttributes": {"sub": friend.subject, **friend.attributes}},
        "response": {},
    }
    session.target.invoke("PostConfirmationFunction", event)
    if session.target.table.get(keys.account(friend.subject)) is None:
        # The trigger reports no error, because Cognito would show it to the user.
        raise StepFailed("the trigger created no account", waited_for="PostConfirmationFunction")


@_step("open a store", "MerchantFunction")
def _open_store(session: Session) -> None:
    store = {"name": "Smoke test", "carrier": session.carrier, "giftable": True}
    session.call("merchant", "PUT", f"/stores/{session.store_id}", store)
    expect("store", session.json("merchant", "GET", f"/stores/{session.store_id}")["name"], "Smoke test")
    session.found["store"] = session.store_id


def _put_product(session: Session, kind: str) -> None:
    """Create a product, sold out: `_on_sale` adds units."""
    body = {
        "kind": kind,
        "title": "Smoke test: do not buy",
        "category": "test",
        "price": _PRICE,
        "stock": 0,
        **({"validity_days": 30, "redeem_at": "Nowhere"} if kind == "voucher" else {}),
    }
    session.call("merchant", "PUT", f"/stores/{session['store']}/products/{session.product_id(kind)}", body)


def _add_stock(session: Session, kind: str, units: int, status: tuple[int, ...] = (200,)) -> None:
    path = f"/stores/{session['store']}/products/{session.product_id(kind)}/stock"
    session.call("merchant", "POST", path, {"add": units}, status=status)


def _remove(session: Session, kind: str, units: int) -> None:
    """Take units off sale that were put back into stock, before anybody else buys them or is recommended them."""
    # 409: somebody was faster.
    _add_stock(session, kind, -units, status=(200, 409))


@contextmanager
def _on_sale(session: Session, kind: str, units: int) -> Iterator[None]:
    """Put units on sale that are bought at once. If they are not, take them off sale."""
    _add_stock(session, kind, units)
    try:
        yield
    except Exception:
        # The failure of the purchase is reported; `clean_up` tries again, and reports what it could not do.
        with suppress(Exception):
            _sell_out(session, kind)
        raise


# --- buy --------------------------------------------------------------------------------------------------------------


def _buy(session: Session, kind: str, quantity: int) -> Any:
    body = {"product_id": session.product_id(kind), "quantity": quantity, "payment": _PAID}
    return session.json("giver", "POST", "/orders", body, status=201)


@_step("buy", "PurchaseFunction", "MerchantFunction")
def _buy_vouchers(session: Session) -> None:
    _put_product(session, "voucher")
    session.found["product"] = session.product_id("voucher")
    if (provider := session.target.payment_provider) != _SANDBOX:
        # Nothing is put on sale: others could buy it, with a provider that the test cannot pay.
        raise NotSold(f"this stack has the payment provider {provider}, not the sandbox")
    with _on_sale(session, "voucher", _VOUCHERS):
        order = _buy(session, "voucher", _VOUCHERS)
    expect("order", (order["state"], order["units"]["available"]), ("paid", _VOUCHERS))
    session.found["vouchers"] = order


@_step("buy parcels", "PurchaseFunction", "MerchantFunction")
def _buy_parcels(session: Session) -> None:
    _ = session["vouchers"]
    _put_product(session, "parcel")
    with _on_sale(session, "parcel", _PARCELS):
        order = _buy(session, "parcel", _PARCELS)
    expect("order", (order["state"], order["units"]["available"]), ("paid", _PARCELS))
    session.found["parcels"] = order


@_step("look at products", "CatalogFunction")
def _view_product(session: Session) -> None:
    path = f"/products/{session['product']}"
    expect("stock", session.json("other", "GET", path)["stock"], 0)
    session.call("giver", "GET", path)
    listed = session.json("giver", "GET", f"/stores/{session['store']}/products")["items"]
    expect("the product is listed", session["product"] in {each["product_id"] for each in listed}, True)


@_step("tag products, list tagged and recommended ones", "PreferencesFunction")
def _tag(session: Session) -> None:
    path = f"/tagged/{session['product']}"
    session.call("friend", "PUT", path, status=204)
    tagged = session.json("friend", "GET", "/tagged")["items"]
    expect("the product is tagged", session["product"] in {each["product_id"] for each in tagged}, True)
    for listed in ("/viewed", "/recommendations"):
        session.call("friend", "GET", listed)
    session.call("friend", "DELETE", path, status=204)


@_step("settle a payment whose response was lost, by an event", "PurchaseFunction", "InboundFunction")
def _settle_by_event(session: Session) -> None:
    order_id = _buy_unanswered(session)
    session.target.put_event("payment.settled", {"order_id": order_id})
    path = f"/orders/{order_id}"
    session.wait(
        "the order is paid",
        "InboundFunction",
        lambda: session.json("giver", "GET", path)["state"] == "paid",
    )
    _refund(session, "parcel", order_id, 1)


@_step("cancel a pending order", "OrderFunction")
def _cancel_order(session: Session) -> None:
    order_id = _buy_unanswered(session)
    _cancel_pending(session, order_id)


def _cancel_pending(session: Session, order_id: str) -> None:
    order = session.json("giver", "POST", f"/orders/{order_id}/cancel")
    _remove(session, order["product"]["kind"], order["quantity"])
    expect("state", order["state"], "cancelled")


def _buy_unanswered(session: Session) -> str:
    """Buy one parcel, whose payment has an unknown outcome. Return the order, which is pending."""
    _ = session["parcels"]
    with _on_sale(session, "parcel", 1):
        body = {"product_id": session.product_id("parcel"), "quantity": 1, "payment": _UNANSWERED}
        answer = session.target.call("giver", "POST", "/orders", body, {"idempotency-key": session.new_key()})
        if (answer.status, answer.code) != (503, "payment-unknown"):
            detail = f"{answer.status} {answer.code or answer.text[:200]}, not 503 payment-unknown"
            raise StepFailed(detail, request="POST /orders", answer=answer)
    (order,) = session.wait("the pending order is listed", "OrderFunction", lambda: _list_pending(session))
    session.found[f"unanswered {len(session.found)}"] = order
    return str(order["order_id"])


def _list_pending(session: Session) -> list[Any]:
    """Return the pending orders of this run that no earlier step found. The index may be late with those."""
    known = [each["order_id"] for name, each in session.found.items() if name.startswith("unanswered")]
    return [
        each
        for each in session.json("giver", "GET", "/orders?state=pending")["items"]
        if each["product"]["product_id"] == session.product_id("parcel") and each["order_id"] not in known
    ]


# --- give and claim ---------------------------------------------------------------------------------------------------


def _give(session: Session, order: str, name: str, shares: int = 1, **more: object) -> Any:
    body = {"shares": shares, "wrapping": _WRAPPING, **more}
    gift = session.json("giver", "POST", f"/orders/{session[order]['order_id']}/gifts", body, status=201)
    session.found[name] = gift
    return gift


def _claim(session: Session, role: str, gift: Mapping[str, Any], **more: object) -> Any:
    body = {**({"secret": gift["secret"]} if gift["secret"] else {}), **more}
    return session.json(role, "POST", f"/gifts/{gift['gift_id']}/claims", body, status=201)


@_step("give by link; open its preview and its page", "GiftFunction", "PublicApiFunction", "WebFunction")
def _give_by_link(session: Session) -> None:
    gift = _give(session, "vouchers", "gift by link")
    preview = session.json(None, "GET", f"/gifts/{gift['gift_id']}/preview")
    expect("state", preview["state"], "open")
    page = session.call(None, "GET", f"/g/{gift['gift_id']}")
    if gift["secret"] in page.text:
        raise StepFailed("the page contains the secret", request="GET /g/...", answer=page)


@_step("claim a voucher", "ClaimFunction")
def _claim_voucher(session: Session) -> None:
    holding = _claim(session, "other", session["gift by link"])
    expect("state", holding["state"], "usable")
    session.found["voucher"] = holding


@_step("read the voucher and its QR code", "HoldingFunction")
def _read_holding(session: Session) -> None:
    path = f"/holdings/{session['voucher']['holding_id']}"
    expect("code", session.json("other", "GET", path)["code"], session["voucher"]["code"])
    session.call("other", "GET", f"{path}/qr")
    listed = {each["holding_id"] for each in session.json("other", "GET", "/holdings")["items"]}
    expect("the voucher is listed", session["voucher"]["holding_id"] in listed, True)


@_step("redeem the voucher in the store", "MerchantFunction")
def _redeem(session: Session) -> None:
    code = session["voucher"]["code"]
    redeemed = session.json("merchant", "POST", "/redemptions", {"code": code}, status=201)
    undo = f"/vouchers/{code}/redemptions/{redeemed['redemption_id']}/undo"
    session.call("merchant", "POST", undo, {"reason": "Smoke test"})
    session.call("merchant", "POST", f"/vouchers/{code}/redemptions", status=201)


@_step("give to a person, found by handle", "DirectoryFunction", "GiftFunction")
def _give_to_person(session: Session) -> None:
    _ = session["vouchers"]
    friend_id = session.user_id("friend")
    profile = session.json("friend", "GET", "/me")
    if profile["handle"]:
        found = session.json("giver", "GET", f"/people/{profile['handle']}")
        expect("user", found["user_id"], friend_id)
    _give(session, "vouchers", "gift to a person", recipient_id=friend_id)


@_step("receive a message and mark it as read", "ProjectorFunction", "MessageFunction")
def _read_message(session: Session) -> None:
    gift_id = session["gift to a person"]["gift_id"]

    def received() -> Any:
        listed = session.json("friend", "GET", "/messages")["items"]
        return [each for each in listed if each["kind"] == "gift_received" and each["gift_id"] == gift_id]

    (message,) = session.wait("the recipient has a message", "ProjectorFunction", received)
    read = session.json("friend", "POST", f"/messages/{message['message_id']}/read")
    expect("read", read["read"], True)


@_step("remind the recipient, by the sweep", "SweepFunction")
def _remind(session: Session) -> None:
    gift_id, table = session["gift to a person"]["gift_id"], session.target.table
    key = keys.reminder(gift_id)
    if not session.wait("the reminder is scheduled", "ProjectorFunction", lambda: table.get(key)).get(keys.BY_DUE.sk):
        raise StepSkipped("the claim window of this stack is too short for reminders")
    # The last reminder is an hour before the end: a second after the gift was given.
    gift = move_window_end(table, gift_id, seconds=3601)
    due = keys.position(gift.created_at + 1000, gift_id)
    table.write(update(key, assign({keys.BY_DUE.sk: due}), Clause(conditions=[f"attribute_exists(#{keys.BY_DUE.sk})"])))

    def is_reminded() -> bool:
        session.target.invoke("SweepFunction", {})
        messages = session.json("friend", "GET", "/messages")["items"]
        return any(each["kind"] == "gift_reminder" and each["gift_id"] == gift_id for each in messages)

    session.wait("the recipient is reminded", "SweepFunction", is_reminded)


@_step("open the gift to a person, claim it, and thank the giver", "GiftFunction", "ClaimFunction")
def _claim_as_recipient(session: Session) -> None:
    path = f"/gifts/{session['gift to a person']['gift_id']}"
    session.call("friend", "POST", f"{path}/opened", {}, status=204)
    _claim(session, "friend", session["gift to a person"])
    words = session.json("friend", "POST", f"{path}/thanks", {"message": "Smoke test"}, status=201)["message"]
    expect("thanks", session.json("giver", "GET", path)["claims"][0]["thanks"]["message"], words)
    kinds = [entry["kind"] for entry in session.json("giver", "GET", f"{path}/timeline")["items"]]
    expect("timeline", [kind for kind in kinds if kind != "reminded"], ["given", "opened", "claimed", "thanked"])
    session.found["claimed gift"] = session["gift to a person"]


@_step("cancel a gift before its recipient reads of it", "GiftFunction", "ProjectorFunction")
def _cancel_unread(session: Session) -> None:
    friend_id = session.user_id("friend")
    gift_id = _give(session, "vouchers", "gift to cancel", recipient_id=friend_id)["gift_id"]

    def kinds() -> list[str]:
        return [
            each["kind"] for each in session.json("friend", "GET", "/messages")["items"] if each["gift_id"] == gift_id
        ]

    session.wait("the recipient has a message", "ProjectorFunction", lambda: kinds() == ["gift_received"])
    session.call("giver", "POST", f"/gifts/{gift_id}/cancel", {})
    session.wait("the message is replaced", "ProjectorFunction", lambda: kinds() == ["gift_cancelled"])


@_step("block a giver, whose gift is declined, and end the block", "ConsentFunction", "GiftFunction")
def _block(session: Session) -> None:
    giver_id, other_id = session.user_id("giver"), session.user_id("other")
    # A run that was killed may have left the block.
    session.call("other", "DELETE", f"/blocked/{giver_id}", status=204)
    gift_id = _give(session, "vouchers", "gift to decline", recipient_id=other_id)["gift_id"]
    session.found["block"] = giver_id
    session.call("other", "PUT", f"/blocked/{giver_id}", status=204)
    expect("state", session.json("giver", "GET", f"/gifts/{gift_id}")["state"], "declined")

    def is_listed() -> bool:
        return giver_id in {each["user_id"] for each in session.json("other", "GET", "/blocked")["items"]}

    session.wait("the block is listed", "ConsentFunction", is_listed)
    body = {"shares": 1, "wrapping": _WRAPPING, "recipient_id": other_id}
    refused = session.call("giver", "POST", f"/orders/{session['vouchers']['order_id']}/gifts", body, status=422)
    expect("code", refused.code, "recipient-unknown")
    _unblock(session)
    # Nobody gave anything, so the relation is deleted.
    for method in ("PUT", "DELETE"):
        session.call("friend", method, f"/blocked/{other_id}", status=204)


def _unblock(session: Session) -> None:
    session.call("other", "DELETE", f"/blocked/{session['block']}", status=204)


@_step("give to a group, claim two shares, cancel the rest", "GiftFunction", "ClaimFunction")
def _give_to_group(session: Session) -> None:
    gift = _give(session, "vouchers", "gift to a group", 3)
    session.call("friend", "POST", f"/gifts/{gift['gift_id']}/opened", {"secret": gift["secret"]}, status=204)
    for role in ("friend", "other"):
        _claim(session, role, gift)
    ended = session.json("giver", "POST", f"/gifts/{gift['gift_id']}/cancel", {})
    expect("gift", (ended["state"], ended["remaining"]), ("cancelled", 1))


@_step("give and claim a parcel", "GiftFunction", "ClaimFunction")
def _claim_parcel(session: Session) -> None:
    gift = _give(session, "parcels", "gift of a parcel", wrapping=_PARCEL_WRAPPING)
    holding = _claim(session, "other", gift, address=_ADDRESS)
    expect("state", holding["state"], "ready_to_ship")
    session.found["shipment"], session.found["claimed parcel"] = holding["shipment_id"], holding


@_step("ship the parcel, track it", "MerchantFunction", "ShipmentFunction")
def _ship(session: Session) -> None:
    path = f"/shipments/{session['shipment']}"
    for query in ("", "?status=ready_to_ship"):
        is_listed = partial(_is_shipment_listed, session, query)
        session.wait("the shipment is listed", "MerchantFunction", is_listed)
    session.call("merchant", "PUT", path, {"tracking_number": f"SMOKE-{session.run}"})
    session.call("other", "PUT", f"{path}/address", {**_ADDRESS, "lines": ["6 Lakeside Road"]})
    session.call("carrier", "POST", f"{path}/events", _shipment_event(session, "picked_up"))
    expect("status", session.json("other", "GET", path)["status"], "picked_up")


def _is_shipment_listed(session: Session, query: str) -> bool:
    listed = session.json("merchant", "GET", f"/stores/{session['store']}/shipments{query}")["items"]
    return session["shipment"] in {each["shipment_id"] for each in listed}


@_step("deliver it, reported by an event", "InboundFunction")
def _deliver(session: Session) -> None:
    path = f"/shipments/{session['shipment']}"
    report = {"shipment_id": session["shipment"], "carrier": session.carrier, **_shipment_event(session, "delivered")}
    session.target.put_event("carrier.reported", report)
    session.wait(
        "the parcel is delivered",
        "InboundFunction",
        lambda: session.json("other", "GET", path)["status"] == "delivered",
    )


def _shipment_event(session: Session, status: str) -> dict[str, object]:
    # By the clock of the stack: reports from the future are rejected, and old goods cannot be sent back.
    occurred_at = session["claimed parcel"]["received_at"]
    return {"event_id": status, "status": status, "location": "Test", "occurred_at": occurred_at}


# --- use, refund, return gift, handle ---------------------------------------------------------------------------------


@_step("use a voucher and a parcel", "OrderFunction")
def _use(session: Session) -> None:
    path = f"/orders/{session['vouchers']['order_id']}/use"
    session.call("giver", "POST", path, {"quantity": 1}, status=201)
    path = f"/orders/{session['parcels']['order_id']}/use"
    used = session.json("giver", "POST", path, {"quantity": 1, "address": _ADDRESS}, status=201)
    session.found["used parcel"] = used["holdings"][0]["holding_id"]


@_step("refund a unit", "OrderFunction")
def _refund_unit(session: Session) -> None:
    _refund(session, "voucher", session["vouchers"]["order_id"], 1)
    session.call("giver", "GET", "/payments")


@_step("ask for a refund of a parcel in the store", "RefundRequestFunction")
def _ask_for_refund(session: Session) -> None:
    path = f"/holdings/{session['used parcel']}/refund-requests"
    asked = session.json("giver", "POST", path, {"reason": "unwanted"}, status=201)
    _remove(session, "parcel", 1)
    expect("refund request", asked["state"], "refunded")


@_step("ask for a refund of delivered goods, list and withdraw the request", "RefundRequestFunction")
def _withdraw_refund_request(session: Session) -> None:
    path = f"/holdings/{session['claimed parcel']['holding_id']}/refund-requests"
    request_id = session.json("other", "POST", path, {"reason": "other"}, status=201)["refund_request_id"]
    for role, listed in (("other", "/refund-requests"), ("merchant", f"/stores/{session['store']}/refund-requests")):

        def is_listed(role: str = role, listed: str = listed) -> bool:
            items = session.json(role, "GET", listed)["items"]
            return request_id in {each["refund_request_id"] for each in items}

        session.wait("the refund request is listed", "RefundRequestFunction", is_listed)
    withdrawn = session.json("other", "POST", f"/refund-requests/{request_id}/withdraw")
    expect("refund request", withdrawn["state"], "withdrawn")


def _refund(session: Session, kind: str, order_id: str, quantity: int) -> None:
    session.call("giver", "POST", f"/orders/{order_id}/refunds", {"quantity": quantity}, status=201)
    _remove(session, kind, quantity)


@_step("give a return gift", "ReturnGiftFunction", "ClaimFunction")
def _give_in_return(session: Session) -> None:
    gift_id = session["claimed gift"]["gift_id"]
    body = {"product_id": session.product_id("voucher"), "payment": _PAID, "wrapping": _WRAPPING}
    with _on_sale(session, "voucher", 1):
        returned = session.json("friend", "POST", f"/gifts/{gift_id}/return-gifts", body, status=201)
    expect("recipient", returned["gift"]["recipient_id"], session.user_id("giver"))
    _claim(session, "giver", returned["gift"])


@_step("change a handle", "AccountFunction")
def _change_handle(session: Session) -> None:
    before = session.json("other", "GET", "/me")["handle"]
    # The same in each run, because the handles that a user may give up in 90 days are limited.
    wanted = f"smoke_{hashlib.sha256(session.user_id('other').encode()).hexdigest()[:12]}"
    for handle in (wanted, before or wanted):
        expect("handle", session.json("other", "PATCH", "/me", {"handle": handle})["handle"], handle)


# --- expire -----------------------------------------------------------------------------------------------------------


def move_window_end(table: Table, gift_id: str, *, seconds: int, by_stream: bool = False) -> Gift:
    """Move the end of the claim window of an own gift: in the gift, in the reservation of its order, and in its timer.

    Args:
        table: the table.
        gift_id: a gift that is open, with all its shares.
        seconds: the new length of the window. The clock of this machine is not used, because it may be wrong.
        by_stream: delete the timer of the gift, as TTL does later, and leave the gift at its regular place in the due index:
            until then, only the stream ends it. Otherwise move it in the due index: TTL takes minutes or longer, so the
            sweep ends it.

    Returns:
        The gift with its new end.

    Raises:
        ConditionFailed: the gift has changed.
    """
    gift = gifts.get(table, gift_id)
    if gift is None:
        raise StepFailed(f"the table has no gift {gift_id}")
    moved = replace(gift, expires_at=gift.created_at + seconds * 1000)
    due = {} if by_stream else {keys.BY_DUE.sk: keys.position(moved.expires_at, gift_id)}
    unchanged = require(state=GiftState.OPEN, expires_at=gift.expires_at, remaining=gift.shares)
    reserved = Clause(
        sets=["#reservations.#gift.#expires_at = :moved"],
        conditions=["#reservations.#gift.#expires_at = :regular"],
        values={":moved": moved.expires_at, ":regular": gift.expires_at},
        names={"#gift": gift_id},
    )
    writes: list[Write] = [
        update(keys.gift(gift_id), assign({"expires_at": moved.expires_at, **due}), unchanged),
        update(keys.order(gift.order_id), reserved),
    ]
    timer = keys.window(gift_id)
    if by_stream:
        writes.append(Delete(timer, "attribute_exists(#pk)"))
    else:
        ttl = gifts.timer_to_item(moved)["ttl"]
        writes.append(update(timer, assign({"ttl": ttl}), require(gift_id=gift_id)))
    table.write(*writes)
    return moved


def _expire(
    session: Session,
    name: str,
    function: str,
    *,
    by_stream: bool,
    meanwhile: Callable[[], object],
    ends: Sequence[Mapping[str, str]] = (),
) -> None:
    """Let a new gift expire, and wait until the function has stored that.

    Args:
        ends: the ends of the gift that its giver sets, one after the other, if the policy lets givers choose.
    """
    if "returned before" not in session.found:
        session.found["returned before"] = _count_returned(session)
    gift = _give(session, "vouchers", name)
    gift_id = gift["gift_id"]
    may_choose = all(each["action"] != "choose_end" for each in gift["refusals"])
    for at_end in ends if may_choose else ():
        expect("end", session.json("giver", "PUT", f"/gifts/{gift_id}/at-end", at_end)["at_end"], at_end)
    try:
        move_window_end(session.target.table, gift_id, seconds=0, by_stream=by_stream)
    except ConditionFailed as error:
        raise StepFailed(f"the gift {gift_id} has changed in the meantime") from error
    # Every read computes this from the time; only the function stores it.
    expect("state", session.json("giver", "GET", f"/gifts/{gift_id}")["state"], "returned")

    def is_stored() -> bool:
        meanwhile()
        stored = gifts.get(session.target.table, gift_id)
        return stored is not None and stored.state is GiftState.RETURNED

    session.wait("the expired gift is settled", function, is_stored)
    if session.json("giver", "GET", f"/gifts/{gift_id}")["at_end"] == {"then": "refund"}:
        _remove(session, "voucher", 1)


@_step("expire a gift, by the sweep", "SweepFunction")
def _expire_by_sweep(session: Session) -> str:
    reports: list[Any] = []

    def sweep() -> None:
        reports.append(session.target.invoke("SweepFunction", {}))

    _expire(session, "gift for the sweep", "SweepFunction", by_stream=False, meanwhile=sweep)
    if failed := reports[-1]["failed"]:
        return f"the sweep failed on {failed} other items: see docs/runbook.md, SweepFails"
    return "" if any(each["returned"] for each in reports) else "the scheduled sweep was faster"


@_step("expire a gift, by its timer and the stream, and refund it", "RestoreFunction", "GiftFunction")
def _expire_by_stream(session: Session) -> None:
    ends = {"then": "give_to", "recipient_id": session.user_id("other")}, {"then": "refund"}
    _expire(session, "gift for the stream", "RestoreFunction", by_stream=True, meanwhile=lambda: None, ends=ends)


@_step("ask for the expired gift again; the giver sees who asks", "GiftFunction")
def _ask_again(session: Session) -> None:
    gift = session["gift for the stream"]
    session.call("friend", "POST", f"/gifts/{gift['gift_id']}/ask-again", {"secret": gift["secret"]}, status=202)
    asked = session.json("giver", "GET", f"/gifts/{gift['gift_id']}")["asked_again"]
    expect("users who ask", [each["user_id"] for each in asked], [session.user_id("friend")])


@_step("advance the test clock by a second", "TestClockFunction")
def _advance_clock(session: Session) -> None:
    if "TestClockFunction" not in session.target.functions:
        raise StepSkipped("this stack has no test clock")
    before = session.json("giver", "GET", "/test/clock")["offset_seconds"]
    after = session.json("giver", "POST", "/test/clock", {"advance_seconds": 1})["offset_seconds"]
    # Another caller may advance it, too.
    expect("the clock moved", after > before, True)


# --- lists ------------------------------------------------------------------------------------------------------------


_LISTS = ("/order-center", "/orders", "/gifts?role=sent", "/gifts?role=received", "/holdings", "/messages", "/people")


@_step(
    "read the order center and all lists",
    *(
        "OrderCenterFunction",
        "OrderFunction",
        "GiftFunction",
        "HoldingFunction",
        "MessageFunction",
        "DirectoryFunction",
    ),
)
def _read_lists(session: Session) -> None:
    for path in _LISTS:
        session.call("giver", "GET", path)


@_step("count the expired gifts of the giver", "OrderCenterFunction", "GiftFunction")
def _count_expired(session: Session) -> None:
    _ = session["gift for the sweep"], session["gift for the stream"]

    wanted: int = session["returned before"] + 2

    def are_counted() -> bool:
        # More, if a gift of an earlier run that was killed expired in the meantime.
        return _count_returned(session) >= wanted

    session.wait("the counters of the giver", "ProjectorFunction", are_counted)
    session.call("giver", "GET", f"/orders/{session['vouchers']['order_id']}/gifts")


def _count_returned(session: Session) -> int:
    return int(session.json("giver", "GET", "/order-center")["counts"]["returned"])


@_step("check the health of the data", "HealthFunction")
def _check_health(session: Session) -> str:
    health = session.target.invoke("HealthFunction", {})
    expect("invariant violations", health["InvariantViolation"], 0)
    if not health["OrdersAudited"]:
        return (
            "no order is in its present sample, so its statements QueryOrders, QueryGifts and ReadItems were not used"
        )
    return f"{health['OrdersAudited']} orders checked"


# --- clean up ---------------------------------------------------------------------------------------------------------


def clean_up(session: Session) -> list[str]:
    """Take back what can be taken back: refund what is left, and take the products off sale. Return what failed.

    Each part is tried even if another fails.
    """
    failed: list[str] = []

    def attempt(what: str, run: Callable[[], object]) -> None:
        try:
            run()
        except Exception as error:  # noqa: BLE001 - reported; the other parts are tried nevertheless
            failed.append(f"{what}: {str(error) or type(error).__name__}")

    for name in [name for name in session.found if name.startswith("gift") and "gift_id" in session.found[name]]:
        attempt(f"cancel the {name}", partial(_cancel_if_open, session, name))
    for name in [name for name in session.found if name in ("vouchers", "parcels") or name.startswith("unanswered")]:
        attempt(f"refund {name}", partial(_refund_rest, session, name))
    if "block" in session.found:
        attempt("end the block", partial(_unblock, session))
    if "parcels" in session.found:
        # Their units would be put back into stock when they expire.
        attempt("cancel pending orders", partial(_cancel_unfound, session))
    if "store" in session.found:
        for kind in ("voucher", "parcel"):
            attempt(f"take the {kind} off sale", partial(_sell_out, session, kind))
        store = {"name": "Smoke test", "carrier": session.carrier, "giftable": False}
        attempt("close the store", lambda: session.call("merchant", "PUT", f"/stores/{session.store_id}", store))
    return failed


def _cancel_if_open(session: Session, name: str) -> None:
    path = f"/gifts/{session[name]['gift_id']}"
    if session.json("giver", "GET", path)["state"] == "open":
        session.call("giver", "POST", f"{path}/cancel", {})


def _refund_rest(session: Session, name: str) -> None:
    order_id = session[name]["order_id"]
    order = session.json("giver", "GET", f"/orders/{order_id}")
    if order["state"] == "pending":
        _cancel_pending(session, order_id)
    elif order["units"] and order["units"]["available"]:
        _refund(session, order["product"]["kind"], order_id, order["units"]["available"])


def _cancel_unfound(session: Session) -> None:
    for order in _list_pending(session):
        _cancel_pending(session, order["order_id"])


def _sell_out(session: Session, kind: str) -> None:
    product = session.call("merchant", "GET", f"/products/{session.product_id(kind)}", status=(200, 404))
    if product.status == 200 and product.body["stock"]:
        _add_stock(session, kind, -product.body["stock"])
