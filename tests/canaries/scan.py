"""Plant canaries in every field that users write, and record every response that any viewer gets.

A canary is a unique text. A case is one purchase and what becomes of it. Its steps plant canaries and record all
responses; a sweep lets every viewer call every route about the case. This module does not decide what viewers may see.
"""

import base64
import itertools
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import httpx

from local import template, users
from local.client import payment
from local.seed import MAX_STORE, MIA_STORE
from testkit import contract, qr
from tests.e2e.conftest import Running, eventually

Body = Any
Ids = Mapping[str, str]
# Returns the body that a viewer sends in a call about a case; SKIP if the call would change what other viewers see.
BuildBody = Callable[["Case", str, Ids], Body]
SKIP = object()

# The viewers. "friend" has the secrets of all links and claims nothing; "courier" works for another carrier.
VIEWERS = (
    "nobody", "stranger", "friend", "recipient", "claimer", "fellow", "giver", "merchant", "rival", "carrier", "courier",
)  # fmt: skip
THREADS = 4
# The viewer whose profile all others request by handle.
FOUND = "recipient"
# Path parameters that do not depend on a case.
CASELESS_PARAMETERS = {"store_id", "product_id", "file", "handle", "version", "asset"}
# Viewers without a part in a gift.
OUTSIDERS = ("stranger", "rival", "courier")
# The facts of a gift that a gift to a second person has too.
_PASSED_ON = {
    "blessing", "voucher's title and store", "voucher's product", "price", "payment", "order id", "giver's id",
}  # fmt: skip
# The part of the order center with products of the catalog.
ORDER_CENTER_CATALOG = "GET /order-center, products"
_CURSOR = re.compile(r'"next_cursor":"([\w-]+)"')


def canary(name: str) -> str:
    """Return a new unique text."""
    return f"Canary-{name}-{secrets.token_hex(5)}"


def _amount(number: int) -> str:
    """Return an amount of money as responses have it: ids contain the digits by chance."""
    return f'"amount":{number},'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Route:
    function: str
    requires_token: bool


