"""The authorization matrix: every route of the published document, for every role, in every state of its resource.

`RULES` is the matrix. A cell is a route, a role and a world; `expected` derives its outcome. Of the rows of a route, the
first that names the role applies. The outcome of a row is `word status code; ...`: the first entry applies whose word is
among the words of the world, or that has no word.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Protocol
from urllib.parse import urlencode

from local.seed import MIA_STORE
from testkit import bodies, contract

RULES = """
GET /health                                    | anyone    | 200
GET /openapi.json                              | anyone    | 200
GET /meta/state-machine                        | anyone    | 200
GET /meta/policy                               | anyone    | 200
GET /wrappings                                 | anyone    | 200
GET /covers/{file}                             | anyone    | 200
GET /                                          | anyone    | 200
GET /g/{gift_id}                               | anyone    | 200
GET /assets/{version}/{asset}                   | anyone    | 200
GET /problems/{problem_code}                    | anyone    | 200
GET /gifts/{gift_id}/preview                   | anyone    | 200
GET /test/clock                                | user      | 200
POST /test/clock                               | user      | 200
GET /me                                        | user      | 200
PATCH /me                                      | user      | 200
DELETE /me                                     | user      | 202
POST /me/keep                                  | user      | 200
POST /me/exports                               | user      | 202
GET /me/exports/{export_id}                    | user      | 404 not-found
GET /meta/features                             | user      | 200
GET /people                                    | user      | 200
GET /people/{handle}                           | user      | 200
GET /blocked                                   | user      | 200
PUT /blocked/{user_id}                         | user      | 204
DELETE /blocked/{user_id}                      | user      | 204
GET /messages                                  | user      | 200
POST /messages/{message_id}/read               | reader    | 200
                                               | user      | 404 not-found
DELETE /messages/{message_id}                  | reader    | 204
                                               | user      | 404 not-found
GET /order-center                              | user      | 200
GET /tagged                                    | user      | 200
GET /viewed                                    | user      | 200
GET /recommendations                           | user      | 200
PUT /tagged/{product_id}                       | user      | 204
DELETE /tagged/{product_id}                    | user      | 204
GET /products/{product_id}                     | user      | 200
GET /stores/{store_id}/products                | user      | 200
GET /stores/{store_id}                         | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
PUT /stores/{store_id}                         | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
PUT /stores/{store_id}/products/{product_id}   | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /stores/{store_id}/products/{product_id}/stock | store | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
GET /stores/{store_id}/shipments               | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /vouchers/{code}/redemptions              | store     | usable 201; used-up
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /redemptions                              | store     | usable 201; used-up
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /vouchers/{code}/redemptions/{redemption_id}/undo | store | redeemed 200; 404 not-found
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /orders                                   | user      | 201
GET /orders                                    | user      | 200
GET /payments                                  | user      | 200
GET /orders/{order_id}                         | buyer     | 200
                                               | user      | 404 not-found
GET /orders/{order_id}/gifts                   | buyer     | 200
                                               | user      | 404 not-found
POST /orders/{order_id}/gifts                  | buyer     | over 422 not-giftable; available 201; 409 units-not-available
                                               | user      | 404 not-found
POST /orders/{order_id}/use                    | buyer     | available 201; 409 units-not-available
                                               | user      | 404 not-found
POST /orders/{order_id}/refunds                | buyer     | available 201; 409 units-not-available
                                               | user      | 404 not-found
POST /orders/{order_id}/cancel                 | buyer     | pending 200; 409 not-cancellable
                                               | user      | 404 not-found
GET /gifts                                     | user      | 200
GET /gifts/{gift_id}                           | user      | 200
POST /gifts/{gift_id}/claims                   | claimers  | 200
                                               | giver     | 403 own-gift
                                               | openers   | open 201; scheduled 409 not-yet; ends
                                               | user      | named 403 not-the-recipient; link 403 wrong-secret
POST /gifts/{gift_id}/decline                  | recipient | open 200; scheduled 409 not-yet; declined 200; ends
                                               | user      | 403 not-the-recipient
PUT /gifts/{gift_id}/at-end                    | giver     | open 200; scheduled 200; ends
                                               | user      | 404 not-found
POST /gifts/{gift_id}/link                     | giver     | ends; named 409 already-named; 200
                                               | user      | 404 not-found
PUT /gifts/{gift_id}/recipient                 | giver     | ends; named 200; 422 invalid-request
                                               | user      | 404 not-found
