"""Check every response of every route, in every state, and all logs and events, against what each viewer may see.

A new route other than a GET needs an entry in `BODIES`. `MAY_SEE` defines which viewer may see which fact, independent of the
visibility table in the code.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from handsel.domain.events import TYPES
from handsel.domain.rollout import Cohort, Feature, Rollout
from handsel.store import rollout
from handsel.store.table import Table
from local.client import payment
from tests.canaries.scan import (
    FOUND,
    SKIP,
    VIEWERS,
    Answer,
    Body,
    BuildBody,
    Canary,
    Case,
    Ids,
    Scan,
    Sweep,
    canary,
    is_list,
    routes,
)
from tests.e2e.conftest import Running, run_stack

# yes       must be visible in every state
# own       visible to its owner
# opened    visible after the viewer's parcel was delivered
# unopened  visible until the parcel was delivered
# waiting   visible as long as the gift is open
# words     visible unless the gift has expired, was cancelled or was declined
# link      visible as `words`, if the gift has a link
# link?     may be visible as `words`, if the gift has a link
# may       may be visible, and is visible at least once
# shop      visible only in the catalog, as to every signed-in user
# -         never visible
MAY_SEE = """
fact                       nobody stranger friend recipient claimer giver merchant rival carrier courier owner
envelope                   yes    may      yes    yes       yes     yes   may      may   may     may     -
blessing                   link   link?    link   words     yes     yes   link?    link?  link?   link?   -
voucher's title and store  -      -        -      waiting   yes     yes   may      -     -       -       yes
voucher's product          -      -        -      -         yes     yes   may      -     -       -       yes
voucher's code             -      -        -      -         own     -     may      -     -       -       own
parcel's product           -      -        -      -         opened  yes   may      -     -       -       yes
parcel's store             -      -        -      -         yes     yes   may      -     -       -       yes
claimer's name             -      -        -      -         yes     yes   -        -     -       -       -
asker's name               -      -        -      -         -       may   -        -     -       -       -
thanks                     -      -        -      -         own     yes   -        -     -       -       -
price                      -      -        -      -         -       yes   shop     -     -       -       yes
payment                    -      -        -      -         -       yes   -        -     -       -       yes
status                     -      -        -      -         own     may   yes      -     yes     -       own
logistics                  -      -        -      -         own     -     yes      -     yes     -       own
address                    -      -        -      -         own     -     unopened -     -       -       own
order id                   -      -        -      -         -       yes   -        -     -       -       yes
holding id                 -      -        -      -         own     may   may      -     -       -       own
shipment id                -      -        -      -         own     -     yes      -     yes     -       own
refund request             -      -        -      -         own     -     yes      -     -       -       own
refund request id          -      -        -      -         own     -     yes      -     -       -       own
undo's reason              -      -        -      -         -       -     may      -     -       -       -
secret                     -      -        -      -         -       yes   -        -     -       -       -
giver's id                 -      -        -      may       may     yes   -        -     -       -       yes
second person's id         -      -        -      -         -       yes   -        -     -       -       -
successor's id             -      -        -      -         -       yes   -        -     -       -       -
recipient's id             -      -        -      -         -       yes   -        -     -       -       -
claimer's id               -      -        -      -         -       -     -        -     -       -       -
payment token              -      -        -      -         -       -     -        -     -       -       -
idempotency key            -      -        -      -         -       -     -        -     -       -       -
ID token                   -      -        -      -         -       -     -        -     -       -       -
person's id                -      -        -      -         -       -     -        -     -       -       -
person                     -      -        -      -         -       -     -        -     -       -       -
input                      -      -        -      -         -       -     -        -     -       -       -
listed user                -      -        -      -         -       -     -        -     -       -       -
report                     -      -        -      -         -       -     -        -     -       -       -
"""
# Facts that are visible on certain routes only, and facts that are public on certain routes.
GIFTS = re.compile(r" /(g/|gifts|orders/\{order_id\}/gifts|messages|order-center|me/exports)")
CATALOG = re.compile(
    r" (/tagged|/viewed|/recommendations|/order-center, products|/products/\{product_id\}"
    r"|/stores/\{store_id\}(/products(/\{product_id\}(/stock)?)?)?)$"
)
ONLY_ON: Mapping[str, re.Pattern[str]] = {
    "envelope": GIFTS,
    "blessing": GIFTS,
    "secret": re.compile(r"^POST /orders/\{order_id\}/gifts$"),
    "voucher's code": re.compile(r" /(gifts|holdings|vouchers|orders/\{order_id\}/use|order-center|me/exports)"),
}
# Payers learn the id from the message about a refund, merchants from a refund request.
HOLDING_ID = {"giver": re.compile(r" /(messages|me/exports)"), "merchant": re.compile("/refund-requests")}
PUBLIC = {
    "status": re.compile(r"^GET /(meta/state-machine|openapi\.json)$"),
    "payment token": re.compile(r"^GET /openapi\.json$"),
}
OWN_PROFILE = re.compile(r" /me(/keep)?$")
# The file of an export has the lists of its user, too.
EXPORT = re.compile(r"^GET /me/exports/")
GIFT = "GET /gifts/{gift_id}"
ASK_AGAIN = "POST /gifts/{gift_id}/ask-again"
REDEMPTION = re.compile(r"/redemptions(/\{redemption_id\}/undo)?$")
# A profile is visible to users who know the handle; the list shows users with whom the viewer exchanged gifts.
LOOK_UP = "GET /people/{handle}"
PEOPLE = "GET /people"
SOLD = {"voucher's title and store", "voucher's product", "parcel's product", "parcel's store", "price"}
# Opaque ids grant no access, and operators need them to find resources.
IN_LOGS = {
    "order id", "holding id", "shipment id", "giver's id", "recipient's id", "second person's id", "successor's id",
    "claimer's id", "person's id", "refund request id",
}  # fmt: skip

ECHO = canary("input")
# The reason in the reports of each viewer: in no response but the export of the viewer.
REPORTED = {viewer: canary("report") for viewer in VIEWERS}
# Of the events, those that no policy of the stack allows.
NO_EVENTS = {"gift.extended"}
ADDRESS = {
    "name": ECHO, "phone": "+86 10 5550 0142", "lines": [ECHO], "city": ECHO, "region": ECHO, "postal_code": "100000",
    "country": "CN",
}  # fmt: skip
RETURN_WRAPPING = {"cover_id": "red-classic", "message": ECHO}


# --- request bodies: calls that fail or change nothing ------------------------------------------------------------


def no_body(_case: Case, _viewer: str, _ids: Ids) -> Body:
    return None


def replay_or(route: str, invalid: Callable[[Case], Body]) -> BuildBody:
    """Return the body of the case's step; other viewers send the same body, which they may not. Without step: `invalid`."""

    def body(case: Case, viewer: str, _ids: Ids) -> Body:
        first = next((sent for (sent_route, _), sent in case.sent.items() if sent_route == route), None)
        return case.sent.get((route, viewer)) or first or invalid(case)

    return body