def routes() -> dict[str, Route]:
    """Return every HTTP route of the template."""
    found = {}
    for name, resource in template.read()["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            properties = event["Properties"]
            if event["Type"] == "HttpApi" and properties["Path"] != "$default":
                public = properties.get("Auth", {}).get("Authorizer") == "NONE"
                method = properties["Method"].replace("ANY", "GET")
                found[f"{method} {properties['Path']}"] = Route(name, not public)
    return found


def is_list(route: str) -> bool:
    """Return whether a route is a list that is of no case: it has a limit, and no parameter but perhaps a store."""
    method, _, path = route.partition(" ")
    parameters = map(contract.resolved, contract.DOCUMENT["paths"][path][method.lower()].get("parameters", []))
    inputs = {(each["in"], each["name"]) for each in parameters}
    return ("query", "limit") in inputs and not {name for place, name in inputs if place == "path"} - {"store_id"}


@dataclass(frozen=True)
class Canary:
    """A unique text.

    Attributes:
        fact: the kind of information, as in MAY_SEE.
        owner: the viewer that the information belongs to, if only they may see it.
        planted: the number of the first response that can contain it.
    """

    text: str
    fact: str
    case: "Case | None"
    owner: str | None
    planted: int


@dataclass(frozen=True)
class Answer:
    """A response to one viewer; `case` is the case of the request, None for a list."""

    number: int
    viewer: str
    route: str
    case: "Case | None"
    state: str
    status: int
    text: str

    def __str__(self) -> str:
        about = self.case.name if self.case else "a list"
        return f"{self.viewer}, {self.route}, {about} {self.state}, {self.status}"


@dataclass(frozen=True)
class Sweep:
    """The calls of all viewers about a case in one state: responses `first` to `end`, exclusive."""

    case: "Case"
    state: str
    first: int
    end: int


@dataclass(eq=False)
class Case:
    """One purchase and what becomes of it. Points in time are numbers of responses."""

    name: str
    kind: str
    giver: str = "giver"
    recipient: str | None = None
    own_use: bool = False
    secret: str | None = None
    expires_at: str = ""
    # When it was scheduled for, and when it opened.
    opens_at: str | None = None
    opened: int | None = None
    second: str | None = None
    at_end: dict[str, str] = field(default_factory=lambda: {"then": "order"})
    ids: dict[str, str] = field(default_factory=dict)
    product: dict[str, Any] = field(default_factory=dict)
    holdings: dict[str, dict[str, Any]] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    delivered: dict[str, int] = field(default_factory=dict)
    is_usable: bool = True
    requested_by: str | None = None
    is_refunded: bool = False
    ended: int | None = None
    # When it expired, was cancelled or was declined; `ended` is also the time at which the last share was claimed.
    over: int | None = None
    return_gift: "Case | None" = None
    # The bodies of its steps, for replays, by route and viewer.
    sent: dict[tuple[str, str], Body] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    events: dict[str, dict[str, str]] = field(default_factory=dict)

    def role(self, viewer: str, number: int) -> str:
        if viewer == self.giver:
            return "owner" if self.own_use else "giver"
        if self.claimed.get(viewer, number + 1) <= number:
            return "claimer"
        if viewer == self.recipient:
            return "recipient"
        return viewer if viewer in ("nobody", "friend", "merchant", "rival", "carrier", "courier") else "stranger"

    @property
    def is_open(self) -> bool:
        return "gift_id" in self.ids and self.ended is None

    def is_scheduled_at(self, number: int) -> bool:
        """Return whether the gift had not opened. One that ended before never does."""
        return self.opens_at is not None and (self.opened is None or number < self.opened)

    def targets(self, parameter: str) -> list[str]:
        """Return the ids of the case for a path parameter; empty if there are none yet."""
        if parameter in ("holding_id", "shipment_id", "code"):
            return [str(holding[parameter]) for holding in self.holdings.values() if parameter in holding]
        fixed = {
            "store_id": MIA_STORE,
            "file": "red-classic.svg",
            "version": "any",
            "asset": "app.js",
            "problem_code": "busy",
            **self.ids,
        }
        return [fixed[parameter]] if parameter in fixed else []

    def owner_of(self, ids: Ids) -> str:
        """Return the owner of the holding, shipment or voucher in a path."""
        return next(
            owner
            for owner, holding in self.holdings.items()
            if any(value in holding.values() for value in ids.values())
        )

    def key(self, route: str) -> str:
        """Return the idempotency key of a route; all viewers send the same key."""
        return self.keys.setdefault(route, canary("key"))


@dataclass
class Scan:
    """A stack with its viewers, and all canaries and responses so far."""

    running: Running
    bodies: Mapping[str, BuildBody]
    queries: Mapping[str, Sequence[str]]
    canaries: list[Canary] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    store: dict[str, str] = field(default_factory=dict)
    unknown: Case = field(default_factory=lambda: Case("unknown ids", "voucher"))
    _remember: Lock = field(default_factory=Lock)
    # One call at a time per function: starting another worker takes longer than hundreds of calls.
    _workers: dict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))
    _routes: dict[str, Route] = field(default_factory=routes)

    def __post_init__(self) -> None:
        """Create users, a store and a carrier whose names are canaries."""
        self.store = {"name": canary("store"), "carrier": canary("carrier")}
        roles: dict[str, dict[str, str]] = {viewer: {} for viewer in VIEWERS if viewer != "nobody"}
        roles["merchant"] = {"group": "merchant", "store_id": MIA_STORE}
        roles["rival"] = {"group": "merchant", "store_id": MAX_STORE}
        roles["carrier"] = {"group": "carrier", "carrier": self.store["carrier"]}
        roles["courier"] = {"group": "carrier", "carrier": canary("carrier")}
        suffix = secrets.token_hex(4)
        pool, client = self.running.physical("UserPool"), self.running.physical("UserPoolClient")
        created = users.create(
            self.running.stack["aws_endpoint_url"], pool, client, {f"{name}_{suffix}": roles[name] for name in roles}
        )
        self.running.stack["users"] |= created
        self.people = {name: created[f"{name}_{suffix}"] for name in roles}
        for viewer, person in self.people.items():
            self.plant(person["token"].rpartition(".")[2], "ID token", None)
            self.plant(person["user_id"], "person's id", None, viewer)
            for text in (person["handle"], self.name(viewer)):
                self.plant(text, "person", None, viewer)
        for token in ("tok_ok", "tok_timeout", "tok_declined"):
            self.plant(token, "payment token", None)
        self.unknown.ids = {
            name: canary("input")
            for name in (
                "order_id",
                "gift_id",
                "product_id",
                "store_id",
                "message_id",
                "redemption_id",
                "refund_request_id",
                "export_id",
                "file",
                "handle",
                "user_id",
            )
        }
        self.unknown.holdings["nobody"] = {name: canary("input") for name in ("holding_id", "shipment_id", "code")}
        for text in (*self.unknown.ids.values(), *self.unknown.holdings["nobody"].values()):
            self.plant(text, "input", None)

    def plant(self, text: str, fact: str, case: Case | None, owner: str | None = None) -> str:
        self.canaries.append(Canary(text, fact, case, owner, len(self.answers)))
        return text

    def plant_new(self, name: str, fact: str = "input", case: Case | None = None, owner: str | None = None) -> str:
        return self.plant(canary(name), fact, case, owner)

    def name(self, viewer: str) -> str:
        return self.people[viewer]["handle"].capitalize()

    def request(
        self,
        viewer: str,
        route: str,
        body: Body = None,
        *,
        ids: Ids | None = None,
        query: str = "",
        case: Case | None = None,
        about: Case | None = None,
        state: str = "",
    ) -> httpx.Response:
        """Make a call and record its response.

        Args:
            case: the case whose idempotency keys are used.
            about: the case that the response is about, None for a list.
        """
        method, _, path = route.partition(" ")
        for parameter, value in (ids or {}).items():
            path = path.replace(f"{{{parameter}}}", value)
        headers = {"idempotency-key": case.key(route)} if method == "POST" and case else {}
        handle = None if viewer == "nobody" else self.people[viewer]["handle"]
        with self._workers[self._routes[route].function]:
            answer = self.running.as_(handle).request(
                method, path + (f"?{query}" if query else ""), json=body, headers=headers
            )
        text = f"{answer.status_code} {answer.reason_phrase}\n{answer.headers}\n{answer.text}"
        # A cursor contains a readable position.
        for cursor in _CURSOR.findall(answer.text):
            text += "\n" + base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")
        # A QR code is readable too.
        if answer.headers.get("content-type") == "image/svg+xml" and route.endswith("/qr"):
            text += "\n" + qr.read(answer.text)
        texts = {route: text}
        if route == "GET /order-center" and answer.status_code == 200:
            # Products of the catalog may show more than the rest of the response.
            rest = answer.json()
            catalog = {name: rest.pop(name) for name in ("tagged", "viewed", "recommendations")}
            texts = {
                route: f"{answer.headers}\n{_compact(rest)}",
                ORDER_CENTER_CATALOG: _compact(catalog),
            }
        with self._remember:
            for part, text in texts.items():
                number = len(self.answers)
                self.answers.append(Answer(number, viewer, part, about, state, answer.status_code, text))
        return answer

    def do(
        self,
        viewer: str,
        route: str,
        body: Body = None,
        *,
        case: Case,
        status: int,
        ids: Ids | None = None,
        about: Case | None = None,
    ) -> dict[str, Any]:
        """Make a step: a call that has to succeed, and that sweeps replay."""
        answer = self.request(viewer, route, body, ids=ids, case=case, about=about or case, state="during the step")
        assert answer.status_code == status, (viewer, route, answer.text)
        case.sent[route, viewer] = body
        done: dict[str, Any] = answer.json()
        return done

    # --- steps ----------------------------------------------------------------------------------------------

    def create_product(self, case: Case) -> None:
        """Create a unique product for a case. Its price is a canary, and below the limit for gifts."""
        kind, product_fact = case.kind, f"{case.kind}'s product"
        store = "voucher's title and store" if kind == "voucher" else "parcel's store"
        amount = 100_000 + secrets.randbelow(800_000)
        case.product = {
            "kind": kind,
            "title": self.plant_new("title", "voucher's title and store" if kind == "voucher" else product_fact, case),
            "description": self.plant_new("description", product_fact, case),
            "image_url": self.plant(f"https://pictures.test/{canary('image')}.png", product_fact, case),
            "category": self.plant_new("category", product_fact, case),
            "price": {"amount": amount, "currency": "CNY"},
            "original_price": {"amount": amount + 7, "currency": "CNY"},
            "stock": 40,
        }
        if kind == "voucher":
            case.product |= {"validity_days": 30, "redeem_at": self.plant_new("counter", product_fact, case)}
        for number in (amount, amount + 7):
            self.plant(_amount(number), "price", case)
        self.plant(self.store["name"], store, case)
        self.plant(MIA_STORE, "voucher's product" if kind == "voucher" else store, case)
        case.ids["product_id"] = self.plant_new("product", product_fact, case)
        self.do("merchant", "PUT /stores/{store_id}/products/{product_id}", case.product, case=case, status=200,
                ids={"store_id": MIA_STORE, "product_id": case.ids["product_id"]})  # fmt: skip

    def buy(self, case: Case, quantity: int = 2, token: str = "tok_ok", status: int = 201) -> None:
        self.create_product(case)
        method = self.plant_new("method", "payment", case)
        case.ids["handle"] = self.people[FOUND]["handle"]
        body = {
            "product_id": case.ids["product_id"],
            "quantity": quantity,
            "payment": payment(token) | {"method": method},
            "metadata": {"note": self.plant_new("metadata", "payment", case)},
        }
        self.do(case.giver, "POST /orders", body, case=case, status=status)
        listed = self.request(case.giver, "GET /orders", query="limit=1").json()["items"][0]
        if listed["state"] == "pending":
            del case.sent["POST /orders", case.giver]  # a replay would pay it
        self._plant_order(case, listed)

    def _plant_order(self, case: Case, order: Mapping[str, Any]) -> None:
        case.ids["order_id"] = self.plant(order["order_id"], "order id", case)
        self.plant(_amount(order["payment"]["total"]["amount"]), "price", case)
        if reference := order["payment"]["reference"]:
            self.plant(reference, "payment", case)
        self.plant(self.people[case.giver]["user_id"], "giver's id", case)

    def give(self, case: Case, shares: int = 1) -> None:
        body: dict[str, Any] = {"shares": shares, "wrapping": self._wrapping(case)}
        if case.recipient:
            body["recipient_id"] = self.people[case.recipient]["user_id"]
        if case.second:
            case.at_end = {"then": "give_to", "recipient_id": self.people[case.second]["user_id"]}
            body["at_end"] = case.at_end
            self.plant(self.people[case.second]["user_id"], "second person's id", case)
        if case.opens_at:
            body["send_at"] = case.opens_at
        gift = self.do(case.giver, "POST /orders/{order_id}/gifts", body, case=case, ids=case.ids, status=201)
        self._plant_gift(case, gift)

    def open(self, case: Case) -> None:
        """Advance the clock until a scheduled gift opens."""
        self.running.advance_to(case.opens_at or "")
        case.opened = len(self.answers)
        if case.recipient:
            case.ids["message_id"] = self._find_message(case.recipient, case.ids["gift_id"])

    def pass_on(self, case: Case, successor_id: str) -> Case:
        """Return the case of the gift to the second person, who sees of it what the first person saw."""
        second = Case(f"{case.name}: the second person", case.kind, recipient=case.second, ids=dict(case.ids))
        for each in [each for each in self.canaries if each.case is case and each.fact in _PASSED_ON]:
            self.plant(each.text, each.fact, second, each.owner)
        self.plant(successor_id, "successor's id", case)
        self.plant(successor_id, "envelope", second)
        # The holding of the second person names its gift, and the gifts of the order name the first person.
        self.plant(successor_id, "holding id", second, case.second)
        if case.recipient:
            self.plant(self.people[case.recipient]["user_id"], "recipient's id", second)
        gift = {"gift_id": successor_id, "secret": None, "expires_at": ""}
        second.product = case.product
        self._plant_gift(second, gift)
        return second

    def _wrapping(self, case: Case) -> dict[str, str]:
        cover = "red-classic" if case.kind == "voucher" else "parcel-kraft"
        return {"cover_id": cover, "message": self.plant_new("message", "blessing", case)}

    def _plant_gift(self, case: Case, gift: Mapping[str, Any]) -> None:
        case.ids["gift_id"], case.secret, case.expires_at = gift["gift_id"], gift["secret"], gift["expires_at"]
        self.plant(self.name(case.giver), "envelope", case, case.giver)
        if case.secret:
            self.plant(case.secret, "secret", case)
        if case.recipient:
            self.plant(self.people[case.recipient]["user_id"], "recipient's id", case)
            if not case.opens_at:
                case.ids["message_id"] = self._find_message(case.recipient, gift["gift_id"])

    def _find_message(self, viewer: str, gift_id: str) -> str:
        """Return the id of the message about a gift, as soon as its recipient has it."""
        client, found = self.running.as_(self.people[viewer]["handle"]), list[str]()

        def has_arrived() -> bool:
            items = client.get("/messages?limit=100").json()["items"]
            found.extend(each["message_id"] for each in items if each["gift_id"] == gift_id)
            return bool(found)

        assert eventually(has_arrived, 10), "no message of a gift"
        return found[0]

    def address(self, case: Case, owner: str) -> dict[str, Any]:
        fields = {name: self.plant_new(name, "address", case, owner) for name in ("name", "city", "region")}
        lines = [self.plant_new("line", "address", case, owner) for _ in range(2)]
        phone = self.plant(str(10**14 + secrets.randbelow(9 * 10**14)), "address", case, owner)
        # Hong Kong has no postal codes, so that this one may have any letters and digits.
        postal_code = self.plant(secrets.token_hex(8).upper(), "address", case, owner)
        return {**fields, "phone": phone, "lines": lines, "postal_code": postal_code, "country": "HK"}

    def claim(self, case: Case, viewer: str, *, last: bool = True) -> None:
        body: dict[str, Any] = {"secret": case.secret} if case.secret else {}
        if case.kind == "parcel":
            body["address"] = self.address(case, viewer)
        case.claimed[viewer] = len(self.answers)
        holding = self.do(
            viewer, "POST /gifts/{gift_id}/claims", body, case=case, ids={"gift_id": case.ids["gift_id"]}, status=201
        )
        if last:
            case.ended = case.claimed[viewer]
        self.plant(self.name(viewer), "claimer's name", case)
        self.plant(self.people[viewer]["user_id"], "claimer's id", case)
        self._plant_holding(case, viewer, holding)

    def use(self, case: Case) -> None:
        body: dict[str, Any] = {"quantity": 1}
        if case.kind == "parcel":
            body["address"] = self.address(case, case.giver)
        used = self.do(case.giver, "POST /orders/{order_id}/use", body, case=case, ids=case.ids, status=201)
        self._plant_holding(case, case.giver, used["holdings"][0])

    def _plant_holding(self, case: Case, owner: str, holding: dict[str, Any]) -> None:
        case.holdings[owner] = holding
        self.plant(holding["holding_id"], "holding id", case, owner)
        if "code" in holding:
            self.plant(holding["code"], "voucher's code", case, owner)
        if "shipment_id" in holding:
            self.plant(holding["shipment_id"], "shipment id", case, owner)
            tracking = self.plant_new("tracking", "logistics", case, owner)
            self.do("merchant", "PUT /shipments/{shipment_id}", {"tracking_number": tracking}, case=case,
                    ids={"shipment_id": holding["shipment_id"]}, status=200)  # fmt: skip
            self.plant(self.store["carrier"], "logistics", case, owner)
            self.report(case, owner, "ready_to_ship")

    def report(self, case: Case, owner: str, status: str) -> None:
        event = {
            "event_id": self.plant_new("event"),
            "status": status,
            "location": self.plant_new("location", "logistics", case, owner),
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        if status != "returned":  # also a state of gifts
            self.plant(f'"{status}"', "status", case, owner)
        if status == "delivered":
            case.delivered[owner] = len(self.answers)
        self.do("carrier", "POST /shipments/{shipment_id}/events", event, case=case,
                ids={"shipment_id": case.holdings[owner]["shipment_id"]}, status=200)  # fmt: skip
        case.events[owner] = event

    def give_in_return(self, base: Case, giver: str) -> Case:
        """Give a return gift by `giver`, who claimed a share of the base gift."""
        case = Case(f"return gift for a {base.kind}", base.kind, giver=giver, recipient=base.giver)
        self.create_product(case)
        body = {
            "product_id": case.ids["product_id"],
            "payment": payment() | {"method": self.plant_new("method", "payment", case)},
            "wrapping": self._wrapping(case),
        }
        made = self.do(giver, "POST /gifts/{gift_id}/return-gifts", body, case=base, about=case,
                       ids={"gift_id": base.ids["gift_id"]}, status=201)  # fmt: skip
        base.return_gift = case
        self._plant_order(case, made["order"])
        self._plant_gift(case, made["gift"])
        return case

    # --- sweeps ---------------------------------------------------------------------------------------------

    def sweep(self, case: Case, state: str) -> None:
        """Let every viewer call every route about a case; lists only if the viewer has a part in it."""
        first = len(self.answers)
        # A viewer without a part in this case is the same as a stranger.
        callers = [viewer for viewer in VIEWERS if viewer == "stranger" or case.role(viewer, first) != "stranger"]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda viewer: self._sweep_by(viewer, case, state), callers))
        self.sweeps.append(Sweep(case, state, first, len(self.answers)))

    def sweep_unknown(self) -> None:
        """Let every viewer call every route with unknown ids, and every list."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda viewer: self._sweep_by(viewer, self.unknown, "before anything", lists=True), VIEWERS))

    def sweep_lists(self) -> None:
        """Let every viewer read every list at the end."""
        for viewer, (route, queries) in itertools.product(VIEWERS, self.queries.items()):
            for query in queries:
                ids = {"store_id": MIA_STORE} if "{store_id}" in route else None
                self.request(viewer, route, ids=ids, query=query.replace("limit=2", "limit=100"), state="at the end")

    def download_export(self, viewer: str, settle: Callable[[], object]) -> None:
        """Let a viewer export what they may see, and record the file as a response."""
        export = self.do(viewer, "POST /me/exports", case=Case("export", "voucher"), status=202)
        settle()
        ids = {"export_id": export["export_id"]}
        route = "GET /me/exports/{export_id}"
        file = httpx.get(self.request(viewer, route, ids=ids, state="at the end").json()["url"])
        assert file.status_code == 200, file.text
        lines: dict[str, list[str]] = {route: [], ORDER_CENTER_CATALOG: []}
        for line in file.text.splitlines():
            lines[ORDER_CENTER_CATALOG if json.loads(line)["type"] in ("tagged", "viewed") else route].append(line)
        for part, found in lines.items():
            number = len(self.answers)
            self.answers.append(Answer(number, viewer, part, None, "its file", file.status_code, "\n".join(found)))

    def _sweep_by(self, viewer: str, case: Case, state: str, *, lists: bool = False) -> None:
        lists = lists or case.role(viewer, len(self.answers)) in ("giver", "owner", "claimer", "recipient", "merchant")
        # Routes without a case respond the same in all states, so they are called once per kind.
        stateless = any(sweep.case.kind == case.kind for sweep in self.sweeps)
        # If a gift of this kind was already swept in this state, viewers without a part in it call only every fourth route.
        seen = any((sweep.case.kind, sweep.state) == (case.kind, state) for sweep in self.sweeps)
        outside = case.role(viewer, len(self.answers)) in OUTSIDERS
        # Each viewer starts with another route, so that they do not wait for the same function.
        order = list(self.bodies)
        start = len(order) * VIEWERS.index(viewer) // len(VIEWERS)
        for route in order[start:] + order[:start]:
            parameters = re.findall(r"\{(\w+)\}", route)
            queries = self.queries.get(route, ("",))
            listed = "limit" in queries[0] or route == "GET /order-center"
            case_parameters = set(parameters) - CASELESS_PARAMETERS
            if not case_parameters and (
                (stateless and not listed and route != "POST /orders") or (listed and not lists)
            ):
                continue
            for values in itertools.product(*map(case.targets, parameters)):
                ids = dict(zip(parameters, values, strict=True))
                if seen and outside and (len(self.sweeps) + order.index(route) + VIEWERS.index(viewer)) % 4:
                    continue
                body = self.bodies[route](case, viewer, ids)
                if body is SKIP:
                    continue
                is_list = route != "POST /orders" and not set(parameters) - {"store_id", "handle"}
                return_gift = case.return_gift if "return-gifts" in route else None
                for query in queries:
                    about = None if is_list else return_gift or case
                    self.request(viewer, route, body, ids=ids, query=query, case=case, about=about, state=state)
