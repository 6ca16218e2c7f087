"""The whole story over real HTTP, on a stack of its own with a claim window of a few seconds.

Says what every step asked and what it was answered, and fails when an answer is not what it should be.
"""

import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from local import aws, cli
from local.client import Client, Stack, payment, read_stack
from local.engine import free_port
from local.settings import Settings

WINDOW = 10
# From the deadline: the time to live, the stream, the function, and a cold start of it.
SETTLED_SECONDS = 20.0
# From a write to the message about it: the stream, the function, and a cold start of it.
TOLD_SECONDS = 10.0

_COLOR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
BOLD, DIM, GREEN, RED, OFF = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if _COLOR else ("",) * 5


class Story:
    """Shows the steps and counts those that went wrong."""

    def __init__(self) -> None:
        self.steps = 0
        self.wrong: list[str] = []

    def chapter(self, title: str) -> None:
        cli.say(f"\n{BOLD}{title}{OFF}")

    def call(
        self, text: str, response: httpx.Response, status: int, /, *fields: str, **expected: object
    ) -> dict[str, Any]:
        """Show one call with the fields that matter; `a.b` goes into an object. Answer the body."""
        body: dict[str, Any] = response.json() if response.content else {}
        request = response.request
        shown = [f"{name} = {_short(_field(body, name))}" for name in (*fields, *expected)]
        cli.say(f"  {DIM}{request.method} {request.url.raw_path.decode()}{OFF} -> {response.status_code}")
        cli.say("".join(f"      {line}\n" for line in shown).rstrip() or "      (nothing else matters)")
        problems = [f"{response.status_code} instead of {status}"] if response.status_code != status else []
        problems += [
            f"{name} is {_field(body, name)!r} instead of {value!r}"
            for name, value in expected.items()
            if _field(body, name) != value
        ]
        self.check(text, not problems, "; ".join(problems))
        return body

    def check(self, text: str, right: bool, problem: str = "it is not") -> None:
        self.steps += 1
        if right:
            cli.say(f"  {GREEN}ok{OFF} {text}")
        else:
            self.wrong.append(f"{text}: {problem}")
            cli.say(f"  {RED}WRONG{OFF} {text}: {problem}")


def main() -> int:
    """Answer 0 when every step was as it should be."""
    folder = Path(tempfile.mkdtemp(prefix="handsel-demo-"))
    environ = {"LOCAL_DIR": str(folder)}
    settings = Settings(port=free_port(), claim_window_seconds=WINDOW)
    started = time.monotonic()
    story = Story()
    try:
        cli.say(f"A stack of its own for the story, with {WINDOW} s to claim a gift.")
        if cli.up(settings, environ, hints=False):
            return 1
        tell(story, read_stack(folder))
    finally:
        cli.down(environ)
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - started
    if story.wrong:
        cli.say(f"\n{RED}{len(story.wrong)} of {story.steps} steps went wrong{OFF} ({seconds:.0f} s):", error=True)
        for line in story.wrong:
            cli.say(f"  {line}", error=True)
        return 1
    cli.say(f"\n{GREEN}All {story.steps} steps were as they should be{OFF} ({seconds:.0f} s).")
    return 0