def buy(case: Case, viewer: str, _ids: Ids) -> Body:
    invalid = {"product_id": case.ids["product_id"], "quantity": 50, "payment": payment() | {"method": ECHO}}
    invalid["metadata"] = {"note": ECHO}
    return case.sent.get(("POST /orders", viewer)) or invalid


def claim(case: Case, viewer: str, _ids: Ids) -> Body:
    if earlier := case.sent.get(("POST /gifts/{gift_id}/claims", viewer)):
        return earlier
    if not case.is_open:
        return {"address": ADDRESS} | ({"secret": case.secret} if case.secret else {})
    if viewer == case.recipient:
        return {"secret": 5, "address": ADDRESS | {"unknown": ECHO}}
    return {"secret": ECHO, "address": ADDRESS}


def decline(case: Case, viewer: str, _ids: Ids) -> Body:
    is_possible = case.is_open and (case.opens_at is None or case.opened is not None)
    return SKIP if is_possible and viewer == case.recipient else None


def cancel(case: Case, viewer: str, _ids: Ids) -> Body:
    return SKIP if case.is_open and viewer == case.giver else None


def set_end(case: Case, viewer: str, _ids: Ids) -> Body:
    """Return the end that the gift has, which changes nothing; from others, an unknown second person."""
    return case.at_end if case.is_open and viewer == case.giver else {"then": "give_to", "recipient_id": ECHO}


def ask_again(case: Case, viewer: str, _ids: Ids) -> Body:
    return {"secret": case.secret} if case.secret and viewer in ("friend", *case.claimed) else {"secret": ECHO}


def change_recipient(case: Case, viewer: str, _ids: Ids) -> Body:
    """Name somebody who does not exist, which changes nothing."""
    return {"recipient_id": ECHO}


def change_by_giver(case: Case, viewer: str, _ids: Ids) -> Body:
    """Leave out the giver's own call, which would change the gift."""
    return SKIP if case.is_open and viewer == case.giver else None


def report_gift(case: Case, viewer: str, ids: Ids) -> Body:
    body = ask_again(case, viewer, ids)
    return {"reason": REPORTED[viewer], **body} if isinstance(body, dict) else body


def delete_message(case: Case, viewer: str, _ids: Ids) -> Body:
    return SKIP if viewer == case.recipient else None


THANK = "POST /gifts/{gift_id}/thanks"


def thank(case: Case, viewer: str, _ids: Ids) -> Body:
    """Return the words of the viewer's own step; from others, words that are not accepted."""
    return case.sent.get((THANK, viewer)) or {"message": f"{ECHO}\n"}


def give_in_return(case: Case, viewer: str, _ids: Ids) -> Body:
    invalid = {
        "product_id": OTHER_STORE[0],
        "payment": payment() | {"method": ECHO},
        "wrapping": RETURN_WRAPPING,
    }
    return case.sent.get(("POST /gifts/{gift_id}/return-gifts", viewer)) or invalid


def update_me(_case: Case, _viewer: str, _ids: Ids) -> Body:
    return {"handle": "giver", "unknown": ECHO}


