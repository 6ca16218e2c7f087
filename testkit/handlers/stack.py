"""Run the real handlers on an in-memory table.

The table and the routes come from template.yaml, sample events from events/*.json. Tests set the clock.
"""

import base64
import importlib.util
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import jsonschema_rs
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from handsel.api import http
from handsel.api.requests.stores import ProductRequest
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
from testkit.lambda_environment import SECRETS, WEB_URL
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
REAL_CLIENT = wiring._client  # makes the clients on Lambda; in tests they are simulated
NEVER = 10**15
# Findings that are expected in tests that do not deliver stream records, or that delete the timer item.
STREAM_DEPENDENT = {
    IssueType.COUNT_DIFFERS,
    IssueType.MESSAGE_MISSING,
    IssueType.MESSAGE_STALE,
    IssueType.REMINDER_MISSING,
    IssueType.WINDOW_MISSING,
}
# The claims that give a user a role.
ROLES = {
    "mia": {"cognito:groups": ["merchant"], "custom:store_id": MIA_STORE},
    "max": {"cognito:groups": ["merchant"], "custom:store_id": MAX_STORE},
    "carl": {"cognito:groups": ["carrier"], "custom:carrier": CARRIER},
    "hera": {"cognito:groups": ["couriers", "carrier"], "custom:carrier": OTHER_CARRIER},
}
# By store, the merchant's user.
MERCHANTS = {MIA_STORE: "mia", MAX_STORE: "max"}
ADDRESS = {
    "name": "Bob Lee",
    "phone": "+86 10 5550 0100",
    "lines": ["Road 5", "House 7"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}


def pass_on(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims as the authorizer of an HTTP API passes them on: the list of groups becomes text."""
    groups = claims.get("cognito:groups")
    return {**claims, **({"cognito:groups": f"[{' '.join(map(str, groups))}]"} if isinstance(groups, list) else {})}


def encode_token(claims: Mapping[str, Any]) -> str:
    """Return a token with these claims, which the authorizer verified."""
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, "")
    )


def event(name: str) -> dict[str, Any]:
    """Read a sample event."""
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
    """A stack: routes and functions as callers see them, and the table as an operator sees it.

    Attributes:
        now: real time, in milliseconds since the epoch; a test clock is ahead of it.
        events: the domain events published so far.
        denied: requests that a function made and its role does not allow.
        used: the grants of the roles that were used.
    """

    simulation: "Simulation"
    now: int = START
    events: list[dict[str, Any]] = field(default_factory=list)
    denied: set[tuple[str, permissions.Need]] = field(default_factory=set)
    used: set[permissions.Grant] = field(default_factory=set)
    _running: list[str] = field(default_factory=list)
    _keys: int = 0
    _delivered: int = 0

    @property
    def client(self) -> "DynamoDBClient":
        return self.simulation.client

    @property
    def products(self) -> Mapping[str, str]:
        return self.simulation.products

    @property
    def memory(self) -> InMemoryTable:
        """Return the in-memory table, for tests that change it directly."""
        assert self.simulation.memory is not None, "this runs on moto"
        return self.simulation.memory

    def function(self, name: str) -> ModuleType:
        """Return the module of a function of the template; import it at first use."""
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
        headers: Mapping[str, str | None] | None = None,
        raw: str | None = None,
        is_base64: bool = False,
        claims: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Make one HTTP call, through the route and function in template.yaml.

        Args:
            key: the Idempotency-Key; a POST gets a fresh one by default.
            headers: more headers; None removes one.
            raw: the body as text, instead of `body`.
            claims: replaces all claims of the user's token but `sub`.
        """
        bare, _, query = path.partition("?")
        name, route = _route(method, bare)
        http_event = deepcopy(event("purchase_buy"))
        self._keys += 1
        http_event |= {
            "routeKey": route,
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
        http_event["headers"] = {name: value for name, value in http_event["headers"].items() if value is not None}
        context = http_event["requestContext"]
        context["http"] |= {"method": method, "path": bare}
        context["routeKey"] = http_event["routeKey"]
        context["requestId"] = f"request-{self._keys:04d}"
        if user is None:
            context.pop("authorizer", None)
        else:
            token = self.claims(user) if claims is None else {"sub": user, **claims}
            context["authorizer"] = {"jwt": {"claims": pass_on(token), "scopes": None}}
            http_event["headers"].setdefault("authorization", f"Bearer {encode_token(token)}")
        answer = self.invoke(name, http_event)
        answered = {header.lower(): value for header, value in answer["headers"].items()}
        content_type = answered.get("content-type", "")
        contract.check(method, bare, answer["statusCode"], content_type, answer["body"])
        body = json.loads(answer["body"]) if "json" in content_type else None
        return Answer(answer["statusCode"], body, answered, answer["body"], answer["isBase64Encoded"])

    @staticmethod
    def claims(user: str) -> dict[str, Any]:
        """Return the claims of a user's token."""
        return {"sub": user, "name": user.title(), "preferred_username": user, **ROLES.get(user, {})}

    def invoke(self, name: str, payload: dict[str, Any]) -> Any:
        """Invoke a function with an event and return its response."""
        function = self.function(name)
        self._running.append(name)
        try:
            return function.lambda_handler(payload, Context())
        finally:
            self._running.pop()

    def check_permission(self, service: str, call: Call) -> None:
        """Record whether the function that is running may make a request to AWS."""
        if self._running:
            function = self._running[-1]
            for need in permissions.needs(service, call.operation, call.request):
                used = permissions.grants_for(function, need)
                self.used |= used
                if not used:
                    self.denied.add((function, need))

    def item(self, pk: str, sk: str | None = None) -> dict[str, Any] | None:
        """Return an item of the table, or None."""
        key = {"pk": {"S": pk}, "sk": {"S": sk or pk.partition("#")[0]}}
        answer = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)
        return load_item(cast("Any", answer["Item"])) if "Item" in answer else None

    def all_items(self) -> list[dict[str, Any]]:
        return [load_item(cast("Any", item)) for item in self.client.scan(TableName=TABLE)["Items"]]

    def audit_findings(self) -> list[Finding]:
        """Return what an audit of the table finds, without late work and findings that depend on the stream."""
        index = AuditIndex()
        for page in self.client.get_paginator("scan").paginate(TableName=TABLE):
            for item in page["Items"]:
                index.add(cast("Any", item))
        found = find_issues(index, now=self.now, grace_ms=NEVER)
        return [finding for finding in found if finding.type not in STREAM_DEPENDENT]

    def save(self) -> Snapshot:
        """Return the content of the whole table, for `load`."""
        return self.memory.snapshot()

    def load(self, saved: Snapshot) -> None:
        self.memory.restore(saved)
        http._known_accounts.clear()
        wiring.table().rollout = None

    def put_directly(self, item: dict[str, Any]) -> None:
        """Put an item without a stream record, for tests that need thousands of items."""
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
        """Use one unit of a parcel order: the parcel is sent to the buyer."""
        body = {"quantity": 1, "address": ADDRESS}
        answer = self.call(order["buyer_id"], "POST", f"/orders/{order['order_id']}/use", body)
        assert answer.status == 201, answer.raw
        return cast("dict[str, Any]", answer.body["holdings"][0])

    def update_product(self, product: str, **changes: Any) -> dict[str, Any]:
        """Change fields of a product, as its merchant."""
        read = self.call("mia", "GET", f"/products/{self.products[product]}")
        known = read.body
        body = {name: value for name, value in known.items() if name in ProductRequest.model_fields} | changes
        answer = self.call(
            "mia",
            "PUT",
            f"/stores/{known['store_id']}/products/{self.products[product]}",
            body,
            headers={"if-match": read.headers["etag"]},
        )
        assert answer.status == 200, answer.raw
        return cast("dict[str, Any]", answer.body)

    def report(self, shipment_id: str, status: str, *, event_id: str | None = None, at: int | None = None) -> Answer:
        """Report a shipment event as the demo carrier, at `at` or now."""
        self._keys += 1
        occurred = datetime.fromtimestamp((self.now if at is None else at) / 1000, UTC).isoformat()
        body = {"event_id": event_id or f"event-{self._keys}", "status": status, "location": "Depot 4"}
        return self.call("carl", "POST", f"/shipments/{shipment_id}/events", body | {"occurred_at": occurred})

    def units(self, order: Mapping[str, Any]) -> dict[str, int]:
        """Return the number of units by place, without zeros."""
        answer = self.call(order["buyer_id"], "GET", f"/orders/{order['order_id']}")
        assert answer.status == 200, answer.raw
        return {place: count for place, count in answer.body["units"].items() if count}

    def stream_record(self, gift_id: str) -> dict[str, Any]:
        """Delete a gift's timer item as TTL does, and return the stream record of the deletion."""
        key = {"pk": {"S": f"WINDOW#{gift_id}"}, "sk": {"S": "WINDOW"}}
        old = self.client.delete_item(TableName=TABLE, Key=key, ReturnValues="ALL_OLD")["Attributes"]
        record = deepcopy(event("restore_window_removed")["Records"][0])
        record["dynamodb"] |= {"Keys": key, "OldImage": old}
        return cast("dict[str, Any]", record)

    def restore(self, *records: dict[str, Any]) -> list[dict[str, str]]:
        answer = self.invoke("RestoreFunction", {"Records": list(records)})
        return cast("list[dict[str, str]]", answer["batchItemFailures"])

    # --- the stream ---------------------------------------------------------------------------------------------

    def start_recording(self) -> None:
        """Write a stream record for every change from now on."""
        self.memory.streams = True

    def stop_recording(self) -> None:
        self.memory.streams = False

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.memory.stream

    def projector_records(self) -> list[dict[str, Any]]:
        """Return the records that the projector's filters let through."""
        return [record for record in self.records if passes_filter(record)]

    def reset_keys(self) -> None:
        """Restart the generated idempotency keys, so that the next calls repeat the first ones."""
        self._keys = 0

    @staticmethod
    def set_window(patch: pytest.MonkeyPatch, seconds: int) -> None:
        """Set the length of the claim window for gifts given from now on."""
        patch.setenv("CLAIM_WINDOW_SECONDS", str(seconds))
        settings.settings.cache_clear()

    def deliver_records(self) -> None:
        """Deliver the records since the last delivery to the projector, filtered by its mapping in template.yaml."""
        fresh, self._delivered = self.records[self._delivered :], len(self.records)
        assert self.project(*fresh) == []
        # The filters must exclude the projector's own writes.
        assert not [record for record in self.records[self._delivered :] if passes_filter(record)]
        self._delivered = len(self.records)

    def project(self, *records: dict[str, Any]) -> list[dict[str, str]]:
        """Invoke the projector with the records its filters let through; return the failed ones."""
        let_through = [record for record in records if passes_filter(record)]
        answer = self.invoke("ProjectorFunction", {"Records": let_through})
        return cast("list[dict[str, str]]", answer["batchItemFailures"])

    def sweep(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.invoke("SweepFunction", event("sweep_every_minute")))


def passes_filter(record: dict[str, Any]) -> bool:
    """Return whether the projector's filters let a record through."""
    source = RESOURCES["ProjectorFunction"]["Properties"]["Events"]["Written"]["Properties"]
    patterns = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    return any_matches(patterns, record)


@contextmanager
def observe_calls(on_call: Callable[[Call], None], *operations: str) -> Iterator[None]:
    """Pass every call to the table to `on_call` after it ended, or only calls of these operations."""

    def listener(call: Call) -> None:
        if not operations or call.operation in operations:
            on_call(call)

    client = cast("Any", wiring.table().client)
    client.listeners.append(listener)
    try:
        yield
    finally:
        client.listeners.remove(listener)


def gift_request(shares: int = 1, **more: Any) -> dict[str, Any]:
    wrapping = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
    return {"shares": shares, "wrapping": wrapping, **more}


def _route(method: str, path: str) -> tuple[str, str]:
    """Return the function and the route key of a call, by the rules of API Gateway."""
    default = ""
    for name, resource in RESOURCES.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for source in resource["Properties"].get("Events", {}).values():
            properties = source["Properties"]
            if source["Type"] != "HttpApi":
                continue
            if properties["Path"] == "$default":
                default = name
            elif properties["Method"] in (method, "ANY"):
                pattern = re.sub(r"\{\w+\}", "[^/]+", properties["Path"])
                if re.fullmatch(pattern, path):
                    return name, f"{properties['Method']} {properties['Path']}"
    return default, "$default"


def table_schema() -> dict[str, Any]:
    """Return the attributes, keys and indexes of the table that template.yaml declares, without its limits."""
    properties = RESOURCES["Table"]["Properties"]
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in properties["GlobalSecondaryIndexes"]
    ]
    return {
        "AttributeDefinitions": properties["AttributeDefinitions"],
        "KeySchema": properties["KeySchema"],
        "GlobalSecondaryIndexes": indexes,
    }


def create_table(client: "DynamoDBClient") -> None:
    """Create the table that template.yaml declares."""
    client.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **table_schema())