POST /gifts/{gift_id}/extend                   | giver     | ends; extendable 200; 409 not-extendable
                                               | user      | 404 not-found
POST /gifts/{gift_id}/remind                   | giver     | ends; link 409 not-named; scheduled 409 not-yet; 202
                                               | user      | 404 not-found
POST /gifts/{gift_id}/cancel                   | giver     | open 200; scheduled 200; cancelled 200; ends
                                               | user      | 404 not-found
POST /gifts/{gift_id}/return-gifts             | claimers  | answered 409 already-returned; 201
                                               | user      | 403 not-claimed
POST /gifts/{gift_id}/opened                   | claimers  | 204
                                               | giver     | 403 own-gift
                                               | openers   | open 204; scheduled 409 not-yet; ends
                                               | user      | named 403 not-the-recipient; link 403 wrong-secret
POST /gifts/{gift_id}/thanks                   | claimers  | 201
                                               | user      | 403 not-claimed
GET /gifts/{gift_id}/timeline                  | giver     | 200
                                               | claimers  | 200
                                               | user      | 404 not-found
POST /gifts/{gift_id}/report                   | claimers  | 202
                                               | giver     | 403 own-gift
                                               | openers   | 202
                                               | user      | named 403 not-the-recipient; link 403 wrong-secret
POST /gifts/{gift_id}/ask-again                | giver     | 403 own-gift
                                               | claimers  | open 409 still-open; 409 already-claimed
                                               | openers   | open 409 still-open; scheduled 409 not-yet; returned 202; ends
                                               | user      | named 403 not-the-recipient; link 403 wrong-secret
GET /holdings                                  | user      | 200
GET /holdings/{holding_id}                     | holder    | 200
                                               | user      | 404 not-found
GET /holdings/{holding_id}/qr                  | holder    | parcel 404 not-found; 200
                                               | user      | 404 not-found
POST /holdings/{holding_id}/refund-requests    | holder    | not-refundable; 201
                                               | user      | 404 not-found
GET /refund-requests                           | user      | 200
GET /refund-requests/{refund_request_id}       | holder    | 200
                                               | store     | 200
                                               | user      | 404 not-found
POST /refund-requests/{refund_request_id}/withdraw | holder | requested 200; 409 already-decided
                                               | user      | 404 not-found
PUT /refund-requests/{refund_request_id}/return | holder   | approved 200; returning 200; 409 no-return-expected
                                               | user      | 404 not-found
GET /stores/{store_id}/refund-requests         | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /refund-requests/{refund_request_id}/decision | store | rejected 409 already-decided; 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /refund-requests/{refund_request_id}/received | store | returning 200; 409 no-return-expected
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /refund-requests/{refund_request_id}/not-received | store | returning 200; 409 no-return-expected
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /holdings/{holding_id}/extend             | holder    | extendable 200; 409 not-extendable
                                               | user      | 404 not-found
GET /shipments/{shipment_id}                   | holder    | 200
                                               | user      | 404 not-found
PUT /shipments/{shipment_id}/address           | holder    | delivered 409 already-shipped; 200
                                               | user      | 404 not-found
PUT /shipments/{shipment_id}                   | store     | 200
                                               | merchants | 404 not-found
                                               | user      | 403 wrong-role
POST /shipments/{shipment_id}/events           | carrier   | 200
                                               | carriers  | 404 not-found
                                               | user      | 403 wrong-role
