"""The real handlers on a simulated table: table and routes from template.yaml, events from events/*.json, a clock that
tests move."""

import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import jsonschema_rs
import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from handsel.api import http
from handsel.domain.events import TYPES
from handsel.runtime import clock, settings, wiring
from handsel.store.attributes import dump_item, load_item
from local.patterns import any_matches
from local.seed import CARRIER, MAX_STORE, MIA_STORE, OTHER_CARRIER, seed
from ops.audit.audit_index import AuditIndex
from ops.audit.findings import Finding, IssueType
from ops.audit.relations import find_issues
from testkit import contract
from testkit.dynamodb.client import Call, Client
from testkit.dynamodb.table import InMemoryTable, Snapshot
from testkit.handlers import permissions
from tools import event_schemas

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
SESSION = botocore.session.get_session()
TABLE = "handsel-test"
LINK_KEYS = {"current": "2", "1": "an old key", "2": "the key of today"}
START = 1_790_000_000_000
DAY = 86_400_000
BUS = "handsel-test-events"
REAL_CLIENT = wiring._client  # what makes the clients on Lambda; here they are simulated
NEVER = 10**15
# What is wrong where nobody follows the stream, or a test took the timer away.
FOLLOWING = {IssueType.COUNT_DIFFERS, IssueType.MESSAGE_MISSING, IssueType.REMINDER_MISSING, IssueType.WINDOW_MISSING}
# The claims that make a caller more than a user. An HTTP API hands a list on as text.
ROLES = {
    "mia": {"cognito:groups": "[merchant]", "custom:store_id": MIA_STORE},
    "max": {"cognito:groups": "[merchant]", "custom:store_id": MAX_STORE},
    "carl": {"cognito:groups": "[carrier]", "custom:carrier": CARRIER},
    "hera": {"cognito:groups": "[couriers carrier]", "custom:carrier": OTHER_CARRIER},
}
ADDRESS = {
    "name": "Bob Lee",
    "phone": "+86 10 5550 0100",
    "lines": ["Lane 5", "House 7"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}


def event(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((ROOT / "events" / f"{name}.json").read_text()))


class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "handsel"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:handsel"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 55_000


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]
    raw: str
    is_base64: bool = False