EVENTS = {
    name: jsonschema_rs.Draft202012Validator(event_schemas.schema(name, kind), validate_formats=True)
    for name, kind in TYPES.items()
}


class Bus:
    """A simulated event bus that validates each event against its schema."""

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
    """A simulated Secrets Manager.

    Attributes:
        text: the value of the secret with the link keys.
        origin: the value of the secret that the distribution sends.
        is_down: whether requests time out.
        requests: the number of requests so far.
    """

    def __init__(self) -> None:
        self.text, self.is_down, self.requests = json.dumps(LINK_KEYS), False, 0
        self.origin = json.dumps({"1": "sent by the distribution"})

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803  # Secrets Manager's name
        self.requests += 1
        if self.is_down:
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager.test")
        return {"SecretString": {"LinkKeys.Id": self.text, "OriginSecret.Id": self.origin}[SECRETS[SecretId]]}


class UserPool:
    """A simulated user pool, in which every subject has a user until it is deleted.

    Attributes:
        deleted: the subjects whose users were deleted.
        is_down: whether requests time out.
    """

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.is_down = False

    def admin_delete_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803  # Cognito's names
        if self.is_down:
            raise ConnectTimeoutError(endpoint_url="https://cognito-idp.test")
        if Username in self.deleted:
            error = {"Error": {"Code": "UserNotFoundException", "Message": "User does not exist."}}
            raise ClientError(cast("Any", error), "AdminDeleteUser")
        self.deleted.append(Username)
        return {}


