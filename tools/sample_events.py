"""Generate events/*.json: sample invocations of all functions and routes, to be invoked in order.

Ids derive from the caller and the Idempotency-Key, so a sample can refer to what earlier samples create. Gifts go to a named
recipient, so that no secret is needed. Random values are PLACEHOLDERS; a sample with a placeholder returns 404.
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
from tools import openapi

FOLDER = ROOT / "events"
PLACEHOLDERS = CODE, HOLDING = "CODE-OF-THE-VOUCHER", "ID-OF-THE-VOUCHER"
# A day in the past, because reports of a carrier from the future are rejected.
_DAY, _DAY_IN_LOGS, _DAY_SECONDS = "2026-01-05T08:00:00Z", "05/Jan/2026:08:00:00 +0000", 1_767_600_000
_REGION, _ACCOUNT, _HOST = "eu-central-1", "123456789012", "api.example.com"
_USER_POOL, _CLIENT = f"{_REGION}_Example01", "1example23456789example0123"


@dataclass(frozen=True)
class Event:
    """A sample invocation of a function.

    Attributes:
        function: the logical id of the function.
        case: distinguishes the samples of a function.
        description: the meaning of the sample.
        payload: the event.
        status: the status of the response if the samples are invoked in order; None without HTTP.
        status_while_open: the status while the claim window of the gift is open, if it differs.
    """

    function: str
    case: str
    description: str
    payload: Mapping[str, Any]
    status: int | None = None
    status_while_open: int | None = None

    @property
    def name(self) -> str:
        """Return the name of the file, without its extension."""
        folder = re.sub(r"(?<!^)(?=[A-Z])", "_", self.function.removesuffix("Function")).lower()
        return f"{folder}_{self.case}"

    @property
    def file(self) -> Path:
        """Return the path of the file."""
        return FOLDER / f"{self.name}.json"

    @property
    def route(self) -> str | None:
        """Return the method and path of the operation; None without HTTP."""
        key: str | None = self.payload.get("routeKey")
        return key and key.replace(openapi.ANY, "GET")


def files() -> dict[Path, str]:
    """Return the generated files and their texts."""
    return {event.file: json.dumps(event.payload, indent=2) + "\n" for event in samples()}


# --- users -----------------------------------------------------------------------------------------------------------

Claims = Mapping[str, str]


def _user_claims(user_id: str, name: str, **more: str) -> Claims:
    """Return the claims of an ID token as an HTTP API passes them on: all values are strings."""
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


ALICE = _user_claims("3f0c7d1e-0000-4000-8000-00000000a11c", "Alice")
BOB = _user_claims("5b1e9c44-0000-4000-8000-000000000b0b", "Bob")
MIA = _user_claims(
    "7a6d2b90-0000-4000-8000-00000000031a",
    "Mia",
    **{"cognito:groups": "[merchant]", "custom:store_id": MIA_STORE},
)
CARL = _user_claims(
    "91c4e5f2-0000-4000-8000-00000000ca71",
    "Carl",
    **{"cognito:groups": "[carrier]", "custom:carrier": CARRIER},
)

# --- ids of created items ---------------------------------------------------------------------------------------------


def _key(name: str) -> str:
    return f"event-{name}"


def _created_id(kind: str, by: Claims, name: str) -> str:
    """Return the id of the item that the sample `name` creates."""
    return ids.derive_id(kind, by["sub"], _key(name))


ORDER = _created_id("order", ALICE, "purchase_buy")
REDEMPTION = _created_id("redemption", MIA, "merchant_redeem")
CANCELLED_ORDER = _created_id("order", ALICE, "purchase_buy_unanswered")
PARCEL_ORDER = _created_id("order", ALICE, "purchase_buy_parcel")
GIFT = _created_id("gift", ALICE, "gift_give")
DECLINED_GIFT = _created_id("gift", ALICE, "gift_give_unwanted")
CANCELLED_GIFT = _created_id("gift", ALICE, "gift_give_group")
UNOPENED_GIFT = _created_id("gift", ALICE, "gift_give_unopened")
PARCEL_GIFT = _created_id("gift", ALICE, "gift_give_parcel")
RETURN_GIFT = _created_id("return gift", BOB, "return_gift_give")
REFUND = _created_id("refund", ALICE, "order_refund")
PARCEL = ids.derive_parcel_id(_created_id("use", ALICE, "order_use_parcel"))
SHIPMENT = ids.derive_shipment_id(PARCEL)
UNWANTED_PARCEL = ids.derive_parcel_id(_created_id("use", ALICE, "order_use_unwanted"))
REFUND_REQUEST = _created_id("refund request", ALICE, "refund_request_ask")
NEW_PRODUCT = "jasmine-tea"
_PARCEL = {"carrier": CARRIER, "tracking_number": "SF-1000-2000"}

_VOUCHER, _TEA_SET = PRODUCTS["voucher"].product_id, PRODUCTS["parcel"].product_id
_PAYMENT = {"method": "card", "token": "tok_ok"}
_WRAPPING = {"cover_id": "red-classic", "blessing_id": "best-wishes"}
_TO_BOB = {"shares": 1, "recipient_id": BOB["sub"], "wrapping": _WRAPPING}
_ADDRESS = {
    "name": "Bob Lee",
    "phone": "+86 10 5550 0100",
    "lines": ["5 Lakeside Road", "House 7"],
    "city": "Hangzhou",
    "postal_code": "310000",
    "country": "CN",
}

# --- the samples -----------------------------------------------------------------------------------------------------


@cache
def samples() -> tuple[Event, ...]:
    """Return the samples in the order of invocation."""
    return tuple(_samples())


def _samples() -> Iterator[Event]:
    yield Event(
        "PostConfirmationFunction", "sign_up", "Create the account of Bob, who has signed up.", _sign_up_confirmed(BOB)
    )
    for case, description, path, query in (
        ("health", "Check that the service is up.", "/health", None),
        ("openapi", "Get the OpenAPI document.", "/openapi.json", None),
        ("state_machine", "Get the state machines.", "/meta/state-machine", None),
        ("policy", "Get the rules of new orders.", "/meta/policy", None),
        ("wrappings", "List the wrappings for a voucher.", "/wrappings", {"kind": "voucher"}),
        ("cover", "Get the picture of a cover.", "/covers/{file}", None),
    ):
        values = {"file": "red-classic.svg"} if "{" in path else {}
        yield _http("PublicApiFunction", case, description, f"GET {path}", 200, path=values, query=query)
    yield _http("WebFunction", "start", "Load the app.", "GET /", 200)
    yield _http(
        "WebFunction",
        "asset",
        "Load a script of the app.",
        "GET /assets/{version}/{asset}",
        200,
        path={"version": "latest", "asset": "app.js"},
    )
    yield _http(
        "WebFunction",
        "problem",
        "Load the page of a problem.",
        "GET /problems/{problem_code}",
        200,
        path={"problem_code": "already-claimed"},
    )
    yield _http("AccountFunction", "read", "Bob reads his account.", "GET /me", 200, by=BOB)
    yield _http("AccountFunction", "features", "Bob lists the features that he has.", "GET /meta/features", 200, by=BOB)
    yield _http(
        "AccountFunction",
        "change",
        "Bob sets his handle.",
        "PATCH /me",
        200,
        by=BOB,
        body={"handle": "bob.lee"},
    )
    yield _http("AccountFunction", "leave", "Bob asks for the deletion of his account.", "DELETE /me", 202, by=BOB)
    yield _http("AccountFunction", "keep", "Bob keeps his account after all.", "POST /me/keep", 200, by=BOB)
    yield _http("AccountFunction", "export", "Bob asks for his data.", "POST /me/exports", 202, by=BOB, idempotent=True)
    yield _http(
        "AccountFunction",
        "read_export",
        "Bob checks if his data is ready.",
        "GET /me/exports/{export_id}",
        200,
        by=BOB,
        path={"export_id": _created_id("export", BOB, "account_export")},
    )
    yield _http(
        "DirectoryFunction",
        "find",
        "Alice finds Bob by his handle.",
        "GET /people/{handle}",
        200,
        by=ALICE,
        path={"handle": "Bob.Lee"},
    )
    yield _http(
        "ConsentFunction",
        "block",
        "Bob blocks Alice.",
        "PUT /blocked/{user_id}",
        204,
        by=BOB,
        path={"user_id": ALICE["sub"]},
    )
    yield _http("ConsentFunction", "list_blocked", "Bob lists whom he blocked.", "GET /blocked", 200, by=BOB)
    yield _http(
        "ConsentFunction",
        "unblock",
        "Bob ends the block of Alice.",
        "DELETE /blocked/{user_id}",
        204,
        by=BOB,
        path={"user_id": ALICE["sub"]},
    )

    store = {"store_id": MIA_STORE}
    tea_house = STORES[MIA_STORE]
    yield _http(
        "MerchantFunction",
        "put_store",
        "Mia sets the name and the carrier of her store.",
        "PUT /stores/{store_id}",
        200,
        by=MIA,
        path=store,
        body={"name": tea_house.name, "carrier": tea_house.carrier, "giftable": tea_house.giftable},
    )
    yield _http(
        "MerchantFunction", "read_store", "Mia reads her store.", "GET /stores/{store_id}", 200, by=MIA, path=store
    )
    yield _http(
        "MerchantFunction",
        "put_product",
        "Mia adds a product.",
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
        "MerchantFunction",
        "change_stock",
        "Mia adds units to the stock of the product.",
        "POST /stores/{store_id}/products/{product_id}/stock",
        200,
        by=MIA,
        path=store | {"product_id": NEW_PRODUCT},
        body={"add": 10},
    )
    yield _http(
        "CatalogFunction",
        "list",
        "Alice lists the products of the store.",
        "GET /stores/{store_id}/products",
        200,
        by=ALICE,
        path=store,
    )
    yield _http(
        "CatalogFunction",
        "read",
        "Alice reads a product, an afternoon tea.",
        "GET /products/{product_id}",
        200,
        by=ALICE,
        path={"product_id": _VOUCHER},
    )

    yield _http(
        "PreferencesFunction",
        "tag",
        "Alice saves a product, a tea set.",
        "PUT /tagged/{product_id}",
        204,
        by=ALICE,
        path={"product_id": _TEA_SET},
    )
    yield _http("PreferencesFunction", "list_tagged", "Alice lists her saved products.", "GET /tagged", 200, by=ALICE)
    yield _http(
        "PreferencesFunction", "list_viewed", "Alice lists the products that she viewed.", "GET /viewed", 200, by=ALICE
    )
    yield _http(
        "PreferencesFunction", "recommend", "Alice lists her recommendations.", "GET /recommendations", 200, by=ALICE
    )

    order, gift = {"order_id": ORDER}, {"gift_id": GIFT}
    yield _http(
        "PurchaseFunction",
        "buy",
        "Alice buys five vouchers for the afternoon tea.",
        "POST /orders",
        201,
        by=ALICE,
        body={"product_id": _VOUCHER, "quantity": 5, "payment": _PAYMENT},
        idempotent=True,
    )
    yield _http(
        "OrderFunction",
        "list",
        "Alice lists her paid orders.",
        "GET /orders",
        200,
        by=ALICE,
        query={"state": "paid", "limit": "20"},
    )
    yield _http("OrderFunction", "read", "Alice reads the order.", "GET /orders/{order_id}", 200, by=ALICE, path=order)
    yield _give("give", "Alice gives one voucher to Bob.", ORDER, _TO_BOB)
    yield _http(
        "GiftFunction",
        "list_sent",
        "Alice lists the gifts that she sent.",
        "GET /gifts",
        200,
        by=ALICE,
        query={"role": "sent"},
    )
    yield _http(
        "GiftFunction",
        "list_of_order",
        "Alice lists the gifts of the order.",
        "GET /orders/{order_id}/gifts",
        200,
        by=ALICE,
        path=order,
    )
    yield _http(
        "GiftFunction",
        "list_received",
        "Bob lists the gifts that he received.",
        "GET /gifts",
        200,
        by=BOB,
        query={"role": "received"},
    )
    yield _http(
        "PublicApiFunction",
        "preview",
        "Get the public preview of the gift.",
        "GET /gifts/{gift_id}/preview",
        200,
        path=gift,
    )
    yield _http("WebFunction", "gift", "Load the page of the gift.", "GET /g/{gift_id}", 200, path=gift)
    yield _http(
        "GiftFunction",
        "set_recipient",
        "Alice names Bob, who is the recipient already.",
        "PUT /gifts/{gift_id}/recipient",
        200,
        by=ALICE,
        path=gift,
        body={"recipient_id": BOB["sub"]},
    )
    yield _http(
        "GiftFunction",
        "remind",
        "Alice reminds Bob.",
        "POST /gifts/{gift_id}/remind",
        202,
        by=ALICE,
        path=gift,
    )
    yield _http(
        "GiftFunction",
        "mark_opened",
        "Bob opens the gift.",
        "POST /gifts/{gift_id}/opened",
        204,
        by=BOB,
        path=gift,
        body={},
    )
    yield _http(
        "ClaimFunction",
        "claim",
        "Bob claims the gift.",
        "POST /gifts/{gift_id}/claims",
        201,
        by=BOB,
        path=gift,
        body={},
    )
    yield _http(
        "GiftFunction",
        "thank",
        "Bob thanks Alice.",
        "POST /gifts/{gift_id}/thanks",
        201,
        by=BOB,
        path=gift,
        body={"message": "Thank you, Alice!"},
        idempotent=True,
    )
    yield _http(
        "GiftFunction",
        "read_timeline",
        "Alice reads what happened to the gift.",
        "GET /gifts/{gift_id}/timeline",
        200,
        by=ALICE,
        path=gift,
    )
    yield _http(
        "GiftFunction",
        "read",
        "Alice reads the gift, which Bob has claimed.",
        "GET /gifts/{gift_id}",
        200,
        by=ALICE,
        path=gift,
    )
    yield _http(
        "DirectoryFunction",
        "list",
        "Alice lists the users with whom she exchanged gifts.",
        "GET /people",
        200,
        by=ALICE,
    )
    yield _http("HoldingFunction", "list", "Bob lists his vouchers with their codes.", "GET /holdings", 200, by=BOB)
    yield _http(
        "HoldingFunction",
        "qr",
        f"Bob gets the QR code of a voucher: 200 if its `holding_id` replaces the three `{HOLDING}`.",
        "GET /holdings/{holding_id}/qr",
        404,
        by=BOB,
        path={"holding_id": HOLDING},
    )
    yield _http(
        "HoldingFunction",
        "extend",
        f"Bob extends a voucher: 409 under the default policy if its `holding_id` replaces the three `{HOLDING}`.",
        "POST /holdings/{holding_id}/extend",
        404,
        by=BOB,
        path={"holding_id": HOLDING},
    )
    yield _http(
        "MerchantFunction",
        "redeem",
        f"Mia redeems the voucher: 201 if its code replaces the three `{CODE}`.",
        "POST /vouchers/{code}/redemptions",
        404,
        by=MIA,
        path={"code": CODE},
        body={},
        idempotent=True,
    )
    yield _http(
        "MerchantFunction",
        "redeem_typed",
        f"Mia redeems the voucher by the code that she typed: 201 if its code replaces `{CODE}`.",
        "POST /redemptions",
        404,
        by=MIA,
        body={"code": CODE},
    )
    yield _http(
        "MerchantFunction",
        "undo_redemption",
        f"Mia undoes the redemption: 200 if the code of the voucher replaces the three `{CODE}`.",
        "POST /vouchers/{code}/redemptions/{redemption_id}/undo",
        404,
        by=MIA,
        path={"code": CODE, "redemption_id": REDEMPTION},
        body={"reason": "The wrong voucher"},
        idempotent=True,
    )
    yield _give("give_unwanted", "Alice gives Bob another voucher.", ORDER, _TO_BOB)
    yield _http(
        "GiftFunction",
        "decline",
        "Bob declines it.",
        "POST /gifts/{gift_id}/decline",
        200,
        by=BOB,
        path={"gift_id": DECLINED_GIFT},
    )
    yield _give("give_group", "Alice gives two vouchers by one link.", ORDER, {"shares": 2, "wrapping": _WRAPPING})
    yield _http(
        "GiftFunction",
        "set_end",
        "Alice decides that unclaimed vouchers of this gift are refunded.",
        "PUT /gifts/{gift_id}/at-end",
        200,
        by=ALICE,
        path={"gift_id": CANCELLED_GIFT},
        body={"then": "refund"},
    )
    yield _http(
        "GiftFunction",
        "make_link",
        "Alice makes a new link of this gift.",
        "POST /gifts/{gift_id}/link",
        200,
        by=ALICE,
        path={"gift_id": CANCELLED_GIFT},
        idempotent=True,
    )
    yield _http(
        "GiftFunction",
        "extend",
        "Alice cannot extend this gift: 409 under the default policy.",
        "POST /gifts/{gift_id}/extend",
        409,
        by=ALICE,
        path={"gift_id": CANCELLED_GIFT},
        body={"seconds": 3600},
    )
    yield _http(
        "GiftFunction",
        "cancel",
        "Alice cancels this gift.",
        "POST /gifts/{gift_id}/cancel",
        200,
        by=ALICE,
        path={"gift_id": CANCELLED_GIFT},
    )
    for case, description, path in (
        ("use", "Alice uses one voucher herself.", "use"),
        ("refund", "Alice requests a refund for another voucher.", "refunds"),
    ):
        yield _http(
            "OrderFunction",
            case,
            description,
            f"POST /orders/{{order_id}}/{path}",
            201,
            by=ALICE,
            path=order,
            body={"quantity": 1},
            idempotent=True,
        )

    yield _http(
        "PurchaseFunction",
        "buy_unanswered",
        "Alice buys one more voucher, and the payment provider does not reply.",
        "POST /orders",
        503,
        by=ALICE,
        body={"product_id": _VOUCHER, "quantity": 1, "payment": _PAYMENT | {"token": "tok_no_reply"}},
        idempotent=True,
    )
    yield _http(
        "OrderFunction",
        "cancel",
        "Alice cancels the order that is not paid.",
        "POST /orders/{order_id}/cancel",
        200,
        by=ALICE,
        path={"order_id": CANCELLED_ORDER},
    )

    yield _http("OrderFunction", "payments", "Alice lists her payments and refunds.", "GET /payments", 200, by=ALICE)

    yield Event(
        "InboundFunction",
        "payment",
        "The payment provider reports a result for the payment, which is already settled.",
        _bus_event("payment.settled", {"order_id": ORDER}),
    )
    yield Event(
        "InboundFunction",
        "refund",
        "The payment provider reports a result for the refund, which is already settled.",
        _bus_event("refund.settled", {"refund_id": REFUND}),
    )

    yield _http(
        "PurchaseFunction",
        "buy_parcel",
        "Alice buys three tea sets.",
        "POST /orders",
        201,
        by=ALICE,
        body={"product_id": _TEA_SET, "quantity": 3, "payment": _PAYMENT},
        idempotent=True,
    )
    yield _http(
        "PreferencesFunction",
        "untag",
        "Alice removes the saved product.",
        "DELETE /tagged/{product_id}",
        204,
        by=ALICE,
        path={"product_id": _TEA_SET},
    )
    yield _give(
        "give_parcel",
        "Alice sends a tea set to Bob, with a message of her own.",
        PARCEL_ORDER,
        _TO_BOB | {"wrapping": {"cover_id": "parcel-kraft", "message": "For your new kitchen!"}},
    )
    yield _http(
        "ClaimFunction",
        "parcel",
        "Bob claims the parcel with an address.",
        "POST /gifts/{gift_id}/claims",
        201,
        by=BOB,
        path={"gift_id": PARCEL_GIFT},
        body={"address": _ADDRESS},
    )
    # The shipment of Bob's parcel has a random id. The id of a parcel for own use derives from the request, as most ids do.
    yield _http(
        "OrderFunction",
        "use_parcel",
        "Alice uses the other tea set herself, with an address.",
        "POST /orders/{order_id}/use",
        201,
        by=ALICE,
        path={"order_id": PARCEL_ORDER},
        body={"quantity": 1, "address": _ADDRESS | {"name": "Alice Lee"}},
        idempotent=True,
    )
    shipment = {"shipment_id": SHIPMENT}
    yield _http(
        "MerchantFunction",
        "list_shipments",
        "Mia lists the parcels that are ready to ship.",
        "GET /stores/{store_id}/shipments",
        200,
        by=MIA,
        path=store,
        query={"status": "ready_to_ship"},
    )
    yield _http(
        "ShipmentFunction",
        "correct_address",
        "Alice corrects the address of her parcel.",
        "PUT /shipments/{shipment_id}/address",
        200,
        by=ALICE,
        path=shipment,
        body=_ADDRESS | {"lines": ["8 Lake Road", "Building 3"]},
    )
    yield _http(
        "MerchantFunction",
        "hand_over",
        "Mia hands Alice's parcel over to the carrier.",
        "PUT /shipments/{shipment_id}",
        200,
        by=MIA,
        path=shipment,
        body={"tracking_number": "SW-2026-0042"},
    )
    yield Event(
        "InboundFunction",
        "report",
        "The carrier reports by an event that it has picked up the parcel.",
        _bus_event(
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
        "Carl, of the carrier, reports the delivery.",
        "POST /shipments/{shipment_id}/events",
        200,
        by=CARL,
        path=shipment,
        body={"event_id": "scan-1", "status": "delivered", "location": "Hangzhou", "occurred_at": _DAY},
    )
    yield _http(
        "ShipmentFunction",
        "read",
        "Alice reads the shipment.",
        "GET /shipments/{shipment_id}",
        200,
        by=ALICE,
        path=shipment,
    )
    yield _http(
        "HoldingFunction",
        "read",
        "Alice reads the holding.",
        "GET /holdings/{holding_id}",
        200,
        by=ALICE,
        path={"holding_id": PARCEL},
    )
    yield _http(
        "OrderFunction",
        "use_unwanted",
        "Alice uses one more tea set herself.",
        "POST /orders/{order_id}/use",
        201,
        by=ALICE,
        path={"order_id": PARCEL_ORDER},
        body={"quantity": 1, "address": _ADDRESS | {"name": "Alice Lee"}},
        idempotent=True,
    )
    yield _http(
        "RefundRequestFunction",
        "ask",
        "Alice asks for a refund of this tea set before it is shipped, which is approved at once.",
        "POST /holdings/{holding_id}/refund-requests",
        201,
        by=ALICE,
        path={"holding_id": UNWANTED_PARCEL},
        body={"reason": "unwanted", "note": "I ordered one too many."},
        idempotent=True,
    )
    request = {"refund_request_id": REFUND_REQUEST}
    yield _http(
        "RefundRequestFunction",
        "read",
        "Alice reads the refund request.",
        "GET /refund-requests/{refund_request_id}",
        200,
        by=ALICE,
        path=request,
    )
    yield _http(
        "RefundRequestFunction",
        "withdraw",
        "Alice withdraws the refund request, which is too late.",
        "POST /refund-requests/{refund_request_id}/withdraw",
        409,
        by=ALICE,
        path=request,
    )
    yield _http(
        "RefundRequestFunction", "list", "Alice lists her refund requests.", "GET /refund-requests", 200, by=ALICE
    )
    yield _http(
        "RefundRequestFunction",
        "list_of_store",
        "Mia lists the refund requests of her store.",
        "GET /stores/{store_id}/refund-requests",
        200,
        by=MIA,
        path=store,
        query={"state": "refunded"},
    )
    yield _http(
        "RefundRequestFunction",
        "decide",
        "Mia approves the refund request, which is approved already.",
        "POST /refund-requests/{refund_request_id}/decision",
        200,
        by=MIA,
        path=request,
        body={"approve": True, "note": "Sold again."},
    )
    for case, who, by, route, body in (
        (
            "send_back",
            "Alice sends the tea set back",
            ALICE,
            "PUT /refund-requests/{refund_request_id}/return",
            _PARCEL,
        ),
        ("receive", "Mia receives the tea set", MIA, "POST /refund-requests/{refund_request_id}/received", None),
        (
            "hold",
            "Mia reports that the tea set did not arrive",
            MIA,
            "POST /refund-requests/{refund_request_id}/not-received",
            None,
        ),
    ):
        yield _http(
            "RefundRequestFunction",
            case,
            f"{who}, which is not expected: it never left the store.",
            route,
            409,
            by=by,
            path=request,
            body=body,
        )

    yield _http(
        "ReturnGiftFunction",
        "give",
        "Bob gives Alice an afternoon tea as a return gift.",
        "POST /gifts/{gift_id}/return-gifts",
        201,
        by=BOB,
        path={"gift_id": PARCEL_GIFT},
        body={"product_id": _VOUCHER, "payment": _PAYMENT, "wrapping": _WRAPPING},
        idempotent=True,
    )
    yield _http(
        "ClaimFunction",
        "in_return",
        "Alice claims the return gift.",
        "POST /gifts/{gift_id}/claims",
        201,
        by=ALICE,
        path={"gift_id": RETURN_GIFT},
        body={},
    )

    yield _give("give_unopened", "Alice gives Bob one more voucher. The claim window ends after this.", ORDER, _TO_BOB)
    yield Event(
        "RestoreFunction",
        "window_removed",
        "DynamoDB has deleted the timer of the gift: the gift expires, unless its claim window is open.",
        _window_removed(UNOPENED_GIFT, ORDER),
    )
    # Before the clock: what is due would be settled first, and the time would not advance.
    yield Event("SweepFunction", "every_minute", "Settle everything that is due.", _scheduled("sweep"))
    yield _http(
        "TestClockFunction", "read", "Get the time of a stack with a test clock.", "GET /test/clock", 200, by=ALICE
    )
    yield _http(
        "TestClockFunction",
        "advance",
        "Advance the time by a minute.",
        "POST /test/clock",
        200,
        by=ALICE,
        body={"advance_seconds": 60},
    )
    yield Event(
        "HealthFunction",
        "every_five_minutes",
        "Collect health metrics: nothing is overdue, no invariant is violated.",
        _scheduled("health"),
    )
    yield _http(
        "GiftFunction",
        "ask_again",
        "Bob asks Alice to give the expired gift again.",
        "POST /gifts/{gift_id}/ask-again",
        202,
        by=BOB,
        body={},
        path={"gift_id": UNOPENED_GIFT},
        status_while_open=409,
    )
    yield _http(
        "GiftFunction",
        "report",
        "Bob reports the gift to the operator.",
        "POST /gifts/{gift_id}/report",
        202,
        by=BOB,
        path={"gift_id": UNOPENED_GIFT},
        body={"reason": "I do not know this person."},
    )
    yield Event(
        "ProjectorFunction",
        "asked_again",
        "Process the stream record of this request: Alice gets a message.",
        _item_inserted(_regift_request(UNOPENED_GIFT, ALICE, BOB)),
    )
    yield _http("MessageFunction", "list", "Alice lists her messages.", "GET /messages", 200, by=ALICE)
    yield _http(
        "MessageFunction",
        "mark_read",
        "Alice marks the message as read.",
        "POST /messages/{message_id}/read",
        200,
        by=ALICE,
        path={"message_id": ids.derive_id("message", "asked_again", UNOPENED_GIFT, BOB["sub"])},
    )
    yield _http(
        "MessageFunction",
        "delete",
        "Alice deletes the message.",
        "DELETE /messages/{message_id}",
        204,
        by=ALICE,
        path={"message_id": ids.derive_id("message", "asked_again", UNOPENED_GIFT, BOB["sub"])},
    )
    yield _http(
        "OrderCenterFunction",
        "read",
        "Alice reads her order center.",
        "GET /order-center",
        200,
        by=ALICE,
    )


# --- formats of the events -------------------------------------------------------------------------------------------


def _give(case: str, description: str, order_id: str, body: Mapping[str, Any]) -> Event:
    route, values = "POST /orders/{order_id}/gifts", {"order_id": order_id}
    return _http("GiftFunction", case, description, route, 201, by=ALICE, path=values, body=body, idempotent=True)


def _http(
    function: str,
    case: str,
    description: str,
    route: str,
    status: int,
    *,
    by: Claims | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
    idempotent: bool = False,
    status_while_open: int | None = None,
) -> Event:
    """Return a request in payload format 2.0 of an HTTP API; an idempotent one has an Idempotency-Key."""
    method, _, pattern = route.partition(" ")
    key = f"{openapi.ANY} {pattern}" if by is None else route
    headers = {"host": _HOST}
    payload: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
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
            "routeKey": key,
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
    event = Event(function, case, description, payload, status, status_while_open)
    if idempotent:
        headers["idempotency-key"] = _key(event.name)
    return event


def _sign_up_confirmed(user: Claims) -> dict[str, Any]:
    """Return the event of the user pool's post-confirmation trigger."""
    return {
        "version": "1",
        "region": _REGION,
        "userPoolId": _USER_POOL,
        "userName": user["sub"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": _CLIENT},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {
            "userAttributes": {
                "sub": user["sub"],
                "email": user["email"],
                "email_verified": "true",
                "cognito:user_status": "CONFIRMED",
                "name": user["name"],
                "preferred_username": user["preferred_username"],
            }
        },
        "response": {},
    }


def _window_removed(gift_id: str, order_id: str) -> dict[str, Any]:
    """Return the stream event of a WINDOW item, of a gift with one share, that time to live has deleted."""
    key = {"pk": {"S": f"WINDOW#{gift_id}"}, "sk": {"S": "WINDOW"}}
    image = {"gift_id": gift_id, "order_id": order_id, "shares": 1, "ttl": _DAY_SECONDS}
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    record = _stream_record("REMOVE", key, {"OldImage": key | dump_item(image)})
    return {"Records": [record | {"userIdentity": service}]}


def _regift_request(gift_id: str, giver: Claims, requester: Claims) -> Mapping[str, object]:
    """Return the item of a regift request."""
    fields = {"gift_id": gift_id, "giver_id": giver["sub"], "user_id": requester["sub"], "at": _DAY_SECONDS * 1000}
    return {**keys.regift_request(gift_id, requester["sub"])._asdict(), **fields}


def _item_inserted(item: Mapping[str, object]) -> dict[str, Any]:
    """Return the stream event of a new item."""
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


def _bus_event(kind: str, detail: Mapping[str, str]) -> dict[str, Any]:
    """Return an event from the bus as EventBridge delivers it."""
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
    """Return the event of an EventBridge schedule."""
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
