"""Demonstrate all features over HTTP, on a temporary stack whose clock goes through a claim window of 24 hours in seconds.

Each step prints its request and its response, and fails if the response is not as expected.
"""

import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from handsel.domain.currencies import format_money
from handsel.domain.models import Money
from local import aws, cli
from local.client import Client, Stack, advance_clock, payment, read_stack
from local.engine import free_port
from local.settings import Settings

# From a write to its message: the stream, and a cold start of the function.
MESSAGE_SECONDS = 10.0
# A path of each function that the demo calls.
FUNCTIONS = (
    *(
        "/orders",
        "/gifts/x",
        "/holdings",
        "/refund-requests",
        "/shipments/x",
        "/products/x",
        "/tagged",
        "/order-center",
        "/messages",
        "/people",
    ),
    *("/stores/x", "/test/clock", "/health"),
)

_COLOR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
BOLD, DIM, GREEN, RED, OFF = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if _COLOR else ("",) * 5


class Demo:
    """Prints the steps, and collects the failed ones."""

    def __init__(self) -> None:
        self.steps = 0
        self.failures: list[str] = []

    def section(self, title: str) -> None:
        """Print a heading."""
        cli.say(f"\n{BOLD}{title}{OFF}")

    def call(
        self, text: str, response: httpx.Response, status: int, /, *fields: str, **expected: object
    ) -> dict[str, Any]:
        """Print a request and its response, and check it. Return the body.

        Args:
            text: the meaning of the step.
            response: the response.
            status: the expected status.
            fields: paths of fields to print, such as `a.b`.
            expected: expected values by path; printed too.
        """
        body: dict[str, Any] = response.json() if response.content else {}
        request = response.request
        shown = [f"{name} = {_short(_field(body, name))}" for name in (*fields, *expected)]
        cli.say(f"  {DIM}{request.method} {request.url.raw_path.decode()}{OFF} -> {response.status_code}")
        cli.say("".join(f"      {line}\n" for line in shown).rstrip() or "      (no fields shown)")
        problems = [f"{response.status_code} instead of {status}"] if response.status_code != status else []
        problems += [
            f"{name} is {_field(body, name)!r} instead of {value!r}"
            for name, value in expected.items()
            if _field(body, name) != value
        ]
        self.check(text, not problems, "; ".join(problems))
        return body

    def check(self, text: str, passed: bool, problem: str = "it is not") -> None:
        """Print the result of a check."""
        self.steps += 1
        if passed:
            cli.say(f"  {GREEN}ok{OFF} {text}")
        else:
            self.failures.append(f"{text}: {problem}")
            cli.say(f"  {RED}FAILED{OFF} {text}: {problem}")


def main() -> int:
    """Run the demo. Return the exit status: 0 if all steps succeeded."""
    folder = Path(tempfile.mkdtemp(prefix="handsel-demo-"))
    environ = {"LOCAL_DIR": str(folder)}
    settings = Settings(port=free_port())
    started = time.monotonic()
    demo = Demo()
    try:
        cli.say("Starting a temporary stack.")
        if cli.up(settings, environ, hints=False):
            return 1
        ready = time.monotonic()
        run(demo, read_stack(folder))
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)
    seconds = f"{time.monotonic() - ready:.0f} s, and {ready - started:.0f} s to start the stack"
    if demo.failures:
        cli.say(f"\n{RED}{len(demo.failures)} of {demo.steps} steps failed{OFF} ({seconds}):", error=True)
        for line in demo.failures:
            cli.say(f"  {line}", error=True)
        return 1
    cli.say(f"\n{GREEN}All {demo.steps} steps succeeded{OFF} ({seconds}).")
    return 0


