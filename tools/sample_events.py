"""The events of events/*.json: one story, which can be told from the first file to the last.

Ids come from who called and with which Idempotency-Key, so an event names what earlier ones make. A gift to a named
recipient needs no secret. What cannot be known beforehand is one of PLACEHOLDERS, and answers 404 as it
stands.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handsel.domain import ids
from handsel.store import keys
from handsel.store.attributes import dump_item
from local.seed import CARRIER, MIA_STORE, PRODUCTS, STORES
from local.settings import ROOT

FOLDER = ROOT / "events"
PLACEHOLDERS = CODE, HOLDING = "CODE-OF-THE-VOUCHER", "ID-OF-THE-VOUCHER"
# All of them are of one day that is over wherever they are told: a carrier reports nothing from the future.
_DAY, _DAY_IN_LOGS, _DAY_SECONDS = "2026-01-05T08:00:00Z", "05/Jan/2026:08:00:00 +0000", 1_767_600_000
_REGION, _ACCOUNT, _HOST = "eu-central-1", "123456789012", "api.example.com"
_USER_POOL, _CLIENT = f"{_REGION}_Example01", "1example23456789example0123"


@dataclass(frozen=True)
class Event:
    """What one function is called with, and what comes of it."""

    function: str
    what: str
    said: str
    payload: Mapping[str, Any]
    # Status of an HTTP answer, when the story is told in order; None where no HTTP is.
    answers: int | None = None
    # The same while the gift it is about can still be opened, where that is another one.
    answers_before_the_end: int | None = None

    @property
    def name(self) -> str:
        folder = re.sub(r"(?<!^)(?=[A-Z])", "_", self.function.removesuffix("Function")).lower()
        return f"{folder}_{self.what}"

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.json"

    @property
    def route(self) -> str | None:
        """Method and path of template.yaml; None where no HTTP is."""
        return self.payload.get("routeKey")


def files() -> dict[Path, str]:
    """What every file of the folder has to hold."""
    return {event.file: json.dumps(event.payload, indent=2) + "\n" for event in story()}


# --- who is in it ----------------------------------------------------------------------------------------------------

Claims = Mapping[str, str]


def _person(user_id: str, name: str, **more: str) -> Claims:
    """The claims of an ID token, as an HTTP API hands them on: all of them text."""
    return {
        "aud": _CLIENT,
        "cognito:username": user_id,
        "email": f"{name.lower()}@example.com",
        "iss": f"https://cognito-idp.{_REGION}.amazonaws.com/{_USER_POOL}",
        "name": name,
        "preferred_username": name.lower(),
        "sub": user_id,
        "token_use": "id",
        **more,
    }


ALICE = _person("3f0c7d1e-0000-4000-8000-00000000a11c", "Alice")
BOB = _person("5b1e9c44-0000-4000-8000-000000000b0b", "Bob")
MIA = _person(
    "7a6d2b90-0000-4000-8000-00000000031a",
    "Mia",
    **{"cognito:groups": "[merchant]", "custom:store_id": MIA_STORE},
)
CARL = _person(
    "91c4e5f2-0000-4000-8000-00000000ca71",
    "Carl",
    **{"cognito:groups": "[carrier]", "custom:carrier": CARRIER},
)

# --- what is made in it ----------------------------------------------------------------------------------------------


def _key(name: str) -> str:
    return f"event-{name}"


def _made(kind: str, by: Claims, name: str) -> str:
    """The id of what the event `name` makes."""
    return ids.derive_id(kind, by["sub"], _key(name))


ORDER = _made("order", ALICE, "purchase_buy")
PARCEL_ORDER = _made("order", ALICE, "purchase_buy_parcel")
GIFT = _made("gift", ALICE, "gift_give")
DECLINED_GIFT = _made("gift", ALICE, "gift_give_unwanted")
CANCELLED_GIFT = _made("gift", ALICE, "gift_give_group")
UNOPENED_GIFT = _made("gift", ALICE, "gift_give_unopened")
PARCEL_GIFT = _made("gift", ALICE, "gift_give_parcel")
RETURN_GIFT = _made("return gift", BOB, "return_gift_give")
REFUND = _made("refund", ALICE, "order_refund")
PARCEL = ids.derive_parcel_id(_made("use", ALICE, "order_use_parcel"))
SHIPMENT = ids.derive_shipment_id(PARCEL)
NEW_PRODUCT = "jasmine-tea"

_VOUCHER, _TEA_SET = PRODUCTS["voucher"].product_id, PRODUCTS["parcel"].product_id
_PAYMENT = {"method": "card", "token": "tok_ok"}
_WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
_TO_BOB = {"shares": 1, "recipient_id": BOB["sub"], "wrapping": _WRAPPING}
_ADDRESS = {
    "name": "Bob Lee",
    "phone": "+86 10 5550 0100",
    "lines": ["Lane 5", "House 7"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}

# --- what is told ----------------------------------------------------------------------------------------------------


@cache
def story() -> tuple[Event, ...]:
    return tuple(_story())


def _story() -> Iterator[Event]:
    yield Event("PostConfirmationFunction", "sign_up", "Bob has signed up and gets an account.", _confirmed(BOB))
    for what, said, path, query in (
        ("health", "Is anybody there?", "/health", None),
        ("openapi", "The API, described.", "/openapi.json", None),
        ("state_machine", "What can become of a gift.", "/meta/state-machine", None),
        ("wrappings", "What a voucher can be wrapped in.", "/wrappings", {"kind": "voucher"}),
        ("cover", "One of the covers.", "/covers/{file}", None),
    ):
        of = {"file": "red-classic.svg"} if "{" in path else {}
        yield _http("PublicApiFunction", what, said, f"GET {path}", 200, path=of, query=query)
    yield _http("WebFunction", "start", "The app, as a browser opens it.", "GET /", 200)
    yield _http(
        "WebFunction",
        "asset",
        "One of the scripts that it is made of.",
        "GET /assets/{version}/{asset}",
        200,
        path={"version": "latest", "asset": "app.js"},
    )
    yield _http("AccountFunction", "read", "Bob looks at his account.", "GET /me", 200, by=BOB)
    yield _http(
        "AccountFunction",
        "change",
        "He picks a handle that he can be found by.",
        "PATCH /me",
        200,
        by=BOB,
        body={"handle": "bob.lee"},
    )
    yield _http(
        "DirectoryFunction",
        "find",
        "Alice finds him by it.",
        "GET /people/{handle}",
        200,
        by=ALICE,
        path={"handle": "Bob.Lee"},
    )

    store = {"store_id": MIA_STORE}
    of_store = STORES[MIA_STORE]
    yield _http(
        "MerchantFunction",
        "put_store",
        "Mia says how her store is called and who carries its parcels.",
        "PUT /stores/{store_id}",
        200,
        by=MIA,
        path=store,
        body={"name": of_store.name, "carrier": of_store.carrier, "giftable": of_store.giftable},
    )
    yield _http("MerchantFunction", "read_store", "She reads it.", "GET /stores/{store_id}", 200, by=MIA, path=store)
    yield _http(
        "MerchantFunction",
        "put_product",
        "She puts a new tea on the shelf.",
        "PUT /stores/{store_id}/products/{product_id}",
        200,
        by=MIA,
        path=store | {"product_id": NEW_PRODUCT},
        body={
            "kind": "parcel",
            "title": "Jasmine tea",
            "category": "food",
            "price": {"amount": 6800, "currency": "CNY"},
            "stock": 40,
        },
    )
    yield _http(
        "CatalogFunction",
        "list",
        "Alice sees what the store sells.",
        "GET /stores/{store_id}/products",
        200,
        by=ALICE,
        path=store,
    )
    yield _http(
        "CatalogFunction",
        "read",
        "She looks at the afternoon tea.",
        "GET /products/{product_id}",
        200,
        by=ALICE,
        path={"product_id": _VOUCHER},
    )

    yield _http(
        "PreferencesFunction",
        "tag",
        "She tags the tea set, not to forget it.",
        "PUT /tagged/{product_id}",
        204,
        by=ALICE,
        path={"product_id": _TEA_SET},
    )
    yield _http("PreferencesFunction", "list_tagged", "What she tagged.", "GET /tagged", 200, by=ALICE)
    yield _http("PreferencesFunction", "list_viewed", "What she looked at.", "GET /viewed", 200, by=ALICE)
    yield _http("PreferencesFunction", "recommend", "What she may like.", "GET /recommendations", 200, by=ALICE)

    order, gift = {"order_id": ORDER}, {"gift_id": GIFT}
    yield _http(
        "PurchaseFunction",
        "buy",
        "She buys five vouchers for it.",
        "POST /orders",
        201,
        by=ALICE,
        body={"product_id": _VOUCHER, "quantity": 5, "payment": _PAYMENT},
        once=True,
    )
    yield _http(
        "OrderFunction",
        "list",
        "Her paid orders.",
        "GET /orders",
        200,
        by=ALICE,
        query={"state": "paid", "limit": "20"},
    )
    yield _http("OrderFunction", "read", "The order.", "GET /orders/{order_id}", 200, by=ALICE, path=order)
    yield _give("give", "She gives one to Bob.", ORDER, _TO_BOB)
    yield _http("GiftFunction", "list_sent", "What she gave.", "GET /gifts", 200, by=ALICE, query={"role": "sent"})
    yield _http(
        "GiftFunction",
        "list_of_order",
        "What she gave of this order.",
        "GET /orders/{order_id}/gifts",
        200,
        by=ALICE,
        path=order,
    )
    yield _http(
        "GiftFunction", "list_received", "What Bob was given.", "GET /gifts", 200, by=BOB, query={"role": "received"}
    )
    yield _http(
        "PublicApiFunction",
        "preview",
        "What anybody sees of the gift.",
        "GET /gifts/{gift_id}/preview",
        200,
        path=gift,
    )
    yield _http("WebFunction", "gift", "The page where it is opened.", "GET /g/{gift_id}", 200, path=gift)
    yield _http(
        "ClaimFunction", "claim", "Bob opens it.", "POST /gifts/{gift_id}/claims", 201, by=BOB, path=gift, body={}
    )
    yield _http("GiftFunction", "read", "Alice sees that he did.", "GET /gifts/{gift_id}", 200, by=ALICE, path=gift)
    yield _http(
        "DirectoryFunction", "list", "He is one of those she exchanged gifts with.", "GET /people", 200, by=ALICE
    )
    yield _http("HoldingFunction", "list", "Bob's vouchers, with their codes.", "GET /holdings", 200, by=BOB)
    yield _http(
        "HoldingFunction",
        "qr",
        f"He shows one in the store: 200 with its `holding_id` in the three places of `{HOLDING}`.",
        "GET /holdings/{holding_id}/qr",
        404,
        by=BOB,
        path={"holding_id": HOLDING},
    )
    yield _http(
        "MerchantFunction",
        "redeem",
        f"Mia redeems it: 201 with its code in the three places of `{CODE}`.",
        "POST /vouchers/{code}/redemptions",
        404,
        by=MIA,
        path={"code": CODE},
        body={},
    )
    yield _give("give_unwanted", "Alice gives Bob another one.", ORDER, _TO_BOB)
    yield _http(
        "GiftFunction",
        "decline",
        "He would rather not.",
        "POST /gifts/{gift_id}/decline",
        200,
        by=BOB,
        path={"gift_id": DECLINED_GIFT},
    )
    yield _give(
        "give_group", "She gives two by link, to whoever is quick.", ORDER, {"shares": 2, "wrapping": _WRAPPING}
    )
    yield _http(
        "GiftFunction",
        "cancel",
        "She takes them back.",
        "POST /gifts/{gift_id}/cancel",
        200,
        by=ALICE,
        path={"gift_id": CANCELLED_GIFT},
    )
    for what, said, path in (
        ("use", "She takes one for herself.", "use"),
        ("refund", "She gets the money for another one back.", "refunds"),
    ):
        yield _http(
            "OrderFunction",
            what,
            said,
            f"POST /orders/{{order_id}}/{path}",
            201,
            by=ALICE,
            path=order,
            body={"quantity": 1},
            once=True,
        )

    yield _http("OrderFunction", "payments", "What she paid, and got back.", "GET /payments", 200, by=ALICE)

    yield Event(
        "InboundFunction",
        "payment",
        "The bus has that something became of her payment: it is settled already.",
        _on_the_bus("payment.settled", {"order_id": ORDER}),
    )
    yield Event(
        "InboundFunction",
        "refund",
        "And of her refund: so is that.",
        _on_the_bus("refund.settled", {"refund_id": REFUND}),
    )

    yield _http(
        "PurchaseFunction",
        "buy_parcel",
        "She buys two tea sets.",
        "POST /orders",
        201,
        by=ALICE,
        body={"product_id": _TEA_SET, "quantity": 2, "payment": _PAYMENT},
        once=True,
    )
    yield _http(
        "PreferencesFunction",
        "untag",
        "She need not remember it any more.",
        "DELETE /tagged/{product_id}",
        204,
        by=ALICE,
        path={"product_id": _TEA_SET},
    )
    yield _give(
        "give_parcel",
        "She sends one to Bob, with her own words.",
        PARCEL_ORDER,
        _TO_BOB | {"wrapping": {"cover_id": "parcel-kraft", "message": "For your new kitchen!"}},
    )
    yield _http(
        "ClaimFunction",
        "parcel",
        "Bob says where it goes.",
        "POST /gifts/{gift_id}/claims",
        201,
        by=BOB,
        path={"gift_id": PARCEL_GIFT},
        body={"address": _ADDRESS},
    )
    # Who follows Bob's has its random id from an answer; that of a use comes from its call, as most ids do.
    yield _http(
        "OrderFunction",
        "use_parcel",
        "Alice keeps the other one, and says where it goes.",
        "POST /orders/{order_id}/use",
        201,
        by=ALICE,
        path={"order_id": PARCEL_ORDER},
        body={"quantity": 1, "address": _ADDRESS | {"name": "Alice Lee"}},
        once=True,
    )
    shipment = {"shipment_id": SHIPMENT}
    yield _http(
        "MerchantFunction",
        "list_shipments",
        "Mia sees what to ship.",
        "GET /stores/{store_id}/shipments",
        200,
        by=MIA,
        path=store,
        query={"status": "ready_to_ship"},
    )
    yield _http(
        "MerchantFunction",
        "hand_over",
        "She hands Alice's to the carrier.",
        "PUT /shipments/{shipment_id}",
        200,
        by=MIA,
        path=shipment,
        body={"tracking_number": "SW-2026-0042"},
    )
    yield Event(
        "InboundFunction",
        "report",
        "The bus has that the carrier has picked it up.",
        _on_the_bus(
            "carrier.reported",
            {
                "carrier": CARRIER,
                "shipment_id": SHIPMENT,
                "event_id": "scan-0",
                "status": "picked_up",
                "location": "Suzhou",
                "occurred_at": _DAY,
            },
        ),
    )
    yield _http(
        "ShipmentFunction",
        "report",
        "Carl has delivered it.",
        "POST /shipments/{shipment_id}/events",
        200,
        by=CARL,
        path=shipment,
        body={"event_id": "scan-1", "status": "delivered", "location": "Hangzhou", "occurred_at": _DAY},
    )
    yield _http(
        "ShipmentFunction",
        "read",
        "Alice sees that it is there.",
        "GET /shipments/{shipment_id}",
        200,
        by=ALICE,
        path=shipment,
    )
    yield _http(
        "HoldingFunction",
        "read",
        "And in what she holds.",
        "GET /holdings/{holding_id}",
        200,
        by=ALICE,
        path={"holding_id": PARCEL},
    )

    yield _http(
        "ReturnGiftFunction",
        "give",
        "He gives Alice an afternoon tea in return.",
        "POST /gifts/{gift_id}/return-gifts",
        201,
        by=BOB,
        path={"gift_id": PARCEL_GIFT},
        body={"product_id": _VOUCHER, "payment": _PAYMENT, "wrapping": _WRAPPING},
        once=True,
    )
    yield _http(
        "ClaimFunction",
        "in_return",
        "She opens it.",
        "POST /gifts/{gift_id}/claims",
        201,
        by=ALICE,
        path={"gift_id": RETURN_GIFT},
        body={},
    )

    yield _give("give_unopened", "Alice gives Bob one more voucher. The claim window passes.", ORDER, _TO_BOB)
    yield Event(
        "RestoreFunction",
        "window_removed",
        "Time to live has removed its window: its unit is back, or stays while the window is open.",
        _window_removed(UNOPENED_GIFT, ORDER),
    )
    yield Event("SweepFunction", "every_minute", "Settles all else whose window is over.", _scheduled("sweep"))
    yield Event("HealthFunction", "every_five_minutes", "Finds nothing overdue and the law kept.", _scheduled("health"))
    yield _http(
        "GiftFunction",
        "ask_again",
        "Bob asks for it after all.",
        "POST /gifts/{gift_id}/ask-again",
        202,
        by=BOB,
        path={"gift_id": UNOPENED_GIFT},
        before_the_end=409,
    )
    yield Event(
        "ProjectorFunction",
        "asked_again",
        "The stream has that he did: Alice gets a message, and the bus would what others may know.",
        _written(_asked(UNOPENED_GIFT, ALICE, BOB)),
    )
    yield _http("MessageFunction", "list", "Alice reads what she was told.", "GET /messages", 200, by=ALICE)
    yield _http(
        "MessageFunction",
        "mark_read",
        "She has seen that Bob asked.",
        "POST /messages/{message_id}/read",
        200,
        by=ALICE,
        path={"message_id": ids.derive_id("message", "asked_again", UNOPENED_GIFT, BOB["sub"])},
    )
    yield _http(
        "OrderCenterFunction",
        "read",
        "She looks at all she bought, gave and got.",
        "GET /order-center",
        200,
        by=ALICE,
    )


# --- what events look like -------------------------------------------------------------------------------------------


def _give(what: str, said: str, order_id: str, body: Mapping[str, Any]) -> Event:
    route, of = "POST /orders/{order_id}/gifts", {"order_id": order_id}
    return _http("GiftFunction", what, said, route, 201, by=ALICE, path=of, body=body, once=True)


def _http(
    function: str,
    what: str,
    said: str,
    route: str,
    answers: int,
    *,
    by: Claims | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
    once: bool = False,
    before_the_end: int | None = None,
) -> Event:
    """A call of an HTTP API, in its format 2.0. `once`: it makes something, so it has an Idempotency-Key."""
    method, _, pattern = route.partition(" ")
    headers = {"host": _HOST}
    payload: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": pattern.format(**path or {}),
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "headers": headers,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "example",
            "authorizer": {"jwt": {"claims": by, "scopes": None}},
            "domainName": _HOST,
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": pattern.format(**path or {}),
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "example",
            },
            "requestId": "AbCdEfGhIjKlMnO=",
            "routeKey": route,
            "stage": "$default",
            "time": _DAY_IN_LOGS,
            "timeEpoch": _DAY_SECONDS * 1000,
        },
        "isBase64Encoded": False,
    }
    if by is None:
        del payload["requestContext"]["authorizer"]
    if query:
        payload["queryStringParameters"] = query
    if path:
        payload["pathParameters"] = path
    if body is not None:
        headers["content-type"] = "application/json"
        payload["body"] = json.dumps(body)
    event = Event(function, what, said, payload, answers, before_the_end)
    if once:
        headers["idempotency-key"] = _key(event.name)
    return event


def _confirmed(who: Claims) -> dict[str, Any]:
    """What the user pool calls its trigger with."""
    return {
        "version": "1",
        "region": _REGION,
        "userPoolId": _USER_POOL,
        "userName": who["sub"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": _CLIENT},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {
            "userAttributes": {
                "sub": who["sub"],
                "email": who["email"],
                "email_verified": "true",
                "cognito:user_status": "CONFIRMED",
                "name": who["name"],
                "preferred_username": who["preferred_username"],
            }
        },
        "response": {},
    }


def _window_removed(gift_id: str, order_id: str) -> dict[str, Any]:
    """The table's stream, when time to live has deleted the WINDOW item of a gift of one share."""
    key = {"pk": {"S": f"WINDOW#{gift_id}"}, "sk": {"S": "WINDOW"}}
    image = {"gift_id": gift_id, "order_id": order_id, "shares": 1, "ttl": _DAY_SECONDS}
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    record = _stream_record("REMOVE", key, {"OldImage": key | dump_item(image)})
    return {"Records": [record | {"userIdentity": service}]}