def put_store(_case: Case, _viewer: str, _ids: Ids) -> Body:
    return STORE


def put_product(case: Case, _viewer: str, _ids: Ids) -> Body:
    return case.product or {"title": ECHO, "unknown": ECHO}


def redeem(case: Case, viewer: str, _ids: Ids) -> Body:
    return SKIP if viewer == "merchant" and case.is_usable else None


UNDO = "POST /vouchers/{code}/redemptions/{redemption_id}/undo"


def undo(case: Case, viewer: str, _ids: Ids) -> Body:
    return case.sent.get((UNDO, "merchant")) or (SKIP if viewer == "merchant" and case.ids else {"reason": ECHO})


ASK = "POST /holdings/{holding_id}/refund-requests"
REFUND_REQUEST = "/refund-requests/{refund_request_id}"
DECIDE, SEND_BACK = f"POST {REFUND_REQUEST}/decision", f"PUT {REFUND_REQUEST}/return"
RECEIVE, HOLD, WITHDRAW = (f"POST {REFUND_REQUEST}/{step}" for step in ("received", "not-received", "withdraw"))


def refund_step(step: str, invalid: Body) -> BuildBody:
    """Return the body of a step that only one viewer can make, and that the scenario makes: until then, they skip it."""

    def body(case: Case, viewer: str, _ids: Ids) -> Body:
        mover = "merchant" if step in (DECIDE, RECEIVE, HOLD) else case.requested_by
        if viewer != mover or "refund_request_id" not in case.ids:
            return invalid
        # Withdrawing is possible until the decision, and holding until the goods are received.
        made = {WITHDRAW: (DECIDE, "merchant"), HOLD: (RECEIVE, "merchant")}.get(step, (step, viewer))
        is_over = case.is_refunded or made in case.sent
        return case.sent.get((step, viewer), invalid) if is_over else SKIP

    return body


def hand_over(_case: Case, viewer: str, _ids: Ids) -> Body:
    return {} if viewer == "merchant" else {"carrier": ECHO, "tracking_number": ECHO}


def correct_address(case: Case, viewer: str, _ids: Ids) -> Body:
    # The holder sends the address that the parcel has, which changes nothing.
    sent = case.sent.get(("POST /gifts/{gift_id}/claims", viewer))
    return (isinstance(sent, dict) and sent.get("address")) or ADDRESS | {"phone": ECHO, "country": ECHO}


def report(case: Case, _viewer: str, ids: Ids) -> Body:
    invalid = {"event_id": "event", "status": "lost", "location": ECHO, "occurred_at": "2999-01-01T00:00:00Z"}
    return case.events.get(case.owner_of(ids), invalid)


# Set by the scan, before the first use.
STORE: dict[str, object] = {}
OTHER_STORE: list[str] = []

# A GET sends no body and changes nothing. tests/unit/test_route_checklist.py reports other routes without an entry.
BODIES: Mapping[str, BuildBody] = {route: no_body for route in routes() if route.startswith("GET")} | {
    "POST /messages/{message_id}/read": no_body,
    "DELETE /messages/{message_id}": delete_message,
    "POST /test/clock": lambda *_: {"advance_seconds": 1},
    "POST /orders": buy,
    "POST /orders/{order_id}/use": replay_or(
        "POST /orders/{order_id}/use", lambda _: {"quantity": 50, "address": ADDRESS}
    ),
    "POST /orders/{order_id}/cancel": no_body,
    "POST /orders/{order_id}/refunds": replay_or("POST /orders/{order_id}/refunds", lambda _: {"quantity": 50}),
    "POST /orders/{order_id}/gifts": replay_or(
        "POST /orders/{order_id}/gifts", lambda _: {"shares": 50, "wrapping": RETURN_WRAPPING}
    ),
    "POST /gifts/{gift_id}/claims": claim,
    "POST /gifts/{gift_id}/decline": decline,
    "POST /gifts/{gift_id}/cancel": cancel,
    "PUT /gifts/{gift_id}/at-end": set_end,
    "POST /gifts/{gift_id}/link": change_by_giver,
    "PUT /gifts/{gift_id}/recipient": change_recipient,
    "POST /gifts/{gift_id}/extend": lambda *_: {"seconds": 10**9},
    "POST /gifts/{gift_id}/remind": change_by_giver,
    ASK_AGAIN: ask_again,
    "POST /gifts/{gift_id}/report": report_gift,
    "POST /gifts/{gift_id}/opened": ask_again,
    THANK: thank,
    "POST /gifts/{gift_id}/return-gifts": give_in_return,
    "POST /holdings/{holding_id}/extend": no_body,
    "PUT /tagged/{product_id}": no_body,
    "DELETE /tagged/{product_id}": no_body,
    "PUT /blocked/{user_id}": no_body,
    "DELETE /blocked/{user_id}": no_body,
    "PATCH /me": update_me,
    "DELETE /me": no_body,
    "POST /me/keep": no_body,
    "POST /me/exports": no_body,
    "PUT /stores/{store_id}": put_store,
    "PUT /stores/{store_id}/products/{product_id}": put_product,
    "POST /stores/{store_id}/products/{product_id}/stock": lambda _case, _viewer, _ids: {"add": 0},
    "POST /vouchers/{code}/redemptions": redeem,
    "POST /redemptions": lambda _case, _viewer, _ids: {"code": ECHO},
    UNDO: undo,
    ASK: replay_or(ASK, lambda _: {"reason": ECHO}),
    WITHDRAW: refund_step(WITHDRAW, None),
    DECIDE: refund_step(DECIDE, {"approve": True, "note": ECHO}),
    SEND_BACK: refund_step(SEND_BACK, {"carrier": ECHO, "tracking_number": ECHO}),
    RECEIVE: refund_step(RECEIVE, None),
    HOLD: refund_step(HOLD, None),
    "PUT /shipments/{shipment_id}": hand_over,
    "PUT /shipments/{shipment_id}/address": correct_address,
    "POST /shipments/{shipment_id}/events": report,
}
# Queries of lists and of routes that require one. A list that is not named here is read with a limit of 2.
QUERIES: Mapping[str, Sequence[str]] = {route: ("limit=2",) for route in routes() if is_list(route)} | {
    "GET /wrappings": ("kind=voucher", "kind=parcel"),
    "GET /orders": ("limit=2", "state=to_give&limit=2"),
    "GET /gifts": ("role=sent&limit=2", "role=received&limit=2", "role=sent&state=returned&limit=2"),
    "GET /holdings": ("limit=2", "state=usable&limit=2"),
    "GET /messages": ("limit=2", "limit=100"),
    "GET /order-center": ("",),
}