def tell(story: Story, stack: Stack) -> None:
    anyone, alice, bob, carol, dave, mia = (
        Client(stack, name) for name in (None, "alice", "bob", "carol", "dave", "mia")
    )
    products = stack["products"]

    story.chapter("Alice buys three vouchers for an afternoon tea")
    response = alice.post("/orders", {"product_id": products["voucher"], "quantity": 3, "payment": payment()})
    order = story.call(
        "paid, and all three are hers to give",
        response,
        201,
        "product.title",
        "payment.total",
        state="paid",
        actions=["gift", "use", "refund"],
    )
    story.check("three units are available", order["units"]["available"] == 3)

    story.chapter("She looks at the covers and blessings, and wraps one")
    response = anyone.get("/wrappings?kind=voucher")
    choices = story.call("there is something to choose from", response, 200, "covers.0.title", "blessings.0.text")
    wrapping = {
        "cover_id": choices["covers"][0]["cover_id"],
        "blessing_id": choices["blessings"][0]["blessing_id"],
    }
    path = f"/orders/{order['order_id']}/gifts"
    response = alice.post(path, {"shares": 1, "wrapping": wrapping})
    gift = story.call(
        "wrapped, with a link to send", response, 201, "share_url", "wrapping.blessing", "expires_at", state="open"
    )
    gift_path = f"/gifts/{gift['gift_id']}"

    story.chapter("Bob opens the link")
    response = anyone.get(f"{gift_path}/preview")
    story.call(
        "the preview shows the cover and from whom", response, 200, "giver_name", "wrapping.blessing", state="open"
    )
    story.check("the secret stays in the link's fragment: no request carries it", gift["secret"] not in response.text)
    story.check("the preview does not say what is inside", order["product"]["title"] not in response.text)
    response = bob.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    holding = story.call(
        "he takes the gift, and it is his", response, 201, "product.title", "code", "valid_until", state="usable"
    )

    story.chapter("He shows the code in the store")
    response = mia.post(f"/vouchers/{holding['code']}/redemptions", {})
    story.call("its merchant redeems it", response, 201, "product.title", "redeem_at", "valid_until")
    response = mia.post(f"/vouchers/{holding['code']}/redemptions", {})
    story.call("once", response, 409, "redeemed_at", code="already-redeemed")

    story.chapter("Carol has the link too, but is late; Bob presses the button twice")
    response = carol.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    story.call("one share, one claimer", response, 409, "title", code="already-claimed")
    response = bob.post(f"{gift_path}/claims", {"secret": gift["secret"]})
    story.call("the same holding, not a second one", response, 200, "code", holding_id=holding["holding_id"])

    story.chapter("Bob gives something back, from the same store")
    body = {"product_id": products["voucher"], "payment": payment(), "wrapping": wrapping}
    response = bob.post(f"{gift_path}/return-gifts", body)
    back = story.call(
        "bought and given in one go",
        response,
        201,
        "order.payment.total",
        "gift.expires_at",
        **{"gift.recipient_id": alice.user_id},
    )
    response = carol.post(f"/gifts/{back['gift']['gift_id']}/claims", {})
    story.call("it is for Alice alone", response, 403, code="not-the-recipient")
    response = alice.post(f"/gifts/{back['gift']['gift_id']}/claims", {})
    story.call("she needs no secret: it is addressed to her", response, 201, "product.title", "code", state="usable")

    tell_of_a_group(story, stack, wrapping)

    story.chapter("A gift for Dave, who would rather not")
    response = alice.post("/orders", {"product_id": products["voucher"], "quantity": 1, "payment": payment()})
    tea = story.call("one more tea is bought", response, 201, state="paid")
    response = alice.post(
        f"/orders/{tea['order_id']}/gifts", {"shares": 1, "recipient_id": dave.user_id, "wrapping": wrapping}
    )
    named = story.call("and addressed to him: no secret, no link needed", response, 201, "recipient_id", secret=None)
    told = wait_for_message(dave, "gift_received")
    story.check("he is told by a private message", told is not None and told["gift_id"] == named["gift_id"])
    response = dave.get(f"/gifts/{named['gift_id']}")
    story.call("he sees what it is before he opens it", response, 200, "title", "store_name", state="open")
    response = dave.post(f"/gifts/{named['gift_id']}/decline", {})
    story.call("he declines", response, 200, state="declined")
    units = {"available": 1, "in_gift": 0, "gifted": 0, "used": 0, "refunded": 0}
    response = alice.get(f"/orders/{tea['order_id']}")
    story.call("and it is back in Alice's order at once", response, 200, units=units)

    tell_of_a_parcel(story, stack)

    story.chapter("Not everything may be given")
    response = alice.post("/orders", {"product_id": products["jewelry"], "quantity": 1, "payment": payment()})
    ring = story.call("a ring can be bought", response, 201, "product.title", state="paid")
    response = alice.post(f"/orders/{ring['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    story.call("but jewelry is not giftable", response, 422, "detail", code="not-giftable")

    story.chapter("Alice gives another tea, and nobody claims it")
    response = alice.post(path, {"shares": 1, "wrapping": wrapping})
    lost = story.call("wrapped", response, 201, "expires_at", state="open")
    story.call("one is given, one wrapped, one left", alice.get(f"/orders/{order['order_id']}"), 200, "units")
    response = alice.post("/orders", {"product_id": products["voucher"], "quantity": 1, "payment": payment()})
    silent_order = story.call("she buys one more", response, 201, state="paid")
    response = alice.post(f"/orders/{silent_order['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    silent = story.call("and wraps it, for nobody to ask about again", response, 201, "expires_at", state="open")
    cli.say(f"  {DIM}... waiting for the deadline, {WINDOW} s after giving ...{OFF}")
    sleep_until(lost["expires_at"])
    lost_path = f"/gifts/{lost['gift_id']}"
    story.call("from the deadline on it is returned", alice.get(lost_path), 200, state="returned")
    response = alice.get(f"/orders/{order['order_id']}")
    units = {"available": 2, "in_gift": 0, "gifted": 1, "used": 0, "refunded": 0}
    story.call("and its unit is back in the order", response, 200, units=units)
    response = alice.post(f"/orders/{order['order_id']}/use", {"quantity": 2})
    fields = ("holdings.0.code", "holdings.1.code")
    story.call("she uses both at once, whatever is written by now", response, 201, *fields)
    response = bob.post(f"{lost_path}/claims", {"secret": lost["secret"]})
    story.call("the old link is dead", response, 410, "title", code="expired")

    story.chapter("The gift nobody asked about goes back as well")
    cli.say(f"  {DIM}... watching the table itself ...{OFF}")
    late = wait_until_settled(stack, silent, SETTLED_SECONDS)
    problem = f"not {SETTLED_SECONDS:.0f} s after the deadline"
    done = "" if late is None else f", at most {late:.1f} s after the deadline"
    story.check(f"the table says returned{done}", late is not None, problem)

    tell_of_the_order_center(story, stack)


def tell_of_a_group(story: Story, stack: Stack, wrapping: dict[str, str]) -> None:
    alice, bob, carol = (Client(stack, name) for name in ("alice", "bob", "carol"))
    story.chapter("Alice gives three teas to a group, one for each who is quick")
    body = {"product_id": stack["products"]["voucher"], "quantity": 3, "payment": payment()}
    order = story.call("three are bought", alice.post("/orders", body), 201, state="paid")
    response = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 3, "wrapping": wrapping})
    group = story.call("and given with one link", response, 201, "share_url", shares=3, remaining=3)
    path = f"/gifts/{group['gift_id']}"
    for friend, name in ((bob, "Bob"), (carol, "Carol")):
        response = friend.post(f"{path}/claims", {"secret": group["secret"]})
        story.call(f"{name} takes a share", response, 201, "code", state="usable")
    response = bob.post(f"{path}/claims", {"secret": group["secret"]})
    story.call("Bob cannot take a second one", response, 200, "code")
    view = story.call("Alice sees who has one", alice.get(path), 200, remaining=1, state="open")
    story.check("by name, and no codes", [claim["display_name"] for claim in view["claims"]] == ["Bob", "Carol"])
    story.call("she takes the last one back", alice.post(f"{path}/cancel", {}), 200, state="cancelled")
    units = {"available": 1, "in_gift": 0, "gifted": 2, "used": 0, "refunded": 0}
    story.call("it is hers again", alice.get(f"/orders/{order['order_id']}"), 200, units=units)