"""

# Replace words in the rules: `ends`, the outcome for each way in which a gift can have ended; `used-up`, that for each way in
# which a voucher can be; `not-refundable`, that of each state in which no refund of a holding can be requested.
ENDS = "claimed 409 already-claimed; returned 410 expired; cancelled 410 cancelled; declined 410 declined"
USED_UP = "redeemed 409 already-redeemed; refunded 409 voucher-refunded; over 410 voucher-expired"
NOT_REFUNDABLE = "; ".join(f"{word} 409 not-refundable" for word in ("redeemed", "refunded", "over", "delivered"))
REPLACED = {"ends": ENDS, "used-up": USED_UP, "not-refundable": NOT_REFUNDABLE}
# Users by role. A friend has the link and claimed nothing; the rival works for another store, the courier for another
# carrier.
USERS: Mapping[str, str | None] = {
    "nobody": None,
    "stranger": "stranger",
    "friend": "friend",
    "giver": "alice",
    "recipient": "bob",
    "claimer": "carol",
    "other claimer": "dave",
    "merchant": "mia",
    "rival": "max",
    "carrier": "carl",
    "courier": "hera",
}
ROLES = tuple(USERS)
ALWAYS = {
    "anyone": set(ROLES),
    "user": set(ROLES) - {"nobody"},
    "buyer": {"giver"},
    "giver": {"giver"},
    "store": {"merchant"},
    "merchants": {"merchant", "rival"},
    "carrier": {"carrier"},
    "carriers": {"carrier", "courier"},
}
LINK_HOLDERS = {"friend", "claimer", "other claimer"}
PHONE, STREET = "+86 10 5550 0199", "Canary street"
ADDRESS = {
    "name": "Canary", "phone": PHONE, "lines": [STREET], "city": "C", "postal_code": "100000", "country": "CN",
}  # fmt: skip
WRAPPING = {
    "voucher": {"cover_id": "red-classic", "blessing_id": "best-wishes"},
    "parcel": {"cover_id": "parcel-kraft", "blessing_id": "best-wishes"},
}
# Path parameters of resources with states, and values for parameters of resources that always exist.
KINDS = (
    "order_id", "gift_id", "holding_id", "shipment_id", "code", "redemption_id", "message_id", "refund_request_id", "user_id",
)  # fmt: skip
# Routes that respond with a page instead of a problem.
PAGES = {"GET /g/{gift_id}"}
FIXED = {"store_id": MIA_STORE, "handle": "alice", "file": "red-classic.svg", "version": "any", "asset": "icon.svg"}
FIXED |= {"problem_code": "busy", "export_id": "a" * 32}  # exports exist after a sweep only
# A well-formed id of nothing.
UNKNOWN = base64.b32encode(bytes(20)).decode().lower()


class Response(Protocol):
    """The response to a call."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> Any: ...
    @property
    def raw(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class Stack(Protocol):
    """A stack that tests call."""

    @property
    def products(self) -> Mapping[str, str]: ...
    def call(self, user: str | None, method: str, path: str, body: object = None) -> Response: ...


@dataclass
class World:
    """The resources of a call: one purchase and what became of it.

    Attributes:
        words: its states, in the words of the rules.
        ids: the ids of its resources, by path parameter.
        parts: the roles by their part in it, such as `claimers`.
        hidden: texts that no problem may contain.
        recipient_id: the user whom the gift names.
    """

    name: str
    kind: str
    product_id: str
    words: set[str]
    ids: dict[str, str] = field(default_factory=dict)
    parts: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    secret: str | None = None
    recipient_id: str | None = None

    def has_part(self, role: str, part: str) -> bool:
        return role in {**ALWAYS, **self.parts}.get(part, set())


# --- expected outcomes ---------------------------------------------------------------------------------------------


@cache
def rules() -> dict[str, list[tuple[str, str]]]:
    """Return the rows by route: part and outcome."""
    table: dict[str, list[tuple[str, str]]] = {}
    route = ""
    for line in RULES.strip().splitlines():
        named, part, outcome = (cell.strip() for cell in line.split("|"))
        route = named or route
        table.setdefault(route, []).append((part, outcome))
    return table


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Return the operations of the published document, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in contract.DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


def is_public(route: str) -> bool:
    """Return whether a route needs no token."""
    return not operations()[route].get("security")


def expected(route: str, role: str, world: World) -> str:
    """Return the expected outcome: the status, and the code of a problem."""
    if role == "nobody" and not is_public(route):
        return "401 unauthenticated"
    outcome = next(outcome for part, outcome in rules()[route] if world.has_part(role, part))
    for case in (case for entry in outcome.split("; ") for case in REPLACED.get(entry, entry).split("; ")):
        word, _, rest = case.partition(" ")
        if word.isdigit():
            return case
        if word in world.words:
            return rest
    raise LookupError(f"{route} has no outcome for {role} in {world.words}")


def expected_of_unknown(route: str, role: str) -> str:
    """Return the expected outcome for an unknown id: the same as for the resource of another user."""
    if route in PAGES:
        return "404 page"
    if role == "nobody" and not is_public(route):
        return "401 unauthenticated"
    outcomes = [outcome for part, outcome in rules()[route] if role in ALWAYS.get(part, set())]
    return "403 wrong-role" if outcomes[0] == "403 wrong-role" else "404 not-found"


def actual(route: str, answer: Response) -> str:
    """Return the outcome of a response, in the form of `expected`."""
    if answer.status < 400:
        return str(answer.status)
    return f"{answer.status} {'page' if route in PAGES else answer.body['code']}"


def not_found(stack: "Stack") -> Callable[[str], tuple[str, list[tuple[str, str]]]]:
    """Return a function from a route to what a caller sees of a resource that does not exist."""
    page, problem = (visible(stack.call("alice", "GET", f"/{path}/{UNKNOWN}")) for path in ("g", "orders"))
    return lambda route: page if route in PAGES else problem


def visible(answer: Response) -> tuple[str, list[tuple[str, str]]]:
    """Return the body and headers of a response, without headers that identify the request."""
    changing = {"date", "x-request-id", "apigw-requestid", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"}
    return answer.raw, sorted((name, value) for name, value in answer.headers.items() if name not in changing)


# --- requests ------------------------------------------------------------------------------------------------------


def build_path(route: str, ids: Mapping[str, str]) -> str:
    """Return the path of a route with these ids, UNKNOWN for a missing one, and the query that the route requires."""
    path = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], UNKNOWN), route.partition(" ")[2])
    query = urlencode(required_query(route))
    return f"{path}?{query}" if query else path