@dataclass
class Stack:
    """The stack as its callers see it, and its table as an operator does."""

    simulation: "Simulation"
    now: int = START
    events: list[dict[str, Any]] = field(default_factory=list)
    # What functions asked for that their roles do not allow, and what of their roles was used.
    denied: set[tuple[str, permissions.Need]] = field(default_factory=set)
    used: set[permissions.Grant] = field(default_factory=set)
    _running: list[str] = field(default_factory=list)
    _keys: int = 0
    _followed: int = 0

    @property
    def client(self) -> "DynamoDBClient":
        return self.simulation.client

    @property
    def products(self) -> Mapping[str, str]:
        return self.simulation.products

    @property
    def memory(self) -> InMemoryTable:
        """The table itself, for what no call does."""
        assert self.simulation.memory is not None, "this runs on moto"
        return self.simulation.memory

    def function(self, name: str) -> ModuleType:
        functions = self.simulation.functions
        if name not in functions:
            path = ROOT / RESOURCES[name]["Properties"]["CodeUri"] / "app.py"
            spec = importlib.util.spec_from_file_location(f"function_{name}", path)
            assert spec is not None
            assert spec.loader is not None
            functions[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(functions[name])
        return functions[name]

    def call(
        self,
        user: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: str | None = None,
        is_base64: bool = False,
        claims: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One HTTP call, by the route and function that template.yaml names; a POST gets a fresh key by itself.

        `claims` replaces what the token says of the user beside who they are.
        """
        bare, _, query = path.partition("?")
        name, route = _route(method, bare)
        http_event = deepcopy(event("purchase_buy"))
        self._keys += 1
        http_event |= {
            "routeKey": f"{method} {route}",
            "rawPath": bare,
            "rawQueryString": query,
            "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&")) if query else {},
            "body": raw if raw is not None else (None if body is None else json.dumps(body)),
            "isBase64Encoded": is_base64,
        }
        http_event["headers"] = {"host": "api.test"}
        if method in ("POST", "PUT", "PATCH"):
            http_event["headers"]["content-type"] = "application/json"
        if method == "POST":
            http_event["headers"]["idempotency-key"] = key or f"test-key-{self._keys:04d}"
        http_event["headers"] |= dict(headers or {})
        context = http_event["requestContext"]
        context["http"] |= {"method": method, "path": bare}
        context["routeKey"] = http_event["routeKey"]
        context["requestId"] = f"request-{self._keys:04d}"
        if user is None:
            context.pop("authorizer", None)
        else:
            said = self.claims(user) if claims is None else {"sub": user, **claims}
            context["authorizer"] = {"jwt": {"claims": said, "scopes": None}}
        answer = self.invoke(name, http_event)
        headers = {header.lower(): value for header, value in answer["headers"].items()}
        content_type = headers.get("content-type", "")
        contract.check(method, bare, answer["statusCode"], content_type, answer["body"])
        body = json.loads(answer["body"]) if "json" in content_type else None
        return Answer(answer["statusCode"], body, headers, answer["body"], answer["isBase64Encoded"])

    @staticmethod
    def claims(user: str) -> dict[str, str]:
        """What the authorizer hands on of a user's token."""
        return {"sub": user, "name": user.title(), "preferred_username": user, **ROLES.get(user, {})}

    def invoke(self, name: str, payload: dict[str, Any]) -> Any:
        function = self.function(name)
        self._running.append(name)
        try:
            return function.lambda_handler(payload, Context())
        finally:
            self._running.pop()

    def asked(self, service: str, call: Call) -> None:
        """A request to AWS, by the function that runs: is it allowed to?"""
        if self._running:
            function = self._running[-1]
            for need in permissions.needs(service, call.operation, call.request):
                used = permissions.grants_for(function, need)
                self.used |= used
                if not used:
                    self.denied.add((function, need))

    def item(self, pk: str, sk: str | None = None) -> dict[str, Any] | None:
        """An item as it is in the table."""
        key = {"pk": {"S": pk}, "sk": {"S": sk or pk.partition("#")[0]}}
        answer = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)
        return load_item(cast("Any", answer["Item"])) if "Item" in answer else None

    def all_items(self) -> list[dict[str, Any]]:
        return [load_item(cast("Any", item)) for item in self.client.scan(TableName=TABLE)["Items"]]

    def damage(self) -> list[Finding]:
        """What an audit finds wrong in the table, but for what is late and what follows from the stream."""
        index = AuditIndex()
        for page in self.client.get_paginator("scan").paginate(TableName=TABLE):
            for item in page["Items"]:
                index.add(cast("Any", item))
        found = find_issues(index, now=self.now, grace_ms=NEVER)
        return [finding for finding in found if finding.type not in FOLLOWING]

    def save(self) -> Snapshot:
        """The whole table, for `load`."""
        return self.memory.snapshot()

    def load(self, saved: Snapshot) -> None:
        self.memory.restore(saved)
        http._known_accounts.clear()

    def put_directly(self, item: dict[str, Any]) -> None:
        """Into the table, without a word in the stream: for tests that need thousands."""
        streams, self.memory.streams = self.memory.streams, False
        self.memory.put_item(TableName=TABLE, Item=dump_item(item))
        self.memory.streams = streams

    # --- shorthands of the main path --------------------------------------------------------------------------

    def buy(self, user: str = "alice", quantity: int = 1, product: str = "voucher") -> dict[str, Any]:
        answer = self.call(user, "POST", "/orders", self.order_request(product, quantity))
        assert answer.status == 201, answer.raw
        return cast("dict[str, Any]", answer.body)

    def order_request(self, product: str = "voucher", quantity: int = 1, token: str = "tok_ok") -> dict[str, Any]:
        payment = {"method": "card", "token": token}
        return {"product_id": self.products[product], "quantity": quantity, "payment": payment}

    def give(self, order: Mapping[str, Any], shares: int = 1, **more: Any) -> dict[str, Any]:
        if order["product"]["kind"] == "parcel":
            more = {"wrapping": {"cover_id": "parcel-kraft", "blessing_id": "best-wishes"}} | more
        answer = self.call(
            order["buyer_id"], "POST", f"/orders/{order['order_id']}/gifts", gift_request(shares, **more)
        )
        assert answer.status == 201, answer.raw
        return cast("dict[str, Any]", answer.body)

    def claim(self, user: str, gift: Mapping[str, Any]) -> Answer:
        body: dict[str, Any] = {} if gift["secret"] is None else {"secret": gift["secret"]}
        if gift["presentation"] == "parcel":
            body["address"] = ADDRESS
        return self.call(user, "POST", f"/gifts/{gift['gift_id']}/claims", body)

    def use_parcel(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A buyer has a parcel sent to themselves."""
        body = {"quantity": 1, "address": ADDRESS}
        answer = self.call(order["buyer_id"], "POST", f"/orders/{order['order_id']}/use", body)
        assert answer.status == 201, answer.raw
        return cast("dict[str, Any]", answer.body["holdings"][0])

    def sell(self, product: str, **changes: Any) -> dict[str, Any]:
        """Its merchant changes a product."""
        known = self.call("mia", "GET", f"/products/{self.products[product]}").body
        derived = {"product_id", "store_id", "store_name", "not_giftable_reason"}
        body = {name: value for name, value in known.items() if name not in derived} | changes
        answer = self.call("mia", "PUT", f"/stores/{known['store_id']}/products/{self.products[product]}", body)
        assert answer.status == 200, answer.raw
        return cast("dict[str, Any]", answer.body)

    def report(self, shipment_id: str, status: str, *, event_id: str | None = None, at: int | None = None) -> Answer:
        """The demo carrier reports; now, unless said otherwise."""
        self._keys += 1
        occurred = datetime.fromtimestamp((self.now if at is None else at) / 1000, UTC).isoformat()
        body = {"event_id": event_id or f"event-{self._keys}", "status": status, "location": "Depot 4"}
        return self.call("carl", "POST", f"/shipments/{shipment_id}/events", body | {"occurred_at": occurred})

    def units(self, order: Mapping[str, Any]) -> dict[str, int]:
        answer = self.call(order["buyer_id"], "GET", f"/orders/{order['order_id']}")
        assert answer.status == 200, answer.raw
        return {place: count for place, count in answer.body["units"].items() if count}

    def stream_record(self, gift_id: str) -> dict[str, Any]:
        """The record that TTL's deletion of a gift's WINDOW item puts into the stream; deletes the item."""
        key = {"pk": {"S": f"WINDOW#{gift_id}"}, "sk": {"S": "WINDOW"}}
        old = self.client.delete_item(TableName=TABLE, Key=key, ReturnValues="ALL_OLD")["Attributes"]
        record = deepcopy(event("restore_window_removed")["Records"][0])
        record["dynamodb"] |= {"Keys": key, "OldImage": old}
        return cast("dict[str, Any]", record)

    def restore(self, *records: dict[str, Any]) -> list[dict[str, str]]:
        answer = self.invoke("RestoreFunction", {"Records": list(records)})
        return cast("list[dict[str, str]]", answer["batchItemFailures"])

    # --- what follows from a write ------------------------------------------------------------------------------

    def record(self) -> None:
        """From here on every write of an item is a record of the stream."""
        self.memory.streams = True

    def stop_recording(self) -> None:
        self.memory.streams = False

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.memory.stream

    def recorded(self) -> list[dict[str, Any]]:
        """The records that the projector gets."""
        return [record for record in self.records if wanted(record)]

    def forget_keys(self) -> None:
        """From here on calls have the keys they had at first."""
        self._keys = 0

    @staticmethod
    def set_window(patch: pytest.MonkeyPatch, seconds: int) -> None:
        """Another claim window than a day, from here on."""
        patch.setenv("CLAIM_WINDOW_SECONDS", str(seconds))
        settings.settings.cache_clear()

    def follow(self) -> None:
        """Delivers what was recorded and not delivered yet, as the mapping of template.yaml lets it through."""
        fresh, self._followed = self.records[self._followed :], len(self.records)
        assert self.project(*fresh) == []
        # What it writes itself must not come back to it.
        assert not [record for record in self.records[self._followed :] if wanted(record)]
        self._followed = len(self.records)

    def project(self, *records: dict[str, Any]) -> list[dict[str, str]]:
        let_through = [record for record in records if wanted(record)]
        answer = self.invoke("ProjectorFunction", {"Records": let_through})
        return cast("list[dict[str, str]]", answer["batchItemFailures"])

    def sweep(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.invoke("SweepFunction", event("sweep_every_minute")))


def wanted(record: dict[str, Any]) -> bool:
    """Whether the projector's mapping lets a record through."""
    source = RESOURCES["ProjectorFunction"]["Properties"]["Events"]["Written"]["Properties"]
    patterns = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    return any_matches(patterns, record)


@contextmanager
def listening(heard: Callable[[Call], None], *operations: str) -> Iterator[None]:
    """Tells `heard` of every call to the table, or of those of these operations, when it is over."""

    def told(call: Call) -> None:
        if not operations or call.operation in operations:
            heard(call)

    client = cast("Any", wiring.table().client)
    client.listeners.append(told)
    try:
        yield
    finally:
        client.listeners.remove(told)


def gift_request(shares: int = 1, **more: Any) -> dict[str, Any]:
    wrapping = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    return {"shares": shares, "wrapping": wrapping, **more}


def _route(method: str, path: str) -> tuple[str, str]:
    for name, resource in RESOURCES.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for source in resource["Properties"].get("Events", {}).values():
            properties = source["Properties"]
            if source["Type"] == "HttpApi" and properties["Method"] == method:
                pattern = re.sub(r"\{\w+\}", "[^/]+", properties["Path"])
                if re.fullmatch(pattern, path):
                    return name, properties["Path"]
    raise LookupError(f"template.yaml has no route for {method} {path}")


def create_table(client: "DynamoDBClient") -> None:
    """The table as template.yaml declares it."""
    properties = RESOURCES["Table"]["Properties"]
    client.create_table(
        TableName=TABLE,
        BillingMode=properties["BillingMode"],
        AttributeDefinitions=properties["AttributeDefinitions"],
        KeySchema=properties["KeySchema"],
        GlobalSecondaryIndexes=properties["GlobalSecondaryIndexes"],
    )


EVENTS = {
    name: jsonschema_rs.Draft202012Validator(event_schemas.schema(name, kind), validate_formats=True)
    for name, kind in TYPES.items()
}


class Bus:
    """Takes events as EventBridge does, and holds them against their schemas."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # EventBridge's name
        for entry in Entries:
            assert (entry["EventBusName"], entry["Source"]) == (BUS, "handsel")
            detail = json.loads(entry["Detail"])
            EVENTS[entry["DetailType"]].validate(detail)
            self.taken.append(detail)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(number)} for number in range(len(Entries))]}


class Secrets:
    """Tells what a secret is, as Secrets Manager does; `away`, it does not answer. Counts how often it was asked."""

    def __init__(self) -> None:
        self.text, self.away, self.asked = json.dumps(LINK_KEYS), False, 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803  # Secrets Manager's name
        self.asked += 1
        if self.away:
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager.test")
        assert SecretId == os.environ["LINK_KEYS_SECRET"]
        return {"SecretString": self.text}


@dataclass
class Simulation:
    """What tests share, because making it takes longer than most tests: each gets the table as it was.

    Attributes:
        memory: the table, where it is not moto's.
        reset: puts the table back.
        seeded: the records of what is in it from the start.
    """

    client: "DynamoDBClient"
    products: Mapping[str, str]
    memory: InMemoryTable | None
    reset: Callable[[], None]
    seeded: Sequence[dict[str, Any]] = ()
    bus: Bus = field(default_factory=Bus)
    secrets: Secrets = field(default_factory=Secrets)
    functions: dict[str, ModuleType] = field(default_factory=dict)


def _on_memory() -> Iterator[Simulation]:
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], now_ms=lambda: clock.now_ms())
    client = cast("DynamoDBClient", memory)
    products = seed(client, TABLE)
    seeded, records = memory.snapshot(), tuple(memory.stream)

    def reset() -> None:
        memory.restore(seeded)
        memory.streams, memory.stream = False, []

    yield Simulation(client, products, memory, reset, records)


def _on_moto() -> Iterator[Simulation]:
    with mock_aws():
        client = cast("DynamoDBClient", SESSION.create_client("dynamodb"))

        def reset() -> None:
            client.delete_table(TableName=TABLE)
            create_table(client)
            seed(client, TABLE)

        create_table(client)
        yield Simulation(client, seed(client, TABLE), None, reset)


@contextmanager
def simulating(kind: str = "memory") -> Iterator[Simulation]:
    for made in _on_moto() if kind == "moto" else _on_memory():
        simulated = {"dynamodb": made.client, "events": made.bus, "secretsmanager": made.secrets}
        clients = {name: Client(each, SESSION.get_service_model(name)) for name, each in simulated.items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wiring, "_client", clients.__getitem__)
            for cached in (settings.settings, wiring.table, wiring.payments, wiring.bus, wiring.link_keys):
                cached.cache_clear()
            yield made


@contextmanager
def standing(simulation: Simulation) -> Iterator[Stack]:
    """A stack on the table as it was at first."""
    running = Stack(simulation, events=simulation.bus.taken)
    simulation.reset()
    simulation.bus.taken.clear()
    http._known_accounts.clear()
    if directory := simulation.functions.get("DirectoryFunction"):
        directory.LOOK_UPS._full_at.clear()
    clients: dict[str, Any] = {
        "dynamodb": wiring.table().client,
        "events": wiring.bus()._client,
        "secretsmanager": wiring.link_keys()._client,
    }
    for service, client in clients.items():
        client.listeners = [partial(running.asked, service)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now_ms", lambda: running.now)
        yield running