def tell_of_a_parcel(story: Story, stack: Stack) -> None:
    anyone, alice, bob, mia, carl = (Client(stack, name) for name in (None, "alice", "bob", "mia", "carl"))
    story.chapter("Alice sends Bob a parcel, and what is in it is a surprise")
    body = {"product_id": stack["products"]["parcel"], "quantity": 1, "payment": payment()}
    order = story.call("bought", alice.post("/orders", body), 201, "product.title", state="paid")
    cover = anyone.get("/wrappings?kind=parcel").json()["covers"][0]["cover_id"]
    wrapping = {"cover_id": cover, "message": "For your new kitchen!"}
    response = alice.post(f"/orders/{order['order_id']}/gifts", {"shares": 1, "wrapping": wrapping})
    gift = story.call("wrapped as a parcel, with her own words", response, 201, "share_url", presentation="parcel")
    path = f"/gifts/{gift['gift_id']}"
    response = bob.post(f"{path}/claims", {"secret": gift["secret"]})
    story.call("a parcel needs to know where to go", response, 422, "title", code="address-required")
    address = {
        "name": "Bob",
        "phone": "+86 571 5550 0100",
        "lines": ["5 Lakeside Lane"],
        "city": "Hangzhou",
        "postal_code": "310000",
        "country": "CN",
    }
    response = bob.post(f"{path}/claims", {"secret": gift["secret"], "address": address})
    parcel = story.call("he says where", response, 201, "store_name", "shipment_id", state="ready_to_ship")
    story.check("and does not learn what it is", order["product"]["title"] not in response.text)

    shipment = f"/shipments/{parcel['shipment_id']}"
    response = mia.get(f"/stores/{parcel['store_id']}/shipments?status=ready_to_ship")
    story.call("the merchant sees what to ship, and where to", response, 200, "items.0.product.title")
    response = mia.put(shipment, {"tracking_number": "SW-2026-0042"})
    story.call("and hands it to the carrier", response, 200, "carrier", tracking_number="SW-2026-0042")
    for event_id, status, place in (
        ("scan-3", "out_for_delivery", "Hangzhou, depot 2"),
        ("scan-1", "picked_up", "Tea House"),
        ("scan-1", "picked_up", "Tea House"),
    ):
        occurred_at = datetime.now(UTC).isoformat()
        event = {"event_id": event_id, "status": status, "location": place, "occurred_at": occurred_at}
        response = carl.post(f"{shipment}/events", event)
    story.call("late and repeated scans do not move it back", response, 200, status="out_for_delivery")
    response = bob.get(shipment)
    followed = story.call("Bob follows it", response, 200, "carrier", "tracking_number", status="out_for_delivery")
    story.check("each scan is there once", len(followed["events"]) == 2)
    event = {"event_id": "scan-4", "status": "delivered", "location": "Bob's door"}
    response = carl.post(f"{shipment}/events", {**event, "occurred_at": datetime.now(UTC).isoformat()})
    story.call("it is delivered", response, 200, status="delivered")
    response = bob.get(f"/holdings/{parcel['holding_id']}")
    story.call("now he sees what it is", response, 200, "product.title", state="delivered")
    view = story.call("Alice sees that it arrived", alice.get(path), 200, "claims.0.shipment_status", state="claimed")
    story.check("and not where he lives", "Hangzhou" not in str(view))
    response = mia.get(f"/stores/{parcel['store_id']}/shipments")
    story.check("nor does the merchant any longer", "Lakeside" not in response.text)