# --- the scenario -----------------------------------------------------------------------------------------------


def run_scenario(scan: Scan) -> None:
    """Run cases of both kinds of products, in every way of giving, through every state."""
    # First, because it creates the accounts.
    scan.sweep_unknown()
    for viewer in scan.people:  # who may have asked to leave after they asked to stay
        assert scan.request(viewer, "POST /me/keep", case=scan.unknown).status_code == 200
    expiring = start_gifts_that_expire(scan)
    payments(scan)
    for kind in ("voucher", "parcel"):
        own_use(scan, kind)
        by_link(scan, kind)
        to_a_recipient(scan, kind)
        to_a_group(scan, kind)
        gift_that_is_declined(scan, kind)
        gift_with_return_gift(scan, kind)
        refund_request(scan, kind)
        # By now the recipient has claimed a gift: a giver can give three gifts a day to a person who never did.
        scheduled(scan, kind)
    for case in expiring:
        scan.running.advance_to(case.expires_at)
        case.ended = case.over = len(scan.answers)
        if case.secret:  # in the sweep they send a regift request
            for asker in ("friend", *case.claimed):
                scan.plant(scan.name(asker), "asker's name", case)
        scan.sweep(case, "returned")
        if case.second:
            gift_to_the_second_person(scan, case)
    # Parcels that are still in the store are reported to their holders and to the merchant, whose messages the lists show.
    last = max(datetime.fromisoformat(case.expires_at) for case in expiring)
    scan.running.advance_to((last + timedelta(days=7)).isoformat())
    scan.sweep_lists()
    for viewer in scan.people:
        scan.download_export(viewer, lambda: settle(scan.running))


def settle(running: Running) -> None:
    answer = running.aws("lambda").invoke(FunctionName=running.physical("SweepFunction"), Payload=b"{}")
    assert "FunctionError" not in answer


def list_users(scan: Scan) -> None:
    """Roll every feature out to the people of the scenario by name; the lists name two more users, whom nobody may see."""
    others = canary("allowed"), canary("denied")
    for each in others:
        scan.plant(each, "listed user", None)
    people = [person["user_id"] for person in scan.people.values()]
    cohort = Cohort(hundredths=0, allow=(*people, others[0]), deny=others[1:])
    table = Table(scan.running.aws("dynamodb"), scan.running.stack["table_name"])
    rollout.save(table, Rollout(dict.fromkeys(Feature, cohort)))


def gift_to_the_second_person(scan: Scan, case: Case) -> None:
    """Let the second person of an expired gift see and claim the new one."""
    settle(scan.running)
    first = scan.request(case.giver, "GET /gifts/{gift_id}", case=case, ids=case.ids)
    second = scan.pass_on(case, first.json()["successor_gift_id"])
    scan.sweep(second, "open")
    scan.claim(second, "fellow")
    scan.sweep(second, "claimed")


def start_gifts_that_expire(scan: Scan) -> list[Case]:
    """Give gifts that expire at the end: one without claims, one with a claimed share, one with a second person."""
    named = Case("voucher that nobody claims", "voucher", recipient="recipient")
    scan.buy(named)
    scan.give(named)
    group = Case("parcel that one of two claims", "parcel")
    scan.buy(group, 3)
    scan.give(group, 2)
    scan.claim(group, "claimer", last=False)
    passed_on = Case("voucher that is passed on", "voucher", recipient="recipient", second="fellow")
    scan.buy(passed_on, 1)
    scan.give(passed_on)
    scan.sweep(passed_on, "open")
    return [named, group, passed_on]