class ExportBucket:
    """A simulated bucket: the files by name. A link names its file."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803
        self.files[Key] = Body
        return {}

    def generate_presigned_url(self, operation: str, *, Params: Mapping[str, str], ExpiresIn: int) -> str:  # noqa: N803
        assert (operation, ExpiresIn) == ("get_object", 300)
        return f"https://exports.test/{Params['Key']}"


USER_CACHES = (wiring.identities, wiring._cognito, wiring.export_bucket, wiring._s3)
SECRET_CACHES = (wiring.link_keys, wiring.origin_secrets, wiring._secrets_manager)


@dataclass
class Simulation:
    """The table and functions that tests share, because creating them takes longer than most tests.

    Attributes:
        memory: the table, or None if moto runs it.
        reset: restores the initial content of the table.
        seeded: the stream records of the initial content.
    """

    client: "DynamoDBClient"
    products: Mapping[str, str]
    memory: InMemoryTable | None
    reset: Callable[[], None]
    seeded: Sequence[dict[str, Any]] = ()
    bus: Bus = field(default_factory=Bus)
    secrets: Secrets = field(default_factory=Secrets)
    users: UserPool = field(default_factory=UserPool)
    exports: ExportBucket = field(default_factory=ExportBucket)
    functions: dict[str, ModuleType] = field(default_factory=dict)


def _on_memory() -> Iterator[Simulation]:
    memory = InMemoryTable(TABLE, RESOURCES["Table"]["Properties"], now_ms=lambda: clock.now_ms() - clock.offset_ms())
    client = cast("DynamoDBClient", memory)
    products = seed(client, TABLE, WEB_URL, merchants=MERCHANTS)
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
            seed(client, TABLE, WEB_URL, merchants=MERCHANTS)

        create_table(client)
        yield Simulation(client, seed(client, TABLE, WEB_URL, merchants=MERCHANTS), None, reset)


@contextmanager
def open_simulation(kind: str = "memory") -> Iterator[Simulation]:
    """Replace the AWS clients of the handlers by simulated ones; the table runs on `memory` or `moto`."""
    for simulation in _on_moto() if kind == "moto" else _on_memory():
        simulated = {
            "dynamodb": simulation.client,
            "events": simulation.bus,
            "secretsmanager": simulation.secrets,
            "cognito-idp": simulation.users,
            "s3": simulation.exports,
        }
        clients = {name: Client(each, SESSION.get_service_model(name)) for name, each in simulated.items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wiring, "_client", clients.__getitem__)
            for cached in (settings.settings, wiring.table, wiring.payments, wiring.bus, *USER_CACHES, *SECRET_CACHES):
                cached.cache_clear()
            yield simulation


@contextmanager
def open_stack(simulation: Simulation) -> Iterator[Stack]:
    """Yield a stack on the initial content of the table."""
    running = Stack(simulation, events=simulation.bus.taken)
    simulation.reset()
    simulation.bus.taken.clear()
    simulation.users.deleted.clear()
    http._known_accounts.clear()
    wiring.table().rollout = None
    if directory := simulation.functions.get("DirectoryFunction"):
        directory.HANDLE_LOOKUPS._full_at.clear()
    clients: dict[str, Any] = {
        "dynamodb": wiring.table().client,
        "events": wiring.bus()._client,
        "secretsmanager": wiring.link_keys()._client,
        "cognito-idp": wiring._cognito(),
        "s3": wiring._s3(),
    }
    for service, client in clients.items():
        client.listeners = [partial(running.check_permission, service)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: running.now * 1_000_000))
        patch.setattr(clock, "_offset_ms", 0)
        yield running