def run(demo: Demo, stack: Stack) -> None:
    """Run all steps."""
    anyone, alice, bob, carol, dave, mia = (
        Client(stack, name) for name in (None, "alice", "bob", "carol", "dave", "mia")
    )
    start_functions(alice)
    products = stack["products"]

    demo.section("Alice buys three vouchers for an afternoon tea")
    response = alice.post("/orders", {"product_id": products["voucher"], "quantity": 3, "payment": payment()})
    order = demo.call(
        "the order is paid, and she can give all three",
        response,
        201,
        "product.title",
        "payment.total",
        state="paid",
        actions=["gift", "use", "refund"],
    )
    demo.check("three units are available", order["units"]["available"] == 3)

    demo.section("Alice chooses a cover and a blessing, and wraps one voucher")
    response = anyone.get("/wrappings?kind=voucher")
    choices = demo.call("covers and blessings are listed", response, 200, "covers.0.title", "blessings.0.text")
    wrapping = {
        "cover_id": choices["covers"][0]["cover_id"],
        "blessing_id": choices["blessings"][0]["blessing_id"],
    }
    path = f"/orders/{order['order_id']}/gifts"
    response = alice.post(path, {"shares": 1, "wrapping": wrapping})
    gift = demo.call(
        "the gift is created, with a link to send",
        response,
        201,
        "share_url",
        "wrapping.blessing",
        "expires_at",
        state="open",
    )
    gift_path = f"/gifts/{gift['gift_id']}"

    demo.section("Bob opens the link")
    response = anyone.get(f"{gift_path}/preview")
    demo.call(
        "the preview shows the cover and the giver", response, 200, "giver_name", "wrapping.blessing", state="open"
    )
    demo.check(
        "the secret is in the fragment of the link, so no request contains it", gift["secret"] not in response.text
    )
    demo.check("the preview does not show the product", order["product"]["title"] not in response.text)
    response = bob.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    holding = demo.call(
        "he claims the gift and gets a voucher", response, 201, "product.title", "code", "valid_until", state="usable"
    )

    demo.section("Bob shows the code in the store")
    response = mia.post(f"/vouchers/{holding['code']}/redemptions", {})
    redeemed = demo.call("the merchant redeems the voucher", response, 201, "product.title", "redeem_at", "valid_until")
    response = mia.post(f"/vouchers/{holding['code']}/redemptions", {})
    demo.call("it can be redeemed only once", response, 409, "redeemed_at", code="already-redeemed")

    demo.section("It was the wrong voucher: the merchant takes that back")
    undo = f"/vouchers/{holding['code']}/redemptions/{redeemed['redemption_id']}/undo"
    response = mia.post(undo, {"reason": "The wrong voucher"})
    demo.call("the redemption is undone, and stays on record", response, 200, "undone_at", "undo_reason")
    response = bob.get(f"/holdings/{holding['holding_id']}")
    demo.call("Bob can use the voucher again", response, 200, "actions", state="usable", refund_request=None)
    response = mia.post("/redemptions", {"code": holding["code"]})
    demo.call("he does, and the merchant redeems it by the typed code", response, 201, "redeemed_at", undone_at=None)

    demo.section("Carol opens the link too late; Bob repeats his claim")
    response = carol.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    demo.call("a share has one claimer", response, 409, "title", code="already-claimed")
    response = bob.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    demo.call("Bob gets the same holding, not a second one", response, 200, "code", holding_id=holding["holding_id"])

    demo.section("Bob gives a return gift from the same store")
    body = {"product_id": products["voucher"], "payment": payment(), "wrapping": wrapping}
    response = bob.post(f"{gift_path}/return-gifts", body)
    return_gift = demo.call(
        "bought and given in one request",
        response,
        201,
        "order.payment.total",
        "gift.expires_at",
        **{"gift.recipient_id": alice.user_id},
    )
    response = carol.post(f"/gifts/{return_gift['gift']['gift_id']}/claims", {})
    demo.call("only Alice can claim it", response, 403, code="not-the-recipient")
    response = alice.post(f"/gifts/{return_gift['gift']['gift_id']}/claims", {})
    demo.call(
        "Alice needs no secret, because she is the named recipient",
        response,
        201,
        "product.title",
        "code",
        state="usable",
    )

    give_to_group(demo, stack, wrapping)

    demo.section("Dave declines a gift")
    response = alice.post("/orders", {"product_id": products["voucher"], "quantity": 1, "payment": payment()})
    tea = demo.call("Alice buys one more voucher", response, 201, state="paid")
    response = alice.post(
        f"/orders/{tea['order_id']}/gifts", {"shares": 1, "recipient_id": dave.user_id, "wrapping": wrapping}
    )
    named = demo.call("she gives it to Dave by name: no secret and no link", response, 201, "recipient_id", secret=None)
    message = wait_for_message(dave, "gift_received")
    demo.check("Dave gets a message", message is not None and message["gift_id"] == named["gift_id"])
    response = dave.get(f"/gifts/{named['gift_id']}")
    demo.call("Dave sees the product before he claims it", response, 200, "title", "store_name", state="open")
    response = dave.post(f"/gifts/{named['gift_id']}/decline", {})
    demo.call("Dave declines the gift", response, 200, state="declined")
    units = {"available": 1, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
    response = alice.get(f"/orders/{tea['order_id']}")
    demo.call("its unit is back in Alice's order immediately", response, 200, units=units)

    give_parcel(demo, stack)

    demo.section("Some products cannot be given")
    response = alice.post("/orders", {"product_id": products["jewelry"], "quantity": 1, "payment": payment()})
    ring = demo.call("Alice buys a ring", response, 201, "product.title", state="paid")
    response = alice.post(f"/orders/{ring['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    demo.call("jewelry is not giftable", response, 422, "detail", code="not-giftable")

    let_gifts_expire(demo, stack, order, wrapping)
    give_on_birthday(demo, stack, wrapping)
    show_order_center(demo, stack)


def start_functions(client: Client) -> None:
    """Call each function once. On several processors, their cold starts together take less time than one after the other."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(client.get, FUNCTIONS))


def give_to_group(demo: Demo, stack: Stack, wrapping: dict[str, str]) -> None:
    """Give a gift with several shares, and cancel it."""
    alice, bob, carol, mia = (Client(stack, name) for name in ("alice", "bob", "carol", "mia"))
    demo.section("Alice gives three vouchers to a group by one link")
    body = {"product_id": stack["products"]["voucher"], "quantity": 3, "payment": payment()}
    order = demo.call("Alice buys three vouchers", alice.post("/orders", body), 201, state="paid")
    response = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 3, "wrapping": wrapping})
    group = demo.call("she gives them by one link", response, 201, "share_url", shares=3, remaining=3)
    path = f"/gifts/{group['gift_id']}"
    for friend, name in ((bob, "Bob"), (carol, "Carol")):
        response = friend.post(f"{path}/claims", {"secret": group["secret"]})
        voucher = demo.call(f"{name} claims a share", response, 201, "code", state="usable")
    response = bob.post(f"{path}/claims", {"secret": group["secret"]})
    demo.call("Bob cannot claim a second share", response, 200, "code")
    view = demo.call("Alice sees the claims", alice.get(path), 200, remaining=1, state="open")
    demo.check("she sees names, but no codes", [claim["display_name"] for claim in view["claims"]] == ["Bob", "Carol"])
    demo.call("she cancels the gift", alice.post(f"{path}/cancel", {}), 200, state="cancelled")
    units = {"available": 1, "in_gift": 0, "gifted": 2, "used": 0, "refunded": 0}
    demo.call("the unclaimed unit is back in her order", alice.get(f"/orders/{order['order_id']}"), 200, units=units)
    response = carol.post(f"/holdings/{voucher['holding_id']}/refund-requests", {"reason": "unwanted"})
    demo.call("Carol cannot go there: her voucher is refunded, and she sees no price", response, 201, state="refunded")
    demo.call(
        "a refunded voucher cannot be redeemed",
        mia.post("/redemptions", {"code": voucher["code"]}),
        409,
        code="voucher-refunded",
    )
    units = {"available": 1, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 1}
    demo.call("Alice is repaid", alice.get(f"/orders/{order['order_id']}"), 200, units=units)


def give_parcel(demo: Demo, stack: Stack) -> None:
    """Give a parcel, and deliver it."""
    anyone, alice, bob, mia, carl = (Client(stack, name) for name in (None, "alice", "bob", "mia", "carl"))
    demo.section("Alice sends Bob a parcel with a surprise")
    body = {"product_id": stack["products"]["parcel"], "quantity": 1, "payment": payment()}
    order = demo.call("Alice buys a tea set", alice.post("/orders", body), 201, "product.title", state="paid")
    cover = anyone.get("/wrappings?kind=parcel").json()["covers"][0]["cover_id"]
    wrapping = {"cover_id": cover, "message": "For your new kitchen!"}
    response = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    gift = demo.call("she wraps it as a parcel, with a message", response, 201, "share_url", presentation="parcel")
    path = f"/gifts/{gift['gift_id']}"
    response = bob.post(f"{path}/claims", {"secret": gift["secret"]})
    demo.call("a parcel needs an address", response, 422, "title", code="address-required")
    address = {
        "name": "Bob",
        "phone": "+86 571 5550 0100",
        "lines": ["5 Lakeside Road"],
        "city": "Hangzhou",
        "postal_code": "310000",
        "country": "CN",
    }
    response = bob.post(f"{path}/claims", {"secret": gift["secret"], "address": address})
    parcel = demo.call(
        "Bob claims it with an address", response, 201, "store_name", "shipment_id", state="ready_to_ship"
    )
    demo.check("the response does not show the product", order["product"]["title"] not in response.text)

    shipment = f"/shipments/{parcel['shipment_id']}"
    response = mia.get(f"/stores/{parcel['store_id']}/shipments?status=ready_to_ship")
    demo.call("the merchant sees the product and the address", response, 200, "items.0.product.title")
    response = mia.put(shipment, {"tracking_number": "SW-2026-0042"})
    demo.call("the merchant hands it over to the carrier", response, 200, "carrier", tracking_number="SW-2026-0042")
    for event_id, status, place in (
        ("scan-3", "out_for_delivery", "Hangzhou, depot 2"),
        ("scan-1", "picked_up", "Tea House"),
        ("scan-1", "picked_up", "Tea House"),
    ):
        occurred_at = datetime.now(UTC).isoformat()
        event = {"event_id": event_id, "status": status, "location": place, "occurred_at": occurred_at}
        response = carl.post(f"{shipment}/events", event)
    demo.call("late and repeated scans do not change the status back", response, 200, status="out_for_delivery")
    response = bob.get(shipment)
    tracked = demo.call("Bob tracks the parcel", response, 200, "carrier", "tracking_number", status="out_for_delivery")
    demo.check("each scan is listed once", len(tracked["events"]) == 2)
    event = {"event_id": "scan-4", "status": "delivered", "location": "Bob's door"}
    response = carl.post(f"{shipment}/events", {**event, "occurred_at": datetime.now(UTC).isoformat()})
    demo.call("the parcel is delivered", response, 200, status="delivered")
    response = bob.get(f"/holdings/{parcel['holding_id']}")
    demo.call("now Bob sees the product", response, 200, "product.title", state="delivered")
    view = demo.call("Alice sees the delivery", alice.get(path), 200, "claims.0.shipment_status", state="claimed")
    demo.check("but not the address", "Hangzhou" not in str(view))
    response = mia.get(f"/stores/{parcel['store_id']}/shipments")
    demo.check("the merchant does not see the address any more", "Lakeside" not in response.text)


def let_gifts_expire(demo: Demo, stack: Stack, order: dict[str, Any], wrapping: dict[str, str]) -> None:
    """Give two gifts that nobody claims, and advance the clock of the stack to the end of their claim windows."""
    alice, bob, carol = (Client(stack, name) for name in ("alice", "bob", "carol"))
    demo.section("Alice gives another voucher, and nobody claims it")
    response = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    lost = demo.call("the gift is created", response, 201, "created_at", "expires_at", state="open")
    window = datetime.fromisoformat(lost["expires_at"]) - datetime.fromisoformat(lost["created_at"])
    demo.check("its claim window is 24 hours", window == timedelta(hours=24), f"it is {window}")
    path = f"/orders/{order['order_id']}"
    demo.call("one unit is gifted, one is in a gift, one is available", alice.get(path), 200, "units")
    response = alice.post("/orders", {"product_id": stack["products"]["voucher"], "quantity": 1, "payment": payment()})
    silent_order = demo.call("Alice buys one more voucher", response, 201, state="paid")
    body = {"shares": 1, "recipient_id": carol.user_id, "wrapping": wrapping}
    response = alice.post(f"/orders/{silent_order['order_id']}/gifts", body)
    silent = demo.call(
        "she gives it to Carol by name; no later request is about this gift", response, 201, "expires_at", state="open"
    )

    demo.section("The test clock of the stack goes on")
    demo.call("it shows real time", alice.get("/test/clock"), 200, "now", offset_seconds=0)
    now = advance_clock(alice, 20 * 3600)
    cli.say(f"  {DIM}POST /test/clock{OFF}\n      now = {now.isoformat(timespec='seconds')}")
    reminders = list_messages(carol, "gift_reminder")
    text = ", ".join(message["text"] for message in reminders) or "none"
    demo.check(f"20 hours later, Carol has one reminder: {text}", len(reminders) == 1)
    lost_path = f"/gifts/{lost['gift_id']}"
    demo.call("the first gift can still be claimed", alice.get(lost_path), 200, state="open")
    now = advance_clock(alice, 4 * 3600)
    cli.say(f"  {DIM}POST /test/clock{OFF}\n      now = {now.isoformat(timespec='seconds')}")
    demo.call("at the end of the claim window the first gift has expired", alice.get(lost_path), 200, state="returned")
    units = {"available": 2, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 0}
    demo.call("its unit is back in the order", alice.get(path), 200, units=units)
    response = alice.post(f"{path}/use", {"quantity": 2})
    fields = ("holdings.0.code", "holdings.1.code")
    demo.call("she can use both units immediately", response, 201, *fields)
    response = bob.post(f"{lost_path}/claims", {"secret": lost["secret"]})
    demo.call("the link has expired", response, 410, "title", code="expired")

    demo.section("The second gift expired without any request")
    state = read_state(stack, silent)
    demo.check(f"its stored state is {state}", state == "returned")


def give_on_birthday(demo: Demo, stack: Stack, wrapping: dict[str, str]) -> None:
    """Plan a gift for the morning of a birthday; let it be opened, claimed, thanked for and returned in kind."""
    alice, bob = (Client(stack, name) for name in ("alice", "bob"))
    demo.section("Alice plans a gift for the morning of Bob's birthday, in three days")
    response = alice.post("/orders", {"product_id": stack["products"]["voucher"], "quantity": 1, "payment": payment()})
    order = demo.call("she buys a voucher today", response, 201, state="paid")
    now = datetime.fromisoformat(alice.get("/test/clock").json()["now"])
    morning = (now + timedelta(days=3)).replace(hour=8, minute=0, second=0, microsecond=0)
    body = {"shares": 1, "recipient_id": bob.user_id, "wrapping": wrapping, "send_at": morning.isoformat()}
    response = alice.post(f"/orders/{order['order_id']}/gifts", body)
    gift = demo.call("she gives it to Bob, and it will open then", response, 201, "opens_at", state="scheduled")
    path = f"/gifts/{gift['gift_id']}"
    response = bob.get("/gifts?role=received&limit=100")
    received = [each["gift_id"] for each in demo.call("Bob lists his gifts", response, 200)["items"]]
    demo.check("it is not among them", gift["gift_id"] not in received)
    demo.call("he could not claim it", bob.post(f"{path}/claims", {}), 409, "title", code="not-yet")

    demo.section("The morning comes")
    now = advance_clock(alice, int((morning - now).total_seconds()) + 1)
    cli.say(f"  {DIM}POST /test/clock{OFF}\n      now = {now.isoformat(timespec='seconds')}")
    messages = [each for each in list_messages(bob, "gift_received") if each["gift_id"] == gift["gift_id"]]
    text = ", ".join(each["text"] for each in messages) or "none"
    demo.check(f"Bob has one message: {text}", len(messages) == 1)
    demo.call("he opens the gift", bob.post(f"{path}/opened", {}), 204)
    demo.call("Alice sees that", alice.get(path), 200, "opened_at", state="open")
    voucher = demo.call("he claims it", bob.post(f"{path}/claims", {}), 201, "code", state="usable")
    response = bob.get(f"/holdings/{voucher['holding_id']}")
    demo.call("he can thank her, and give something in return", response, 200, "actions")
    response = bob.post(f"{path}/thanks", {"message": "What a lovely morning!"})
    demo.call("he thanks her", response, 201, "message", "at")
    message = wait_for_message(alice, "gift_thanked")
    demo.check(f"Alice has a message: {message['text'] if message else 'none'}", message is not None)
    body = {"product_id": stack["products"]["voucher"], "payment": payment(), "wrapping": wrapping}
    response = bob.post(f"{path}/return-gifts", body)
    returned = demo.call("he gives her a voucher in return", response, 201, "gift.gift_id")["gift"]
    response = alice.get(f"/gifts/{returned['gift_id']}")
    demo.call("she sees what it is for", response, 200, "title", in_return_for=gift["gift_id"])
    for client, name in ((alice, "Alice"), (bob, "Bob")):
        items = demo.call(f"{name} reads what happened", client.get(f"{path}/timeline"), 200)["items"]
        kinds = ["scheduled", "given", "opened", "claimed", "thanked", "return_gift"]
        demo.check(", ".join(kinds), [item["kind"] for item in items] == kinds)


def show_order_center(demo: Demo, stack: Stack) -> None:
    """Read messages, lists and recommendations."""
    alice, bob = Client(stack, "alice"), Client(stack, "bob")
    demo.section("Alice reads her messages and her order center")
    for kind in ("gift_claimed", "gift_declined", "gift_returned"):
        message = wait_for_message(alice, kind)
        text = "none" if message is None else message["text"]
        demo.check(f"a message {kind}: {text}", message is not None)
    newest = alice.get("/messages?limit=1").json()["items"][0]
    response = alice.request("POST", f"/messages/{newest['message_id']}/read")
    demo.call("she marks the latest message as read", response, 200, "text", read=True)
    response = alice.request("PUT", f"/tagged/{stack['products']['other_store']}")
    demo.call("she saves a product, an evening of poetry", response, 204)
    response = alice.get(f"/products/{stack['products']['education']}")
    demo.call("she views a course", response, 200, "title", "not_giftable_reason")
    center = demo.call(
        "the order center has her counters and lists",
        alice.get("/order-center"),
        200,
        "counts",
        "tagged.0.title",
        "viewed.0.title",
    )
    demo.check("no list is empty", all(center[name] for name in ("orders", "payments", "gifts_sent", "holdings")))
    response = wait_until_unchanged(alice)
    demo.call("a conditional request returns 304 if nothing has changed", response, 304)
    response = bob.get("/recommendations")
    demo.call("Bob gets recommendations with reasons", response, 200, "items.0.title", "items.0.reason")
    response = bob.get("/people/alice")
    demo.call("he finds Alice by her handle", response, 200, "display_name", user_id=alice.user_id)
    response = bob.get("/people")
    demo.call("she is among the users with whom he exchanged gifts", response, 200, **{"items.0.handle": "alice"})


def wait_until_unchanged(client: Client) -> httpx.Response:
    """Repeat a conditional request to the order center until it returns 304: recent changes may still be processed."""
    deadline = time.monotonic() + MESSAGE_SECONDS
    while True:
        tag = client.get("/order-center").headers["etag"]
        response = client.request("GET", "/order-center", headers={"if-none-match": tag})
        if response.status_code == 304 or time.monotonic() > deadline:
            return response


def wait_for_message(client: Client, kind: str) -> dict[str, Any] | None:
    """Return the newest message of a kind, or None after MESSAGE_SECONDS."""
    deadline = time.monotonic() + MESSAGE_SECONDS
    while time.monotonic() < deadline:
        if messages := list_messages(client, kind):
            return messages[0]
        time.sleep(0.1)
    return None


def list_messages(client: Client, kind: str) -> list[dict[str, Any]]:
    """Return the messages of a kind, the newest first."""
    items: list[dict[str, Any]] = client.get("/messages?limit=100").json()["items"]
    return [message for message in items if message["kind"] == kind]


def read_state(stack: Stack, gift: dict[str, Any]) -> str:
    """Return the state in the item of a gift, without the API."""
    table = aws.client("dynamodb", stack["aws_endpoint_url"])
    key = {"pk": {"S": f"GIFT#{gift['gift_id']}"}, "sk": {"S": "GIFT"}}
    item = table.get_item(TableName=stack["table_name"], Key=key, ConsistentRead=True)["Item"]
    return str(item["state"]["S"])


def _field(body: object, path: str) -> object:
    for name in path.split("."):
        if isinstance(body, list):
            body = body[int(name)] if int(name) < len(body) else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def _short(value: object) -> str:
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return format_money(Money(**value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
