"""Unmistakable strings planted wherever somebody writes something, and every answer anybody gets.

A case is one purchase and what becomes of it. Its steps plant canaries and remember every answer; a sweep lets everybody
call every route about it. Who may see what is not decided here.
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
# Says what a viewer sends in a call about a case; SKIP where it would change what the others are to see.
Line = Callable[["Case", str, Ids], Body]
SKIP = object()

# Who calls. "friend" has the secrets of all links and claims nothing; "courier" works for another carrier.
VIEWERS = (
    "nobody", "stranger", "friend", "recipient", "claimer", "fellow", "giver", "merchant", "rival", "carrier", "courier",
)  # fmt: skip
AT_ONCE = 4
# Whom everybody looks up by their handle.
FOUND = "recipient"
# Parameters that name nothing of a case.
NO_CASES = {"store_id", "product_id", "file", "handle", "version", "asset"}
# Whose part in a gift is that of any user.
OUTSIDERS = ("stranger", "rival", "courier")
# What an order center shows of the catalogue.
SHELF = "GET /order-center, products"
_CURSOR = re.compile(r'"next_cursor":"([\w-]+)"')


def canary(what: str) -> str:
    return f"Canary-{what}-{secrets.token_hex(5)}"


@dataclass(frozen=True)
class Route:
    function: str
    asks_for_token: bool


def routes() -> dict[str, Route]:
    """Every HTTP route of the template."""
    found = {}
    for name, resource in template.read()["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                public = properties.get("Auth", {}).get("Authorizer") == "NONE"
                found[f"{properties['Method']} {properties['Path']}"] = Route(name, not public)
    return found


def is_list(route: str) -> bool:
    """Return whether a route is a list that is of no case: it has a limit, and no parameter but perhaps a store."""
    method, _, path = route.partition(" ")
    parameters = map(contract.resolved, contract.DOCUMENT["paths"][path][method.lower()].get("parameters", []))
    inputs = {(each["in"], each["name"]) for each in parameters}
    return ("query", "limit") in inputs and not {name for place, name in inputs if place == "path"} - {"store_id"}


@dataclass(frozen=True)
class Canary:
    """
    Attributes:
        fact: what it tells whoever sees it.
        owner: whose it is, where a fact is somebody's own.
        planted: the number of the first answer that can hold it.
    """

    text: str
    fact: str
    case: "Case | None"
    owner: str | None
    planted: int


@dataclass(frozen=True)
class Answer:
    """What one viewer got; `case` is what they asked about, None of a list."""

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
    """Everybody's calls about a case in one state: the answers numbered from `first` to before `end`."""

    case: "Case"
    state: str
    first: int
    end: int


@dataclass(eq=False)
class Case:
    """One purchase and what becomes of it. Times are numbers of answers."""

    name: str
    kind: str
    giver: str = "giver"
    recipient: str | None = None
    own_use: bool = False
    secret: str | None = None
    expires_at: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    product: dict[str, Any] = field(default_factory=dict)
    holdings: dict[str, dict[str, Any]] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    delivered: dict[str, int] = field(default_factory=dict)
    is_usable: bool = True
    ended: int | None = None
    returned_in: "Case | None" = None
    # What made it, to be sent again: by route and who sent it.
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

    def targets(self, parameter: str) -> list[str]:
        """The real ids that stand for a parameter of a path; none where there is nothing yet."""
        if parameter in ("holding_id", "shipment_id", "code"):
            return [str(holding[parameter]) for holding in self.holdings.values() if parameter in holding]
        fixed = {"store_id": MIA_STORE, "file": "red-classic.svg", "version": "any", "asset": "app.js", **self.ids}
        return [fixed[parameter]] if parameter in fixed else []

    def owner_of(self, ids: Ids) -> str:
        """Whose holding, shipment or voucher a path is about."""
        return next(
            owner
            for owner, holding in self.holdings.items()
            if any(value in holding.values() for value in ids.values())
        )

    def key(self, route: str) -> str:
        """One idempotency key a route: everybody sends the same as who called it first."""
        return self.keys.setdefault(route, canary("key"))