def tell_of_the_order_center(story: Story, stack: Stack) -> None:
    alice, bob = Client(stack, "alice"), Client(stack, "bob")
    story.chapter("Alice looks at what happened, all in one place")
    for kind, said in {"gift_claimed": "opened", "gift_declined": "not wanted", "gift_returned": "back"}.items():
        message = wait_for_message(alice, kind)
        text = "nothing" if message is None else message["text"]
        story.check(f"she was told what was {said}: {text}", message is not None)
    newest = alice.get("/messages?limit=1").json()["items"][0]
    response = alice.request("POST", f"/messages/{newest['message_id']}/read")
    story.call("she reads the latest", response, 200, "text", read=True)
    response = alice.request("PUT", f"/tagged/{stack['products']['other_store']}")
    story.call("she tags an evening of poetry, for another time", response, 204)
    response = alice.get(f"/products/{stack['products']['education']}")
    story.call("and looks at a course", response, 200, "title", "not_giftable_reason")
    center = story.call(
        "her order center", alice.get("/order-center"), 200, "counts", "tagged.0.title", "viewed.0.title"
    )
    story.check("has all her lists", all(center[name] for name in ("orders", "payments", "gifts_sent", "holdings")))
    response = wait_until_unchanged(alice)
    story.call("asked again, it only says that nothing is new", response, 304)
    response = bob.get("/recommendations")
    story.call("what Bob may like, and why", response, 200, "items.0.title", "items.0.reason")
    response = bob.get("/people/alice")
    story.call("whom he finds by her handle", response, 200, "display_name", user_id=alice.user_id)
    response = bob.get("/people")
    story.call("and among those he exchanged gifts with", response, 200, **{"items.0.handle": "alice"})


def wait_until_unchanged(client: Client) -> httpx.Response:
    """The order center, asked again with its tag; what was done a moment ago may still be on its way into it."""
    deadline = time.monotonic() + TOLD_SECONDS
    while True:
        tag = client.get("/order-center").headers["etag"]
        response = client.request("GET", "/order-center", headers={"if-none-match": tag})
        if response.status_code == 304 or time.monotonic() > deadline:
            return response


def wait_for_message(client: Client, kind: str) -> dict[str, Any] | None:
    """The newest message of a kind; they follow what happened within seconds."""
    deadline = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < deadline:
        for message in client.get("/messages?limit=100").json()["items"]:
            if message["kind"] == kind:
                found: dict[str, Any] = message
                return found
        time.sleep(0.1)
    return None


def sleep_until(timestamp: str) -> None:
    """Until just after a time the API named; the stack runs on this machine's clock."""
    time.sleep(max(0.0, datetime.fromisoformat(timestamp).timestamp() - time.time()) + 0.01)


def wait_until_settled(stack: Stack, gift: dict[str, Any], seconds: float) -> float | None:
    """Watch the gift's item, without a call of the API, until `seconds` after its deadline; answer how late it was."""
    table = aws.client("dynamodb", stack["aws_endpoint_url"])
    key = {"pk": {"S": f"GIFT#{gift['gift_id']}"}, "sk": {"S": "GIFT"}}
    deadline = datetime.fromisoformat(gift["expires_at"]).timestamp()
    while (late := time.time() - deadline) < seconds:
        item = table.get_item(TableName=stack["table_name"], Key=key, ConsistentRead=True)["Item"]
        if item["state"]["S"] == "returned":
            return late
        time.sleep(0.1)
    return None


def _field(body: object, path: str) -> object:
    for name in path.split("."):
        if isinstance(body, list):
            body = body[int(name)] if int(name) < len(body) else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def _short(value: object) -> str:
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['amount'] / 100:.2f} {value['currency']}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