def scheduled(scan: Scan, kind: str) -> None:
    """Schedule gifts by name and by link, and one that is cancelled before it opens."""
    now = scan.running.as_("alice").get("/test/clock").json()["now"]
    opens_at = (datetime.fromisoformat(now) + timedelta(minutes=30)).isoformat()
    cases = [
        Case(f"{kind}, scheduled by name", kind, recipient="recipient", opens_at=opens_at),
        Case(f"{kind}, scheduled by link", kind, opens_at=opens_at),
        Case(f"{kind}, scheduled and cancelled", kind, recipient="recipient", opens_at=opens_at),
    ]
    for case in cases:
        scan.buy(case)
        scan.give(case)
        scan.sweep(case, "scheduled")
    named, linked, cancelled = cases
    cancelled.ended = cancelled.over = len(scan.answers)
    scan.do("giver", "POST /gifts/{gift_id}/cancel", case=cancelled, ids=cancelled.ids, status=200)
    scan.sweep(cancelled, "cancelled before it opened")
    scan.open(named)
    linked.opened = named.opened
    scan.sweep(named, "open")
    scan.claim(linked, "claimer")
    scan.sweep(linked, "claimed")
    scan.sweep(cancelled, "cancelled, and its time has come")


def payments(scan: Scan) -> None:
    pending = Case("payment unknown", "voucher")
    scan.buy(pending, token="tok_timeout", status=503)
    scan.sweep(pending, "pending")
    declined = Case("payment declined", "parcel")
    scan.buy(declined, token="tok_declined", status=402)
    scan.sweep(declined, "payment declined")
    refunded = Case("refunded", "voucher")
    scan.buy(refunded)
    ids = refunded.ids
    scan.do("giver", "POST /orders/{order_id}/refunds", {"quantity": 2}, case=refunded, ids=ids, status=201)
    scan.sweep(refunded, "refunded")


def own_use(scan: Scan, kind: str) -> None:
    used = Case(f"{kind}, own use", kind, own_use=True)
    scan.buy(used)
    scan.use(used)
    scan.sweep(used, "used")
    if kind == "parcel":
        scan.report(used, "giver", "delivered")
        scan.sweep(used, "delivered")


def by_link(scan: Scan, kind: str) -> None:
    case = Case(f"{kind} by link", kind)
    scan.buy(case)
    if kind == "parcel":
        scan.sweep(case, "paid")
    scan.give(case)
    scan.sweep(case, "open")
    scan.claim(case, "claimer")
    scan.sweep(case, "claimed")
    if kind == "voucher":
        redeem_once(scan, case)
        scan.sweep(case, "redeemed")
        undo_once(scan, case)
        scan.sweep(case, "redemption undone")
    else:
        correct_twice(scan, case)
        scan.report(case, "claimer", "in_transit")
        scan.sweep(case, "in transit")
        scan.report(case, "claimer", "delivery_failed")
        scan.sweep(case, "delivery failed")
        scan.report(case, "claimer", "delivered")
        scan.sweep(case, "delivered")


def refund_request(scan: Scan, kind: str) -> None:
    """Ask for a refund of what was claimed, and send goods back."""
    case = Case(f"{kind} that is sent back", kind)
    scan.buy(case, 1)
    scan.give(case)
    scan.claim(case, "claimer")
    if kind == "parcel":
        scan.report(case, "claimer", "delivered")
    note = scan.plant_new("note", "refund request", case, "claimer")
    ids = {"holding_id": case.holdings["claimer"]["holding_id"]}
    request = scan.do("claimer", ASK, {"reason": "other", "note": note}, case=case, ids=ids, status=201)
    case.requested_by, case.is_usable = "claimer", False
    case.ids["refund_request_id"] = scan.plant(request["refund_request_id"], "refund request id", case, "claimer")
    case.is_refunded = kind == "voucher"
    scan.sweep(case, "refunded" if kind == "voucher" else "refund requested")
    if kind == "voucher":
        return
    decision = {"approve": True, "note": scan.plant_new("decision", "refund request", case, "claimer")}
    scan.do("merchant", DECIDE, decision, case=case, ids=case.ids, status=200)
    scan.sweep(case, "refund approved")
    sent = {name: scan.plant_new(name, "refund request", case, "claimer") for name in ("carrier", "tracking_number")}
    scan.do("claimer", SEND_BACK, sent, case=case, ids=case.ids, status=200)
    scan.sweep(case, "goods sent back")
    scan.do("merchant", RECEIVE, case=case, ids=case.ids, status=200)
    case.is_refunded = True
    scan.sweep(case, "goods received")


