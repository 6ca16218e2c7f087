"""Public reports about comparable products, tried on this one. docs/field-reports.md lists them with their results.

Each case names its source. Reports that another test covers are in the document only.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.seed import MIA_STORE
from testkit.handlers.calls import inbound_event
from testkit.handlers.faults import WRITES, inject_faults, run_before
from testkit.handlers.stack import ADDRESS, DAY, ROOT, START, Answer, Stack, encode_token, gift_request
from tests.integration.table_checks import check_invariants

PRICE = {"amount": 1396, "currency": "CNY"}


def claim(stack: Stack, product: str = "voucher") -> dict[str, Any]:
    answer = stack.claim("bob", stack.give(stack.buy(product=product)))
    assert answer.status == 201, answer.raw
    return dict(answer.body)


def correct_address(stack: Stack, **changes: Any) -> Answer:
    parcel = claim(stack, "parcel")
    return stack.call("bob", "PUT", f"/shipments/{parcel['shipment_id']}/address", ADDRESS | changes)


def stock(stack: Stack) -> int:
    return int(stack.call("bob", "GET", f"/products/{stack.products['voucher']}").body["stock"])


def test_the_document_lists_every_report_and_names_tests_that_exist() -> None:
    source = re.compile(r"[\w.-]+/[\w.-]+#\d+")
    document = (ROOT / "docs" / "field-reports.md").read_text()
    listed = set(source.findall(document))
    assert set(source.findall(Path(__file__).read_text())) <= listed
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in set(re.findall(r"`(test_\w+)`", document)):
        assert f"def {name}(" in tests, name
    assert len(listed) >= 20


# --- accounts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "subject"),
    [
        ("auth0/node-auth0#897", "oauth2|siwe|eip155%3A5%3A0xD70b62D3E469eC7038d3F4535f8BBf448646F5E9"),
        ("auth0/node-auth0#1163", "waad|myidpart"),
        ("auth0/auth0-java#764", "samlp|tenant|a/b?c"),
        ("openshift/enhancements#590", "https://idp.example/users/42"),
        ("lcobucci/jwt#1029", "2156"),  # a number in the token, which the authorizer passes on as text
        ("dexidp/dex#4197", "CjR1aWQ9" + "A" * 76),
    ],
)
def test_a_user_may_have_any_subject_that_providers_send(stack: Stack, source: str, subject: str) -> None:
    assert stack.call(subject, "GET", "/me", claims={"name": "Jane"}).body["user_id"] == subject, source
    gift = stack.give(stack.buy(), recipient_id=subject)
    holding = stack.claim(subject, gift)
    assert holding.status == 201
    received = stack.call(subject, "GET", "/gifts?role=received")
    assert [each["gift_id"] for each in received.body["items"]] == [gift["gift_id"]]


@pytest.mark.parametrize(
    ("source", "claims", "name", "handle"),
    [
        ("mastodon/mastodon#34638", {"name": "x" * 80}, "x" * 40, None),
        ("bluesky-social/social-app#11568", {"name": "x" * 33 + "🏳️‍🌈" * 2}, "x" * 33 + "🏳️‍🌈", None),
        ("plankanban/planka#1174", {"name": "Jane", "preferred_username": "a" * 31}, "Jane", None),
        ("telegramdesktop/tdesktop#31220", {"name": "𑲭" * 50, "nickname": "jane"}, "jane", None),
    ],
)
def test_a_name_of_a_provider_never_keeps_its_user_out(
    stack: Stack, source: str, claims: dict[str, Any], name: str, handle: str | None
) -> None:
    profile = stack.call("new", "GET", "/me", claims=claims)
    assert (profile.status, profile.body["display_name"], profile.body["handle"]) == (200, name, handle), source


@pytest.mark.parametrize(
    ("source", "handle", "stored"),
    [
        ("aspnet/Identity#19", "IRIS", "iris"),
        ("aspnet/Identity#19", "\u0130ris", None),
        ("OrchardCMS/Orchard#1520", "\u0131r\u0131s", None),
        ("google/ctfscoreboard#284", "MatIr", "matir"),
        ("free2z/zuu#550", "\u212aarl", None),  # the Kelvin sign, a k in lower case
    ],
)
def test_a_handle_has_one_form_in_all_languages(stack: Stack, source: str, handle: str, stored: str | None) -> None:
    for user in ("alice", "bob"):
        stack.call(user, "GET", "/me")
    answer = stack.call("alice", "PATCH", "/me", {"handle": handle})
    assert (answer.status, answer.body.get("handle")) == ((200, stored) if stored else (422, None)), source
    if stored:
        assert stack.call("bob", "PATCH", "/me", {"handle": stored.title()}).body["code"] == "handle-taken"
        assert stack.call("bob", "GET", f"/people/{stored.upper()}").body["user_id"] == "alice"
    else:
        assert stack.call("bob", "GET", f"/people/{handle}").status == 404


@pytest.mark.parametrize(
    ("source", "scheme"),
    [("SamSaffron/term-llm#414", "bearer "), ("jetkvm/cloud-api#85", "BEARER  ")],
)
def test_the_groups_of_a_token_are_read_whatever_the_case_of_its_scheme(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, source: str, scheme: str
) -> None:
    claims = {"sub": "zoe", "custom:store_id": MIA_STORE, "cognito:groups": ["night shift", "merchant"]}
    monkeypatch.setattr(stack, "claims", lambda _: claims)
    headers = {"authorization": scheme + encode_token(claims)}
    assert stack.call("zoe", "GET", f"/stores/{MIA_STORE}/shipments", headers=headers).status == 200, source


# --- addresses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("CDCgov/prime-reportstream#5628", {"phone": "(555) 555 - 5555 ext. 5555"}),
        ("CDCgov/dibbs-ecr-viewer#497", {"phone": "+1-608-271-9000-x11"}),
        ("joost/phony_rails#57", {"phone": "+1 608 271 9000, 777"}),
        ("google/libphonenumber#2223", {"phone": "8 (423) 202-25-11, доб. 100"}),
        ("DrHyde/perl-modules-Number-Phone#92", {"phone": "+86 10 5550 0100 转 123"}),
        ("DrHyde/perl-modules-Number-Phone#92", {"phone": "03-1234-5678 内線 12"}),
        ("DrHyde/perl-modules-Number-Phone#92", {"phone": "+55 (11) 98765-4321 ramal 22"}),
        ("ourjapanlife/findadoc-web#1762", {"phone": "０９０－１２３４－５６７８"}),
        ("ourjapanlife/findadoc-web#1762", {"country": "JP", "region": "東京都", "postal_code": "１２３－４５６７"}),
        ("jquery-validation/jquery-validation#1591", {"country": "CA", "region": "ON", "postal_code": "m1l2s9"}),
        ("dgilperez/validates_zipcode#56", {"country": "CA", "region": "BC", "postal_code": "V0H 1z6"}),
        ("saleor/saleor#623", {"country": "GB", "postal_code": "ng34 8tu"}),
        ("woocommerce/woocommerce#29212", {"country": "AT", "postal_code": "A-6020"}),
        ("woocommerce/woocommerce#29212", {"country": "DE", "postal_code": "DE-10115"}),
        ("woocommerce/woocommerce#29212", {"country": "LT", "postal_code": "10309"}),
        ("melwynfurtado/postcode-validator#76", {"country": "SA", "postal_code": "11564-1234"}),
        ("google/libaddressinput#207", {"country": "BH", "postal_code": "1216"}),
        ("odoo/odoo#985", {"country": "HK", "postal_code": None}),
        ("reactioncommerce/reaction#3530", {"country": "QA", "postal_code": ""}),
        ("Automattic/wp-calypso#8681", {"country": "NL", "postal_code": "9276DD"}),
        ("opencrvs/opencrvs-core#5127", {"name": "Ann O’Neill-D'Arcy"}),
        ("w3c/bp-i18n-specdev#72", {"name": "O"}),
        ("furious-luke/django-address#194", {"lines": ["The Old Rectory"]}),
        ("thirtybees/thirtybees#300", {"lines": ["Behind the mosque"]}),
        ("Automattic/wp-calypso#29487", {"lines": ["0"]}),
    ],
)
def test_an_address_is_taken_as_people_write_it(stack: Stack, source: str, changes: dict[str, Any]) -> None:
    assert correct_address(stack, **changes).status == 200, source


def test_a_phone_number_is_stored_without_the_scheme_of_a_link(stack: Stack) -> None:
    # openstreetmap/iD#9559
    for phone in ("tel:+1-608-271-9000", "tel://+1-608-271-9000"):
        parcel = claim(stack, "parcel")
        path = f"/shipments/{parcel['shipment_id']}/address"
        assert stack.call("bob", "PUT", path, ADDRESS | {"phone": phone}).status == 200
        shipment = stack.call("bob", "GET", f"/shipments/{parcel['shipment_id']}").body
        assert shipment["address"]["phone"] == "+1-608-271-9000"


def test_a_phone_number_of_more_digits_than_e_164_allows_is_refused_without_an_extension(stack: Stack) -> None:
    # google/libphonenumber#1122: the extension of a German number belongs to the number as it is written
    assert correct_address(stack, phone="+49 7462 2043693220").body["errors"][0]["pointer"] == "/phone"
    assert correct_address(stack, phone="+49 7462 204369 Durchwahl 3220").status == 200


# --- parcels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "occurred_at", "stored"),
    [
        ("dateutil/dateutil#786", "2026-01-02T15:04:05.9999999-07:00", "2026-01-02T22:04:05.999Z"),
        ("dateutil/dateutil#1086", "2026-01-02T15:04:05.878730148Z", "2026-01-02T15:04:05.878Z"),
        ("python-pendulum/pendulum#1002", "2026-01-02T15:04:05.1234567890Z", "2026-01-02T15:04:05.123Z"),
        ("closeio/ciso8601#41", "2026-01-02T24:00:00Z", None),  # no RFC 3339
        ("ThreeTen/threeten#303", "2016-12-31T23:59:60Z", None),
    ],
)
def test_a_time_of_a_carrier_is_read_or_refused_and_never_changed(
    stack: Stack, source: str, occurred_at: str, stored: str | None
) -> None:
    parcel = claim(stack, "parcel")
    body = {"event_id": "e1", "status": "delivered", "occurred_at": occurred_at}
    answer = stack.call("carl", "POST", f"/shipments/{parcel['shipment_id']}/events", body)
    if stored is None:
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/occurred_at"), source
    else:
        assert (answer.status, answer.body["events"][0]["occurred_at"]) == (200, stored), source


def test_a_clock_of_a_carrier_may_be_80_seconds_ahead(stack: Stack) -> None:
    # abarghoud/SentryGuard#210
    parcel = claim(stack, "parcel")
    assert stack.report(parcel["shipment_id"], "delivered", at=stack.now + 80_000).body["status"] == "delivered"


def test_reports_that_are_late_or_repeated_leave_status_and_tracking_number(stack: Stack) -> None:
    # NEARBuilders/nearmerch.com#214, modx-pro/MiniShop3#606, Shopify/shopify-app-js#603
    parcel = claim(stack, "parcel")
    shipment_id = parcel["shipment_id"]
    stack.call("mia", "PUT", f"/shipments/{shipment_id}", {"tracking_number": "S-1"})
    stack.report(shipment_id, "delivered", event_id="b", at=stack.now + 2000)
    for event_id in ("a", "b", "a"):
        late = stack.report(shipment_id, "picked_up", event_id=event_id, at=stack.now + 1000)
        assert (late.status, late.body["status"], late.body["tracking_number"]) == (200, "delivered", "S-1")
    assert [each["status"] for each in late.body["events"]] == ["picked_up", "delivered"]


def test_a_report_that_is_repeated_under_another_id_adds_no_message(stack: Stack) -> None:
    # sendgrid/sendgrid-nodejs#1435, capcom6/android-sms-gateway#264
    stack.start_recording()
    parcel = claim(stack, "parcel")
    for event_id in ("e1", "e2", "e3"):
        answer = stack.report(parcel["shipment_id"], "in_transit", event_id=event_id, at=stack.now)
        assert (answer.status, answer.body["status"]) == (200, "in_transit")
        stack.deliver_records()
    messages = stack.call("bob", "GET", "/messages").body["items"]
    assert [each["kind"] for each in messages if each["kind"] == "parcel_update"] == ["parcel_update"]


@pytest.mark.parametrize(
    ("source", "country"),
    [
        ("countries/countries#735", "UK"),
        ("IndEcol/country_converter#143", "EL"),
        ("country-regions/country-region-selector#41", "UK"),
    ],
)
def test_a_country_has_the_code_of_iso_3166(stack: Stack, source: str, country: str) -> None:
    assert correct_address(stack, country=country).body["errors"][0]["pointer"] == "/country", source


def test_a_tracking_number_is_shown_as_the_merchant_wrote_it(stack: Stack) -> None:
    # Dolibarr/dolibarr#37500, spree/spree#4233: no link is made from it
    parcel = claim(stack, "parcel")
    path = f"/shipments/{parcel['shipment_id']}"
    assert stack.call("mia", "PUT", path, {"tracking_number": " 123 456 789 "}).status == 200
    assert stack.call("bob", "GET", path).body["tracking_number"] == "123 456 789"


# --- money and stock ------------------------------------------------------------------------------------------


def test_refunds_in_parts_are_the_total(stack: Stack) -> None:
    # PrestaShop/PrestaShop#40271, woocommerce/woocommerce#26734
    stack.update_product("voucher", price=PRICE, original_price=PRICE)
    order = stack.buy(quantity=9)
    path = f"/orders/{order['order_id']}/refunds"
    parts = [stack.call("alice", "POST", path, {"quantity": quantity}).body["total"] for quantity in (2, 3, 4)]
    total = order["payment"]["total"]
    assert (sum(part["amount"] for part in parts), total["amount"]) == (9 * 1396, 9 * 1396)
    assert stack.call("alice", "POST", path, {"quantity": 1}).body["code"] == "units-not-available"


def test_a_refunded_order_stays_refunded_and_returns_its_stock_once(stack: Stack) -> None:
    # PrestaShop/PrestaShop#35460, woocommerce/woocommerce#27504, mollie/WooCommerce#1252, mollie/WooCommerce#668
    stack.update_product("voucher", stock=100)
    order = stack.buy()
    path = f"/orders/{order['order_id']}"
    for _ in range(2):
        assert stack.call("alice", "POST", f"{path}/refunds", {"quantity": 1}, key="the-same-key").status == 201
    assert stock(stack) == 100
    assert stack.call("alice", "POST", f"{path}/cancel").status == 409
    stack.invoke("InboundFunction", inbound_event("payment.settled", {"order_id": order["order_id"]}))
    stack.sweep()
    assert (stack.call("alice", "GET", path).body["state"], stock(stack)) == ("refunded", 100)
    check_invariants(stack)


def test_a_product_that_is_saved_as_it_was_read_keeps_the_sales_since(stack: Stack) -> None:
    # woocommerce/woocommerce#16780, magento/inventory#538
    stack.update_product("voucher", stock=10)
    read = stack.call("mia", "GET", f"/products/{stack.products['voucher']}").body
    stack.buy(quantity=5)
    body = {name: read[name] for name in ("kind", "title", "category", "price", "stock", "validity_days")}
    path = f"/stores/{read['store_id']}/products/{read['product_id']}"
    assert stack.call("mia", "PUT", path, body).status == 200
    assert stock(stack) == 5


def test_a_negative_quantity_is_invalid_wherever_there_is_one(stack: Stack) -> None:
    # medusajs/medusa#13504, newbee-ltd/newbee-mall#127
    stack.update_product("voucher", stock=10)
    order = stack.buy(quantity=2)
    path = f"/orders/{order['order_id']}"
    for target, body in (
        ("/orders", stack.order_request(quantity=-5)),
        (f"{path}/use", {"quantity": -1}),
        (f"{path}/refunds", {"quantity": -1}),
        (f"{path}/gifts", gift_request(-1)),
    ):
        answer = stack.call("alice", "POST", target, body)
        assert (answer.status, answer.body["code"]) == (422, "invalid-request")
    assert (stock(stack), stack.units(order)) == (8, {"available": 2})


# --- codes, claims and links ----------------------------------------------------------------------------------


def test_a_code_is_found_in_any_letter_case_and_with_any_separator(stack: Stack) -> None:
    # pimcore/pimcore#2366, shoulders/qwcrm#1702, shaxxx/flutter_barcode_listener#31, OpenBazaar/openbazaar-desktop#882
    for typed in (str.lower, str.upper, lambda code: f"{code[:4]}-{code[4:8]} {code[8:]}"):
        assert stack.call("mia", "POST", "/redemptions", {"code": typed(claim(stack)["code"])}).status == 201


def test_a_code_has_no_letters_that_are_taken_for_others(stack: Stack) -> None:
    # opnsense/core#2257, opnsense/core#7029, libremesh/pirania#50, axenox/onscan.js#8
    code = claim(stack)["code"]
    assert code == code.upper()
    assert not set(code) & set("ILOU")


def test_a_voucher_that_is_redeemed_twice_at_once_is_redeemed_once(stack: Stack) -> None:
    # spree/spree#13734, Azuriom/Plugin-Shop#285, BrainWise-DEV/POSNext#198
    path = f"/vouchers/{claim(stack)['code']}/redemptions"
    others: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: others.append(stack.call("mia", "POST", path)))}):
        answer = stack.call("mia", "POST", path)
    assert sorted([others[0].status, answer.status]) == [201, 409]
    assert stack.call("mia", "POST", path).body["code"] == "already-redeemed"


def test_claims_at_the_same_time_take_no_more_than_the_shares(stack: Stack) -> None:
    # pretalx/pretalx#2393, TwiStarSystems/Secure-FTP-WEB#12
    gift = stack.give(stack.buy(quantity=2), shares=2)
    assert stack.claim("bob", gift).status == 201
    others: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: others.append(stack.claim("dave", gift)))}):
        answer = stack.claim("carol", gift)
    assert sorted([others[0].status, answer.status]) == [201, 409]
    check_invariants(stack)


def test_a_claim_that_is_pressed_twice_takes_one_share(stack: Stack) -> None:
    # GoodDollar/GoodDAPP#2490
    gift = stack.give(stack.buy(quantity=3), shares=3)
    others: list[Answer] = []
    with inject_faults(WRITES, {0: run_before(lambda: others.append(stack.claim("bob", gift)))}):
        answer = stack.claim("bob", gift)
    assert {answer.body["holding_id"]} == {others[0].body["holding_id"]}
    assert stack.call("alice", "GET", f"/gifts/{gift['gift_id']}").body["remaining"] == 2


@pytest.mark.parametrize(
    ("source", "agent"),
    [
        ("farjadp/Gheychi-Premium#4", "TelegramBot (like TwitterBot)"),
        ("fredrik/rekorderlig#106", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ("coollabsio/coolify#11375", "facebookexternalhit/1.1"),
    ],
)
def test_a_preview_of_a_link_takes_nothing_from_its_reader(stack: Stack, source: str, agent: str) -> None:
    gift = stack.give(stack.buy())
    before = stack.save()
    for method in ("GET", "HEAD"):
        for path in (f"/g/{gift['gift_id']}", f"/gifts/{gift['gift_id']}/preview"):
            answer = stack.call(None, method, path, headers={"user-agent": agent, "accept": "*/*"})
            assert answer.status == 200, source
    assert stack.save() == before
    assert stack.claim("bob", gift).status == 201


@pytest.mark.parametrize(
    ("source", "added"),
    [
        ("HermanMartinus/bearblog#429", "?fbclid=PAZnRzaAQ0ApFleHRu"),
        ("openreview/openreview-web#2250", "?utm_source=chat&fbclid=IwZXh0bgNhZW0"),
        ("guga31bb/fourth_calculator#5", "?_x=1&fbclid=IwAR0lS65QV"),
    ],
)
def test_a_link_works_with_the_parameters_that_others_add(stack: Stack, source: str, added: str) -> None:
    gift = stack.give(stack.buy())
    plain, marked = (stack.call(None, "GET", f"/g/{gift['gift_id']}{query}") for query in ("", added))
    assert (marked.status, marked.raw) == (200, plain.raw), source


def test_a_voucher_is_valid_until_the_instant_that_is_shown(stack: Stack) -> None:
    # mitodl/mitxpro#991, wpsharks/s2member#612, emfcamp/Website#981, gocodebox/lifterlms#552
    stack.now = START + 7 * 3_600_000 + 123
    first, second = claim(stack), claim(stack)
    end = (stack.item(f"HOLDING#{first['holding_id']}") or {})["valid_until"]
    assert first["valid_until"].endswith(".123Z"), "it is an instant and not a day"
    stack.now = end - 1
    assert stack.call("mia", "POST", "/redemptions", {"code": first["code"]}).status == 201
    stack.now = end
    assert stack.call("mia", "POST", "/redemptions", {"code": second["code"]}).body["code"] == "voucher-expired"


def test_what_ended_is_over_although_its_item_was_not_deleted(stack: Stack) -> None:
    # gravitational/teleport#19885, pallets-eco/flask-session#240, tywalch/electrodb#498
    order = stack.buy()
    gift = stack.give(order)
    stack.now += DAY
    assert stack.item(f"WINDOW#{gift['gift_id']}") is not None
    assert stack.claim("bob", gift).body["code"] == "expired"
    assert stack.units(order) == {"available": 1}


# --- repeated calls and lists ---------------------------------------------------------------------------------


def test_a_key_is_not_answered_for_another_path(stack: Stack) -> None:
    # ietf-wg-httpapi/idempotency#22, LabsCrypt/remitlend#1680
    orders = [stack.buy(quantity=2) for _ in range(2)]
    first, other = (
        stack.call("alice", "POST", f"/orders/{order['order_id']}/refunds", {"quantity": 1}, key="the-same-key")
        for order in orders
    )
    assert (first.status, other.status, other.body["code"]) == (201, 422, "idempotency-key-reused")
    used = stack.call("alice", "POST", f"/orders/{orders[1]['order_id']}/use", {"quantity": 1}, key="the-same-key")
    assert used.status == 201
    assert stack.units(orders[1]) == {"available": 1, "used": 1}


def test_a_repetition_may_write_its_fields_in_another_order(stack: Stack) -> None:
    # mojaloop/project#2463, aws-powertools/powertools-lambda-python#638
    body = stack.order_request()
    turned = json.dumps({name: body[name] for name in reversed(body)}, indent=2)
    first = stack.call("alice", "POST", "/orders", body, key="the-same-key")
    again = stack.call("alice", "POST", "/orders", raw=turned, key="the-same-key")
    assert (again.status, again.body["order_id"]) == (201, first.body["order_id"])


def test_a_purchase_whose_answer_was_lost_is_charged_once(stack: Stack) -> None:
    # akash-network/console#3449, nextellarlabs/nextellar#217
    request = stack.order_request(token="tok_timeout")
    assert stack.call("alice", "POST", "/orders", request, key="the-same-key").body["code"] == "payment-unknown"
    paid = [stack.call("alice", "POST", "/orders", request, key="the-same-key") for _ in range(2)]
    assert {(each.status, each.body["state"]) for each in paid} == {(201, "paid")}
    assert len(stack.call("alice", "GET", "/payments").body["items"]) == 1


def test_a_page_ends_between_entries_of_the_same_time_without_losing_one(stack: Stack) -> None:
    # vippsas/manifold#517, 0xMaxMa/claude-gateway#214
    made = {stack.buy()["order_id"] for _ in range(5)}
    listed, cursor = [], ""
    while cursor is not None:
        page = stack.call("alice", "GET", f"/orders?limit=2{cursor and '&cursor=' + cursor}").body
        listed += [each["order_id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert (len(listed), set(listed)) == (5, made)


# --- HTTP -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "content_type", "status"),
    [
        ("aws/chalice#306", "application/json; charset=utf-8", 201),
        ("spring-cloud/spring-cloud-gateway#421", "application/json;charset=UTF-8", 201),
        ("bestarch-ae/cacherpc#118", "Application/JSON;Charset=utf-8", 201),
        ("berlinguyinca/spectra-hash#16", 'application/json; charset="UTF-8"', 201),
        ("eeditiones/roaster#88", "application/problem+json", 415),
        ("eeditiones/roaster#88", "text/json", 415),
    ],
)
def test_a_content_type_may_have_parameters(stack: Stack, source: str, content_type: str, status: int) -> None:
    answer = stack.call("alice", "POST", "/orders", stack.order_request(), headers={"content-type": content_type})
    assert answer.status == status, source


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("BeamMP/BeamMP-Server#299", "1.0"),
        ("Facepunch/garrysmod-issues#3403", "5.0"),
        ("xpol/lua-rapidjson#22", "7.00000000003178"),
        ("luanti-org/luanti#16897", "15.0"),
    ],
)
def test_an_integer_that_is_written_as_a_fraction_is_named_and_nothing_is_charged(
    stack: Stack, source: str, number: str
) -> None:
    raw = json.dumps(stack.order_request()).replace('"quantity": 1', f'"quantity": {number}')
    answer = stack.call("alice", "POST", "/orders", raw=raw)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/quantity"), source
    assert stack.call("alice", "GET", "/orders").body["items"] == []


@pytest.mark.parametrize(
    ("source", "path", "status"),
    [
        (
            "dherault/serverless-offline#1437",
            "/orders?limit=1,2",
            422,
        ),  # a parameter twice, as API Gateway passes it on
        ("FgForrest/evitaDB#746", "/orders/", 404),
        ("sebadob/rauthy#1389", "/me/", 404),
    ],
)
def test_a_request_that_is_not_clear_is_not_guessed(stack: Stack, source: str, path: str, status: int) -> None:
    answer = stack.call("alice", "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), source


@pytest.mark.parametrize(
    ("source", "known", "status"),
    [
        ("jshttp/fresh#17", 'W/"{tag}"', 304),
        ("365Werk/etagconditionals#7", 'W/"{tag}"', 304),
        ("rails/rails#19056", '"{tag}-gzip"', 200),
        ("symfony/symfony#25475", '"{tag}-gzip"', 200),
    ],
)
def test_a_tag_that_a_proxy_changed_never_hides_a_page(stack: Stack, source: str, known: str, status: int) -> None:
    tag = stack.call("alice", "GET", "/order-center").headers["etag"].strip('"')
    headers = {"if-none-match": known.format(tag=tag)}
    assert stack.call("alice", "GET", "/order-center", headers=headers).status == status, source


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("adlnet/xAPI_LRS_Test#21", "{tag}"),
        ("FirelyTeam/firely-net-sdk#82", "{tag}"),
        ("gocd/gocd#10515", 'W/"{tag}"'),
        ("nginx/nginx#716", 'W/"{tag}"'),
        ("libris/librisxl#187", '"{tag}-gzip"'),
    ],
)
def test_a_tag_that_was_changed_on_its_way_overwrites_nothing(stack: Stack, source: str, wanted: str) -> None:
    read = stack.call("mia", "GET", f"/products/{stack.products['voucher']}")
    body = {name: read.body[name] for name in ("kind", "title", "category", "price", "validity_days")}
    path = f"/stores/{read.body['store_id']}/products/{read.body['product_id']}"
    headers = {"if-match": wanted.format(tag=read.headers["etag"].strip('"'))}
    answer = stack.call("mia", "PUT", path, body | {"stock": 1}, headers=headers)
    assert (answer.status, answer.body["code"]) == (412, "precondition-failed"), source
    assert stack.call("mia", "GET", f"/products/{stack.products['voucher']}").body["stock"] is None