def required_query(route: str) -> dict[str, str]:
    """Return the required parameters of the query, each with the first of its values."""
    return {
        each["name"]: contract.resolved(each["schema"])["enum"][0]
        for each in map(contract.resolved, operations()[route].get("parameters", []))
        if each["in"] == "query" and each["required"]
    }


def path_ids(world: World) -> dict[str, str]:
    """Return a value for every path parameter that the world can fill."""
    return {**FIXED, "product_id": world.product_id, **world.ids}


def uses_world(route: str, world: World) -> bool:
    """Return whether the path or the body of a route names a resource of the world."""
    return any(name in world.ids for name in _resources(route))


def is_stateless(route: str) -> bool:
    """Return whether neither the path nor the body of a route names a resource with states."""
    return not _resources(route) & set(KINDS)


def _resources(route: str) -> set[str]:
    schema = bodies.body_schema(route)
    fields = {path[1:] for path in bodies.schema_paths(schema)} if schema else set()
    return set(re.findall(r"{(\w+)}", route)) | fields & set(KINDS)


def unknown_path(route: str, world: World) -> str | None:
    """Return the path with an unknown id as its first parameter, or None if it has no parameter."""
    names = parameters(route)
    return build_path(route, path_ids(world) | {names[0]: UNKNOWN}) if names else None


def parameters(route: str) -> list[str]:
    """Return the path parameters whose value has to exist. Any `version` is accepted."""
    return [name for name in re.findall(r"{(\w+)}", route) if name != "version"]


def build_body(route: str, role: str, world: World, products: Mapping[str, str]) -> object:
    """Return a valid body, so that the outcome depends on the caller and the resource alone."""
    values = field_values(role, world, products)
    return bodies.minimal_body(route, values, optional=values.keys() & {"secret", "address"})


def field_values(role: str, world: World, products: Mapping[str, str]) -> dict[str, object]:
    """Return values for the fields of a request about a world, by field name."""
    secret = world.secret if role in LINK_HOLDERS else "no-secret-of-anything"
    return {
        "product_id": products[world.kind],
        **WRAPPING[world.kind],
        **({"code": world.ids["code"]} if "code" in world.ids else {}),
        **({"secret": secret} if world.secret else {}),
        **({"address": ADDRESS} if world.kind == "parcel" else {}),
        **({"recipient_id": world.recipient_id} if world.recipient_id else {}),
    }


# --- the worlds -----------------------------------------------------------------------------------------------------