def correct_twice(scan: Scan, case: Case) -> None:
    """Correct an address, and back again, so that it is the address of the claim."""
    claimed = case.sent["POST /gifts/{gift_id}/claims", "claimer"]
    assert isinstance(claimed, dict)
    route, ids = "PUT /shipments/{shipment_id}/address", {"shipment_id": case.holdings["claimer"]["shipment_id"]}
    for address in (claimed["address"] | {"city": "Suzhou"}, claimed["address"]):
        scan.do("claimer", route, address, case=case, ids=ids, status=200)


def redeem_once(scan: Scan, case: Case) -> None:
    code = case.holdings["claimer"]["code"]
    done = scan.do("merchant", "POST /vouchers/{code}/redemptions", case=case, ids={"code": code}, status=201)
    case.ids["redemption_id"] = done["redemption_id"]
    case.is_usable = False


def undo_once(scan: Scan, case: Case) -> None:
    """Undo a redemption; the merchant's request that redeemed it is a replay from then on."""
    ids = {"code": case.holdings["claimer"]["code"], "redemption_id": case.ids["redemption_id"]}
    scan.do(
        "merchant", UNDO, {"reason": scan.plant_new("reason", "undo's reason", case)}, case=case, ids=ids, status=200
    )


def to_a_recipient(scan: Scan, kind: str) -> None:
    case = Case(f"{kind} by name", kind, recipient="recipient")
    scan.buy(case)
    scan.give(case)
    scan.sweep(case, "open")
    scan.claim(case, "recipient")
    if kind == "voucher":
        expire(scan.running, case.holdings["recipient"]["holding_id"])
        case.is_usable = False
        scan.sweep(case, "expired")
    else:
        scan.report(case, "recipient", "lost")
        scan.sweep(case, "lost")
        scan.report(case, "recipient", "returned")
        scan.sweep(case, "sent back")