@dataclass
class Scan:
    """The stack, its callers, and all that was planted and answered so far."""

    running: Running
    lines: Mapping[str, Line]
    queries: Mapping[str, Sequence[str]]
    canaries: list[Canary] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    store: dict[str, str] = field(default_factory=dict)
    unknown: Case = field(default_factory=lambda: Case("what is not there", "voucher"))
    _remember: Lock = field(default_factory=Lock)
    # Of each function one worker: to start another takes longer than hundreds of calls.
    _workers: dict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))
    _routes: dict[str, Route] = field(default_factory=routes)

    def __post_init__(self) -> None:
        """Users whose names and a store whose name and carrier are canaries."""
        self.store = {"name": canary("store"), "carrier": canary("carrier")}
        roles: dict[str, dict[str, str]] = {viewer: {} for viewer in VIEWERS if viewer != "nobody"}
        roles["merchant"] = {"group": "merchant", "store_id": MIA_STORE}
        roles["rival"] = {"group": "merchant", "store_id": MAX_STORE}
        roles["carrier"] = {"group": "carrier", "carrier": self.store["carrier"]}
        roles["courier"] = {"group": "carrier", "carrier": canary("carrier")}
        suffix = secrets.token_hex(4)
        pool, client = self.running.physical("UserPool"), self.running.physical("UserPoolClient")
        made = users.create(
            self.running.stack["aws_endpoint_url"], pool, client, {f"{name}_{suffix}": roles[name] for name in roles}
        )
        self.running.stack["users"] |= made
        self.people = {name: made[f"{name}_{suffix}"] for name in roles}
        for viewer, person in self.people.items():
            self.plant(person["token"].rpartition(".")[2], "ID token", None)
            self.plant(person["user_id"], "person's id", None, viewer)
            for text in (person["handle"], self.name(viewer)):
                self.plant(text, "person", None, viewer)
        for token in ("tok_ok", "tok_timeout", "tok_declined"):
            self.plant(token, "payment token", None)
        self.unknown.ids = {
            name: canary("input")
            for name in ("order_id", "gift_id", "product_id", "store_id", "message_id", "file", "handle")
        }
        self.unknown.holdings["nobody"] = {name: canary("input") for name in ("holding_id", "shipment_id", "code")}
        for text in (*self.unknown.ids.values(), *self.unknown.holdings["nobody"].values()):
            self.plant(text, "input", None)

    def plant(self, text: str, fact: str, case: Case | None, owner: str | None = None) -> str:
        self.canaries.append(Canary(text, fact, case, owner, len(self.answers)))
        return text

    def invented(self, what: str, fact: str = "input", case: Case | None = None, owner: str | None = None) -> str:
        return self.plant(canary(what), fact, case, owner)

    def name(self, viewer: str) -> str:
        return self.people[viewer]["handle"].capitalize()

    def ask(
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
        """One call, remembered: of `case`, whose keys it uses, and `about` what it asks for, None of a list."""
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
        # A cursor holds where its list goes on, and everybody can read that.
        for cursor in _CURSOR.findall(answer.text):
            text += "\n" + base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")
        # So can everybody a QR code.
        if answer.headers.get("content-type") == "image/svg+xml" and route.endswith("/qr"):
            text += "\n" + qr.read(answer.text)
        texts = {route: text}
        if route == "GET /order-center" and answer.status_code == 200:
            # A part of it is of the catalogue, and may show what the rest may not.
            whole = answer.json()
            shelf = {name: whole.pop(name) for name in ("tagged", "viewed", "recommendations")}
            texts = {route: f"{answer.headers}\n{json.dumps(whole, ensure_ascii=False)}", SHELF: json.dumps(shelf)}
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
        """A step: a call that has to succeed, and that sweeps send again."""
        answer = self.ask(viewer, route, body, ids=ids, case=case, about=about or case, state="while it happens")
        assert answer.status_code == status, (viewer, route, answer.text)
        case.sent[route, viewer] = body
        done: dict[str, Any] = answer.json()
        return done

    # --- steps ----------------------------------------------------------------------------------------------

    def sell(self, case: Case) -> None:
        """The merchant sells something that occurs nowhere else, in a currency without a limit."""
        kind, mine = case.kind, f"{case.kind}'s product"
        store = "voucher's title and store" if kind == "voucher" else "parcel's store"
        amount = 10**9 + secrets.randbelow(10**9)
        case.product = {
            "kind": kind,
            "title": self.invented("title", "voucher's title and store" if kind == "voucher" else mine, case),
            "description": self.invented("description", mine, case),
            "image_url": self.plant(f"https://pictures.test/{canary('image')}.png", mine, case),
            "category": self.invented("category", mine, case),
            "price": {"amount": amount, "currency": "XTS"},
            "original_price": {"amount": amount + 7, "currency": "XTS"},
            "stock": 40,
        }
        if kind == "voucher":
            case.product |= {"validity_days": 30, "redeem_at": self.invented("counter", mine, case)}
        for number in (amount, amount + 7):
            self.plant(str(number), "price", case)
        self.plant(self.store["name"], store, case)
        self.plant(MIA_STORE, "voucher's product" if kind == "voucher" else store, case)
        case.ids["product_id"] = self.invented("product", mine, case)
        self.do("merchant", "PUT /stores/{store_id}/products/{product_id}", case.product, case=case, status=200,
                ids={"store_id": MIA_STORE, "product_id": case.ids["product_id"]})  # fmt: skip

    def buy(self, case: Case, quantity: int = 2, token: str = "tok_ok", status: int = 201) -> None:
        self.sell(case)
        method = self.invented("method", "payment", case)
        case.ids["handle"] = self.people[FOUND]["handle"]
        body = {
            "product_id": case.ids["product_id"],
            "quantity": quantity,
            "payment": payment(token) | {"method": method},
        }
        self.do(case.giver, "POST /orders", body, case=case, status=status)
        listed = self.ask(case.giver, "GET /orders", query="limit=1").json()["items"][0]
        if listed["state"] == "pending":
            del case.sent["POST /orders", case.giver]  # once more would pay it
        self._ordered(case, listed)

    def _ordered(self, case: Case, order: Mapping[str, Any]) -> None:
        case.ids["order_id"] = self.plant(order["order_id"], "order id", case)
        self.plant(str(order["payment"]["total"]["amount"]), "price", case)
        if reference := order["payment"]["reference"]:
            self.plant(reference, "payment", case)
        self.plant(self.people[case.giver]["user_id"], "giver's id", case)

    def give(self, case: Case, shares: int = 1) -> None:
        body: dict[str, Any] = {"shares": shares, "wrapping": self._wrapping(case)}
        if case.recipient:
            body["recipient_id"] = self.people[case.recipient]["user_id"]
        gift = self.do(case.giver, "POST /orders/{order_id}/gifts", body, case=case, ids=case.ids, status=201)
        self._given(case, gift)

    def _wrapping(self, case: Case) -> dict[str, str]:
        cover = "red-classic" if case.kind == "voucher" else "parcel-kraft"
        return {"cover_id": cover, "message": self.invented("message", "envelope", case)}

    def _given(self, case: Case, gift: Mapping[str, Any]) -> None:
        case.ids["gift_id"], case.secret, case.expires_at = gift["gift_id"], gift["secret"], gift["expires_at"]
        self.plant(self.name(case.giver), "envelope", case, case.giver)
        if case.secret:
            self.plant(case.secret, "secret", case)
        if case.recipient:
            self.plant(self.people[case.recipient]["user_id"], "recipient's id", case)
            case.ids["message_id"] = self._told(case.recipient, gift["gift_id"])

    def _told(self, viewer: str, gift_id: str) -> str:
        """The message that somebody gets of a gift to them, once it is there."""
        client, found = self.running.as_(self.people[viewer]["handle"]), list[str]()

        def there() -> bool:
            items = client.get("/messages?limit=100").json()["items"]
            found.extend(each["message_id"] for each in items if each["gift_id"] == gift_id)
            return bool(found)

        assert eventually(there, 10), "no message of a gift"
        return found[0]

    def address(self, case: Case, owner: str) -> dict[str, Any]:
        fields = {name: self.invented(name, "address", case, owner) for name in ("name", "phone", "city", "country")}
        lines = [self.invented("line", "address", case, owner) for _ in range(2)]
        postal_code = self.plant(secrets.token_hex(8), "address", case, owner)
        return {**fields, "lines": lines, "postal_code": postal_code}

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
        self._held(case, viewer, holding)

    def use(self, case: Case) -> None:
        body: dict[str, Any] = {"quantity": 1}
        if case.kind == "parcel":
            body["address"] = self.address(case, case.giver)
        used = self.do(case.giver, "POST /orders/{order_id}/use", body, case=case, ids=case.ids, status=201)
        self._held(case, case.giver, used["holdings"][0])

    def _held(self, case: Case, owner: str, holding: dict[str, Any]) -> None:
        case.holdings[owner] = holding
        self.plant(holding["holding_id"], "holding id", case, owner)
        if "code" in holding:
            self.plant(holding["code"], "voucher's code", case, owner)
        if "shipment_id" in holding:
            self.plant(holding["shipment_id"], "shipment id", case, owner)
            tracking = self.invented("tracking", "logistics", case, owner)
            self.do("merchant", "PUT /shipments/{shipment_id}", {"tracking_number": tracking}, case=case,
                    ids={"shipment_id": holding["shipment_id"]}, status=200)  # fmt: skip
            self.plant(self.store["carrier"], "logistics", case, owner)
            self.report(case, owner, "ready_to_ship")

    def report(self, case: Case, owner: str, status: str) -> None:
        event = {
            "event_id": self.invented("event"),
            "status": status,
            "location": self.invented("location", "logistics", case, owner),
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        if status != "returned":  # a gift can be that as well
            self.plant(f'"{status}"', "status", case, owner)
        if status == "delivered":
            case.delivered[owner] = len(self.answers)
        self.do("carrier", "POST /shipments/{shipment_id}/events", event, case=case,
                ids={"shipment_id": case.holdings[owner]["shipment_id"]}, status=200)  # fmt: skip
        case.events[owner] = event

    def give_in_return(self, base: Case, giver: str) -> Case:
        """`giver`, who claimed a share of the base gift, gives something back."""
        case = Case(f"return gift for a {base.kind}", base.kind, giver=giver, recipient=base.giver)
        self.sell(case)
        body = {
            "product_id": case.ids["product_id"],
            "payment": payment() | {"method": self.invented("method", "payment", case)},
            "wrapping": self._wrapping(case),
        }
        made = self.do(giver, "POST /gifts/{gift_id}/return-gifts", body, case=base, about=case,
                       ids={"gift_id": base.ids["gift_id"]}, status=201)  # fmt: skip
        base.returned_in = case
        self._ordered(case, made["order"])
        self._given(case, made["gift"])
        return case

    # --- sweeps ---------------------------------------------------------------------------------------------

    def sweep(self, case: Case, state: str) -> None:
        """Everybody calls every route about a case; of lists, those who have a part in it."""
        first = len(self.answers)
        # Who has no part in this case would be one more stranger.
        callers = [viewer for viewer in VIEWERS if viewer == "stranger" or case.role(viewer, first) != "stranger"]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda viewer: self._sweep_by(viewer, case, state), callers))
        self.sweeps.append(Sweep(case, state, first, len(self.answers)))

    def sweep_unknown(self) -> None:
        """Everybody calls every route with ids of nothing, and every list."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda viewer: self._sweep_by(viewer, self.unknown, "before anything", lists=True), VIEWERS))

    def sweep_lists(self) -> None:
        """Everybody reads every list, now that there is something in them."""
        for viewer, (route, queries) in itertools.product(VIEWERS, self.queries.items()):
            for query in queries:
                ids = {"store_id": MIA_STORE} if "{store_id}" in route else None
                self.ask(viewer, route, ids=ids, query=query.replace("limit=2", "limit=100"), state="in the end")

    def _sweep_by(self, viewer: str, case: Case, state: str, *, lists: bool = False) -> None:
        lists = lists or case.role(viewer, len(self.answers)) in ("giver", "owner", "claimer", "recipient", "merchant")
        # What is no case's says the same in every state of all of them.
        stateless = any(sweep.case.kind == case.kind for sweep in self.sweeps)
        # In a state that everybody has seen of another gift of the kind, those without a part in this one take turns.
        seen = any((sweep.case.kind, sweep.state) == (case.kind, state) for sweep in self.sweeps)
        outside = case.role(viewer, len(self.answers)) in OUTSIDERS
        # Each starts with another route, not to wait for the same function.
        order = list(self.lines)
        start = len(order) * VIEWERS.index(viewer) // len(VIEWERS)
        for route in order[start:] + order[:start]:
            parameters = re.findall(r"\{(\w+)\}", route)
            queries = self.queries.get(route, ("",))
            listed = "limit" in queries[0] or route == "GET /order-center"
            of_the_case = set(parameters) - NO_CASES
            if not of_the_case and ((stateless and not listed and route != "POST /orders") or (listed and not lists)):
                continue
            for values in itertools.product(*map(case.targets, parameters)):
                ids = dict(zip(parameters, values, strict=True))
                if seen and outside and (len(self.sweeps) + order.index(route) + VIEWERS.index(viewer)) % 4:
                    continue
                body = self.lines[route](case, viewer, ids)
                if body is SKIP:
                    continue
                is_list = route != "POST /orders" and not set(parameters) - {"store_id", "handle"}
                answered = case.returned_in if "return-gifts" in route else None
                for query in queries:
                    about = None if is_list else answered or case
                    self.ask(viewer, route, body, ids=ids, query=query, case=case, about=about, state=state)