class Builder:
    """Builds worlds by API calls."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        accounts = {user: self._require(user, "GET", "/me") for user in USERS.values() if user is not None}
        self._ids = {user: account["user_id"] for user, account in accounts.items()}

    @property
    def products(self) -> Mapping[str, str]:
        return self.stack.products

    def _require(self, user: str | None, method: str, path: str, body: object = None) -> Any:
        answer = self.stack.call(user, method, path, body)
        assert answer.status < 300, answer.raw
        return answer.body

    def order(self, name: str, kind: str = "voucher", quantity: int = 1, *words: str, token: str = "tok_ok") -> World:
        products = self.stack.products
        payment = {"method": "card", "token": token}
        body = {"product_id": products[kind], "quantity": quantity, "payment": payment}
        before = self._orders()
        self.stack.call("alice", "POST", "/orders", body)
        (order_id,) = self._orders() - before  # orders with a declined or pending payment too
        world = World(name, kind, products[kind], {kind, *words}, {"order_id": order_id})
        world.hidden |= {order_id, PHONE, STREET}
        return world

    def _orders(self) -> set[str]:
        return {order["order_id"] for order in self._require("alice", "GET", "/orders?limit=100")["items"]}

    def refunded(self) -> World:
        world = self.order("order refunded")
        self._require("alice", "POST", f"/orders/{world.ids['order_id']}/refunds", {"quantity": 1})
        return world

    def used(self, name: str, kind: str = "voucher", *words: str) -> World:
        """Return a world where the buyer used a unit."""
        world = self.order(name, kind, 1, *words)
        body = {"quantity": 1, "address": ADDRESS}
        held = self._require("alice", "POST", f"/orders/{world.ids['order_id']}/use", body)["holdings"]
        self._hold(world, held[0], "giver")
        return world

    def given(
        self, name: str, kind: str = "voucher", shares: int = 1, *words: str, to: str | None = None, days: int = 0
    ) -> World:
        """Return a world with a gift of all units, to a named recipient or by link; `days` ahead if it is scheduled."""
        world = self.order(name, kind, shares, "link" if to is None else "named", *words)
        body = {"shares": shares, "wrapping": WRAPPING[kind]} | ({"recipient_id": self._ids[to]} if to else {})
        if days:
            created_at = self.stack.call("alice", "GET", f"/orders/{world.ids['order_id']}").body["created_at"]
            body["send_at"] = (datetime.fromisoformat(created_at) + timedelta(days=days)).isoformat()
        gift = self._require("alice", "POST", f"/orders/{world.ids['order_id']}/gifts", body)
        world.ids["gift_id"], world.secret = gift["gift_id"], gift["secret"]
        world.hidden |= {gift["gift_id"], *([gift["secret"]] if gift["secret"] else [])}
        world.parts |= {"openers": LINK_HOLDERS if to is None else {"recipient"}, "claimers": set()}
        world.parts["recipient"] = set() if to is None else {"recipient"}
        world.recipient_id = None if to is None else self._ids[to]
        return world

    def claim(self, world: World, *roles: str) -> World:
        """Claim a share for each role; the ids of the world are those of the last holding."""
        for role in roles:
            body = {"address": ADDRESS} | ({"secret": world.secret} if world.secret else {})
            held = self._require(USERS[role], "POST", f"/gifts/{world.ids['gift_id']}/claims", body)
            world.parts["claimers"].add(role)
            self._hold(world, held, role)
        return world

    def do(self, world: World, role: str, route: str, body: object = None) -> World:
        """Make a successful call about the world."""
        method = route.partition(" ")[0]
        self._require(USERS[role], method, build_path(route, path_ids(world)), body)
        return world

    def redeem(self, world: World) -> World:
        """Redeem the voucher of the world."""
        done = self._require("mia", "POST", build_path("POST /vouchers/{code}/redemptions", path_ids(world)))
        world.ids["redemption_id"] = done["redemption_id"]
        return world

    def ask_for_refund(self, world: World, role: str) -> World:
        """Ask for a refund of the holding of the world."""
        path = build_path("POST /holdings/{holding_id}/refund-requests", path_ids(world))
        asked = self._require(USERS[role], "POST", path, {"reason": "damaged"})
        world.ids["refund_request_id"] = asked["refund_request_id"]
        world.hidden.add(asked["refund_request_id"])
        return world

    @staticmethod
    def _hold(world: World, held: Mapping[str, Any], role: str) -> None:
        world.parts["holder"] = {role}
        for name in ("holding_id", "shipment_id", "code"):
            if held.get(name):
                world.ids[name] = held[name]
                world.hidden.add(held[name])


REPORT = {"event_id": "there", "status": "delivered", "location": "Hangzhou", "occurred_at": "2026-01-05T08:00:00Z"}
DELIVER = "POST /shipments/{shipment_id}/events"


def cancelled(make: Builder, to: str | None) -> World:
    world = make.given("cancelled", "voucher", 1, "cancelled", "available", to=to)
    return make.do(world, "giver", "POST /gifts/{gift_id}/cancel")


def declined(make: Builder) -> World:
    world = make.given("declined", "voucher", 1, "declined", "available", to="bob")
    return make.do(world, "recipient", "POST /gifts/{gift_id}/decline")


def return_gift_given(make: Builder) -> World:
    world = make.claim(make.given("return gift given", "voucher", 1, "claimed", "usable", "answered"), "claimer")
    route = "POST /gifts/{gift_id}/return-gifts"
    return make.do(world, "claimer", route, build_body(route, "claimer", world, make.products))


def redeemed(make: Builder) -> World:
    world = make.given("named, claimed and redeemed", "voucher", 1, "claimed", "redeemed", to="bob")
    return make.redeem(make.claim(world, "recipient"))


def delivered(make: Builder) -> World:
    world = make.given("parcel, named, claimed and delivered", "parcel", 1, "claimed", "delivered", to="bob")
    return make.do(make.claim(world, "recipient"), "carrier", DELIVER, REPORT)


DECIDE = "POST /refund-requests/{refund_request_id}/decision"
SEND_BACK = "PUT /refund-requests/{refund_request_id}/return"
SENT_BACK = {"carrier": "SF Express", "tracking_number": "SF-1"}


def refund_requested(make: Builder, state: str) -> World:
    """Return a world with a refund request for goods that were delivered as soon as they were claimed."""
    world = make.given(f"parcel, delivered, refund {state}", "parcel", 1, "claimed", "delivered", state, to="bob")
    make.claim(world, "recipient")
    received_at = make.stack.call("bob", "GET", f"/holdings/{world.ids['holding_id']}").body["received_at"]
    make.do(world, "carrier", DELIVER, REPORT | {"occurred_at": received_at})
    make.ask_for_refund(world, "recipient")
    if state != "requested":
        make.do(world, "merchant", DECIDE, {"approve": state != "rejected"})
    return make.do(world, "recipient", SEND_BACK, SENT_BACK) if state == "returning" else world


def refunded_at_once(make: Builder) -> World:
    return make.ask_for_refund(make.used("used and refunded", "voucher", "refunded"), "giver")


BuildWorld = Callable[[Builder], World]
# Worlds that do not change when a claim window ends.
TIMELESS: Sequence[BuildWorld] = (
    lambda make: make.order("paid", "voucher", 2, "available"),
    lambda make: make.order("parcels, paid", "parcel", 2, "available"),
    lambda make: make.order("payment declined", token="tok_declined"),
    Builder.refunded,
    lambda make: make.used("used", "voucher", "usable"),
    lambda make: make.redeem(make.used("used and redeemed", "voucher", "redeemed")),
    lambda make: make.used("parcel, used", "parcel", "ready"),
    lambda make: make.do(make.used("parcel, used and delivered", "parcel", "delivered"), "carrier", DELIVER, REPORT),
    lambda make: make.claim(make.given("claimed", "voucher", 2, "claimed", "usable"), "claimer", "other claimer"),
    lambda make: make.claim(make.given("parcel, claimed", "parcel", 2, "claimed"), "other claimer", "claimer"),
    redeemed,
    delivered,
    lambda make: make.given("scheduled", "voucher", 2, "scheduled", days=30),
    lambda make: make.given("parcel, named, scheduled", "parcel", 1, "scheduled", to="bob", days=30),
    lambda make: cancelled(make, None),
    lambda make: cancelled(make, "bob"),
    declined,
    return_gift_given,
    # First the state in which each decision is accepted: later, only the same one is.
    *(partial(refund_requested, state=state) for state in ("requested", "approved", "returning", "rejected")),
    refunded_at_once,
)
# Worlds with an open gift, which expires.
OPEN: Sequence[BuildWorld] = (
    lambda make: make.given("open", "voucher", 2, "open"),
    lambda make: make.given("named, open", "voucher", 1, "open", to="bob"),
    lambda make: make.given("parcel, named, open", "parcel", 1, "open", to="bob"),
    lambda make: make.claim(make.given("partly claimed", "voucher", 2, "open", "usable"), "claimer"),
    lambda make: make.claim(make.given("parcel, partly claimed", "parcel", 3, "open"), "other claimer", "claimer"),
)


def pending(make: Builder) -> World:
    """Return a world with a payment whose outcome is unknown."""
    return make.order("payment pending", "voucher", 1, "pending", token="tok_timeout")


def returned(world: World) -> World:
    """Return the world of an open gift after its window ended."""
    return replace(world, name=f"{world.name}, returned", words=world.words - {"open"} | {"returned", "available"})