def expire(running: Running, holding_id: str) -> None:
    """Expire a voucher in the table: vouchers are valid for at least a day."""
    running.aws("dynamodb").update_item(
        TableName=running.stack["table_name"],
        Key={"pk": {"S": f"HOLDING#{holding_id}"}, "sk": {"S": "HOLDING"}},
        UpdateExpression="SET valid_until = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


def to_a_group(scan: Scan, kind: str) -> None:
    case = Case(f"{kind} to a group", kind)
    scan.buy(case, 4)
    scan.give(case, 3)
    scan.claim(case, "claimer", last=False)
    scan.sweep(case, "partly claimed")
    words = scan.plant_new("thanks", "thanks", case, "claimer")
    scan.do("claimer", THANK, {"message": words}, case=case, ids=case.ids, status=201)
    scan.claim(case, "fellow", last=False)
    if kind == "parcel":
        scan.report(case, "claimer", "delivered")
        scan.sweep(case, "claimed by two, delivered to one")
    case.ended = case.over = len(scan.answers)
    scan.do("giver", "POST /gifts/{gift_id}/cancel", case=case, ids=case.ids, status=200)
    scan.sweep(case, "cancelled with one share left")


def gift_that_is_declined(scan: Scan, kind: str) -> None:
    case = Case(f"{kind}, declined", kind, recipient="recipient")
    scan.buy(case)
    scan.give(case)
    case.ended = case.over = len(scan.answers)
    scan.do("recipient", "POST /gifts/{gift_id}/decline", case=case, ids=case.ids, status=200)
    scan.sweep(case, "declined")


def gift_with_return_gift(scan: Scan, kind: str) -> None:
    base = Case(f"{kind} with a return gift", kind)
    scan.buy(base)
    scan.give(base)
    scan.claim(base, "claimer")
    returned = scan.give_in_return(base, "claimer")
    if kind == "parcel":
        scan.sweep(base, "return gift given")
    scan.sweep(returned, "open")
    scan.claim(returned, "giver")
    scan.sweep(returned, "claimed")


# --- the checks ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from run_stack(tmp_path_factory.mktemp("watched"), stream=True)


@pytest.fixture(scope="module")
def scan(watched: Running) -> Scan:
    scan = Scan(watched, BODIES, QUERIES)
    scan.plant(ECHO, "input", None)
    for viewer, reason in REPORTED.items():
        scan.plant(reason, "report", None, viewer)
    STORE.update(scan.store)
    OTHER_STORE.append(watched.stack["products"]["other_store"])
    answer = scan.request("merchant", "PUT /stores/{store_id}", STORE, ids={"store_id": "store-tea-house"})
    assert answer.status_code == 200, answer.text
    list_users(scan)
    run_scenario(scan)
    for case in {each.case for each in scan.sweeps}:
        for key in case.keys.values():
            scan.plant(key, "idempotency key", None)
    return scan


HEAD, *ROWS = (line.rsplit(maxsplit=11) for line in MAY_SEE.strip().splitlines())
CELLS = {row[0]: dict(zip(HEAD[1:], row[1:], strict=True)) for row in ROWS}


def cell(planted: Canary, viewer: str, number: int) -> str:
    if planted.case is None:
        return "-"
    role = planted.case.role(viewer, number)
    # Nobody but the giver sees anything of a gift before it opens.
    return "-" if planted.case.is_scheduled_at(number) and role != "giver" else CELLS[planted.fact][role]


def may_see(planted: Canary, viewer: str, number: int) -> bool:
    case = planted.case
    match cell(planted, viewer, number):
        case "yes" | "may":
            return True
        case "own":
            return planted.owner == viewer
        case "opened":
            return case is not None and case.delivered.get(viewer, number + 1) <= number
        case "waiting":
            return case is not None and (case.ended is None or number < case.ended)
        case "words":
            return case is not None and (case.over is None or number < case.over)
        case "link" | "link?":
            return case is not None and case.secret is not None and (case.over is None or number < case.over)
        case "unopened":
            return case is not None and case.delivered.get(planted.owner or "", number + 1) > number
    return False


def exchanged(scan: Scan, viewer: str, number: int) -> set[str]:
    """Return the viewers with whom a viewer had exchanged gifts (with a claimed share) at a response."""
    people = set()
    for case in {each.case for each in scan.canaries if each.case is not None}:
        claimers = {claimer for claimer, claimed in case.claimed.items() if claimed <= number}
        if viewer == case.giver:
            people |= claimers
        elif viewer in claimers:
            people.add(case.giver)
    return people


def asked_again(scan: Scan, person: str | None, answer: Answer) -> bool:
    """Return whether a response to a giver is about a gift that a person asked for again, in any of the calls."""
    return any(
        each.route == ASK_AGAIN
        and (each.viewer, each.status) == (person, 202)
        and each.case is not None
        and each.case.giver == answer.viewer
        and answer.case in (None, each.case)
        for each in scan.answers
    )


def allowed(scan: Scan, planted: Canary, answer: Answer) -> bool:
    if planted.fact in SOLD and CATALOG.search(answer.route):
        return answer.viewer != "nobody"
    if answer.route == LOOK_UP:
        return planted.fact in ("person", "person's id") and planted.owner == FOUND and answer.viewer != "nobody"
    if answer.route == PEOPLE:
        known = exchanged(scan, answer.viewer, answer.number)
        return planted.fact in ("person", "person's id") and planted.owner in known
    if REDEMPTION.search(answer.route) and planted.fact == "person's id" and planted.owner == answer.viewer:
        return True
    if OWN_PROFILE.search(answer.route):
        return planted.fact in ("person", "person's id") and planted.owner == answer.viewer
    if EXPORT.search(answer.route) and planted.fact in ("person", "person's id", "report"):
        return planted.owner == answer.viewer
    if answer.route == GIFT and planted.fact in ("person", "person's id"):
        return asked_again(scan, planted.owner, answer)
    if planted.fact in ONLY_ON and not ONLY_ON[planted.fact].search(answer.route):
        return False
    if planted.fact == "holding id" and planted.case is not None:
        where = HOLDING_ID.get(planted.case.role(answer.viewer, answer.number))
        if where is not None and not where.search(answer.route):
            return False
    return may_see(planted, answer.viewer, answer.number)


def select_for_case(planted: list[Canary], answer: Answer) -> list[Canary]:
    """Return the canaries of one text for the case of a response, and for none: users and stores have a part in many cases."""
    if answer.case is None or len({each.case for each in planted}) == 1:
        return planted
    return [each for each in planted if each.case is None or each.case is answer.case]


def leaks(scan: Scan) -> Iterator[str]:
    """Yield canaries in responses to viewers who may not see them."""
    by_text: dict[str, list[Canary]] = {}
    for each in scan.canaries:
        by_text.setdefault(each.text, []).append(each)
    for answer in scan.answers:
        for text, planted in by_text.items():
            public = PUBLIC.get(planted[0].fact)
            if text not in answer.text or (public and public.search(answer.route)):
                continue
            if not any(allowed(scan, each, answer) for each in select_for_case(planted, answer)):
                yield f"{planted[0].fact}: {answer}"


def missing(scan: Scan, sweep: Sweep) -> Iterator[str]:
    """Yield what a viewer must see of a case and does not see on any route."""
    got = dict.fromkeys(VIEWERS, "")
    for answer in scan.answers[sweep.first : sweep.end]:
        if not CATALOG.search(answer.route):
            got[answer.viewer] += answer.text
    for planted in scan.canaries:
        if planted.case is not sweep.case or planted.planted >= sweep.first:
            continue
        for viewer in VIEWERS:
            must = cell(planted, viewer, sweep.first) not in ("may", "shop", "link?") and may_see(
                planted, viewer, sweep.first
            )
            if must and planted.text not in got[viewer]:
                role = sweep.case.role(viewer, sweep.first)
                yield f"{planted.fact}: {viewer} ({role}), {sweep.case.name} {sweep.state}"


def never_seen(scan: Scan) -> Iterator[str]:
    """Yield the `may` cells of MAY_SEE that no response showed."""
    expected = {(fact, role) for fact, cells in CELLS.items() for role, rule in cells.items() if rule == "may"}
    for answer in scan.answers:
        if answer.case is None or CATALOG.search(answer.route):
            continue
        role = answer.case.role(answer.viewer, answer.number)
        for planted in scan.canaries:
            if (planted.fact, role) in expected and planted.case is answer.case and planted.text in answer.text:
                expected.remove((planted.fact, role))
    yield from (f"{fact}: {role}" for fact, role in sorted(expected))


def summary(found: Iterator[str]) -> list[str]:
    """Return the first 60 different findings."""
    return list(dict.fromkeys(found))[:60]


def test_no_response_shows_more_than_the_viewer_may_see(
    scan: Scan, record_property: Callable[[str, object], None]
) -> None:
    assert summary(leaks(scan)) == []
    seen = {(answer.viewer, answer.route, answer.state) for answer in scan.answers}
    size = sum(len(answer.text) for answer in scan.answers)
    record_property(
        "figures",
        f"canaries: {len(scan.answers)} answers of {size} bytes, {len(seen)} of viewer, route and state, "
        f"{len(scan.sweeps)} sweeps, {len({each.text for each in scan.canaries})} canaries",
    )


def test_each_viewer_sees_everything_that_they_must_see(scan: Scan) -> None:
    assert summary(line for sweep in scan.sweeps for line in missing(scan, sweep)) == []
    assert list(never_seen(scan)) == []
    for viewer, person in scan.people.items():
        own = [answer.text for answer in scan.answers if answer.viewer == viewer and OWN_PROFILE.search(answer.route)]
        assert any(person["handle"] in text for text in own)
        *_, last = (answer for answer in scan.answers if answer.viewer == viewer and answer.route == PEOPLE)
        listed = {name for name, other in scan.people.items() if other["user_id"] in last.text}
        assert listed == exchanged(scan, viewer, last.number)
    assert all(exchanged(scan, viewer, len(scan.answers)) for viewer in ("giver", "claimer", "fellow", "recipient"))
    assert any(scan.people[FOUND]["user_id"] in each.text for each in scan.answers if each.route == LOOK_UP)


def test_every_viewer_called_every_route(scan: Scan) -> None:
    called = {(answer.viewer, answer.route) for answer in scan.answers}
    assert called >= {(viewer, route) for viewer in VIEWERS for route in BODIES}


def test_there_are_no_server_errors_and_no_access_without_a_token(scan: Scan) -> None:
    declared = routes()
    broken = (answer for answer in scan.answers if answer.status >= 500 and "payment-unknown" not in answer.text)
    assert summary(map(str, broken)) == []
    for answer in scan.answers:
        if answer.viewer == "nobody":
            assert (answer.status == 401) is declared[answer.route].requires_token, answer


def test_no_function_logs_personal_data_or_request_bodies(
    scan: Scan, record_property: Callable[[str, object], None]
) -> None:
    lines = list(scan.running.log_lines())
    texts = {each.text: each.fact for each in scan.canaries if each.fact not in IN_LOGS}
    text = "\n".join(lines)
    assert [(fact, canary) for canary, fact in texts.items() if canary in text] == []
    # The engine can lose lines on a busy machine, but there are lines of every route.
    handled = [line for line in lines if '"request handled"' in line]
    assert len(handled) > len(scan.answers) / 2
    assert [route for route in BODIES if f'"route":"{route}"' not in text] == []
    assert '"restored"' in text
    assert '"swept"' in text
    assert '"projected"' in text
    record_property("figures", f"canaries: {len(lines)} log lines of {len(text)} bytes")


def test_no_event_contains_data_that_subscribers_may_not_see(
    scan: Scan, record_property: Callable[[str, object], None]
) -> None:
    events = [message["detail"] for message in scan.running.received("SubscriberQueueUrl")]
    assert {event["type"] for event in events} == set(TYPES) - NO_EVENTS
    facts: dict[str, set[str]] = {}
    for each in scan.canaries:
        facts.setdefault(each.text, set()).add(each.fact)
    hidden = [text for text, kinds in facts.items() if not kinds & (IN_LOGS | {"status"})]
    # Only these events have what was sold; the first one also has the price, and the data of the caller who bought it.
    for parcel in (event["data"] for event in events if event["type"] == "shipment.created"):
        assert {parcel.pop("product_id"), parcel.pop("store_id")} <= facts.keys()
    sold = [event["data"] for event in events if event["type"] == "order.paid"]
    notes = {data["metadata"]["note"] for data in sold if data["metadata"]}
    assert notes
    assert notes <= facts.keys()
    for data in sold:
        for name in ("store_id", "product_id", "total", "metadata"):
            del data[name]
    text = json.dumps(events)
    assert [(facts[each], each) for each in hidden if each in text] == []
    # Events about a gift do not contain its claimers, and events about a claimer do not contain the gift.
    cases = {each.case for each in scan.sweeps if "gift_id" in each.case.ids}
    for case in cases:
        related = json.dumps([event for event in events if event["correlation_id"] == case.ids["order_id"]])
        assert case.ids["gift_id"] in related
        for claimer in set(case.claimed) - {case.giver, case.recipient}:
            assert scan.people[claimer]["user_id"] not in related, case.name
    record_property("figures", f"canaries: {len(events)} events of {len(text)} bytes")