def _asked(gift_id: str, giver: Claims, asker: Claims) -> Mapping[str, object]:
    """The item that says that somebody asked for a gift again."""
    told = {"gift_id": gift_id, "giver_id": giver["sub"], "user_id": asker["sub"], "at": _DAY_SECONDS * 1000}
    return {**keys.regift_request(gift_id, asker["sub"])._asdict(), **told}


def _written(item: Mapping[str, object]) -> dict[str, Any]:
    """The table's stream, when an item was put into it."""
    image = dump_item(item)
    key = {"pk": image["pk"], "sk": image["sk"]}
    return {"Records": [_stream_record("INSERT", key, {"NewImage": image})]}


def _stream_record(name: str, key: Mapping[str, Any], images: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": _REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": _DAY_SECONDS,
            "Keys": key,
            **images,
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 220,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"arn:aws:dynamodb:{_REGION}:{_ACCOUNT}:table/handsel/stream/2026-01-05T00:00:00.000",
    }


def _on_the_bus(kind: str, detail: Mapping[str, str]) -> dict[str, Any]:
    """What EventBridge calls with when somebody has put an event on the bus."""
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, kind)),
        "detail-type": kind,
        "source": "example.partner",
        "account": _ACCOUNT,
        "time": _DAY,
        "region": _REGION,
        "resources": [],
        "detail": detail,
    }


def _scheduled(rule: str) -> dict[str, Any]:
    """What EventBridge calls with when it is time."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": _ACCOUNT,
        "time": _DAY,
        "region": _REGION,
        "resources": [f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/handsel-{rule}"],
        "detail": {},
    }
