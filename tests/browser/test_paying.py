"""Tests of payments that do not go the direct way: unfinished, pending, and at a price that changed."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.client import payment
from tests.browser.accessibility import check_accessible
from tests.browser.conftest import Invite
from tests.browser.visitors import Visitor
from tests.e2e.conftest import Running

UNFINISHED = "Your last payment isn't finished."
FINISH, START_OVER = "Finish the last payment: ¥129.00 \u00d7 1", "Start over with ¥258.00 \u00d7 2"


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def buyer(person: Invite, stack: Running) -> Visitor:
    """Open a phone's browser for a new user."""
    name = f"buyer-{secrets.token_hex(4)}"
    stack.new_users(name)
    return person(name)


def orders_of(stack: Running, visitor: Visitor) -> list[tuple[str, int]]:
    """Return the state and the quantity of each order, newest first."""
    items = stack.as_(visitor.name).get("/orders").json()["items"]
    return [(order["state"], order["quantity"]) for order in items]


def new_product(stack: Running, **more: object) -> dict[str, Any]:
    """Create a product that only one test uses."""
    store = stack.as_("alice").get(f"/products/{stack.stack['products']['voucher']}").json()["store_id"]
    amount = {"amount": 1000, "currency": "CNY"}
    body = {"title": "Tea for one", "kind": "voucher", "category": "dining", "price": amount, "stock": None}
    answer = stack.as_("mia").put(f"/stores/{store}/products/new-{secrets.token_hex(6)}", body | more)
    assert answer.status_code == 200, answer.text
    product: dict[str, Any] = answer.json()
    return product


def change_price(stack: Running, product: dict[str, Any], amount: int) -> None:
    path = f"/stores/{product['store_id']}/products/{product['product_id']}"
    body = {key: product[key] for key in ("title", "kind", "category", "image_url")}
    money = {"amount": amount, "currency": "CNY"}
    answer = stack.as_("mia").put(path, {**body, "price": money})
    assert answer.status_code == 200, answer.text


def pay_without_response(visitor: Visitor, stack: Running, handle: Callable[[Route], object]) -> Page:
    """Pay for one unit while `handle` takes the requests, close the panel, and choose two units."""
    page = visitor.page
    visitor.expects("net::ERR_FAILED")
    page.goto(f"/#/products/{stack.stack['products']['voucher']}")
    button(page, "Buy ¥129.00").click()
    page.route("**/orders", handle)
    button(page, "Pay ¥129.00").click()
    expect(page.get_by_role("alert")).to_contain_text("Can't connect.")
    button(page, "Close").click()
    page.unroute("**/orders")
    button(page, "Increase").click()
    button(page, "Buy ¥258.00").click()
    button(page, "Pay ¥258.00").click()
    expect(page.get_by_role("alert")).to_contain_text(UNFINISHED)
    expect(button(page, FINISH)).to_be_visible()
    expect(button(page, START_OVER)).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("choice", "quantity"), [pytest.param(FINISH, 1, marks=pytest.mark.long), pytest.param(START_OVER, 2)]
)
def test_an_unfinished_payment_is_finished_or_given_up_by_what_it_buys_and_costs(
    buyer: Visitor, stack: Running, choice: str, quantity: int
) -> None:
    page = pay_without_response(buyer, stack, lambda route: route.abort())
    check_accessible(page)
    button(page, choice).click()
    expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
    assert orders_of(stack, buyer) == [("paid", quantity)]


@pytest.mark.long
def test_starting_over_cancels_an_order_that_is_pending(buyer: Visitor, stack: Running) -> None:
    def hang(route: Route) -> None:
        """Let the order be created with a card whose bank does not answer, and lose the response."""
        body = (route.request.post_data_json or {}) | {"payment": payment("tok_no_reply")}
        route.fetch(post_data=body)
        route.abort()

    page = pay_without_response(buyer, stack, hang)
    assert orders_of(stack, buyer) == [("pending", 1)]
    button(page, START_OVER).click()
    expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
    assert orders_of(stack, buyer) == [("paid", 2), ("cancelled", 1)]


@pytest.mark.long
def test_starting_over_says_if_the_last_payment_went_through(buyer: Visitor, stack: Running) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page = pay_without_response(buyer, stack, lose)
    button(page, START_OVER).click()
    expect(page.get_by_role("alert")).to_contain_text("Your last payment went through after all: ¥129.00 \u00d7 1.")
    check_accessible(page)
    assert orders_of(stack, buyer) == [("paid", 1)]
    page.get_by_role("link", name="View that order").click()
    expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


# shopware#1741, shopperlabs/shopper#614
def test_a_changed_price_is_shown_and_asked_again(buyer: Visitor, stack: Running) -> None:
    product, page = new_product(stack), buyer.page
    buyer.expects(409)
    page.goto(f"/#/products/{product['product_id']}")
    button(page, "Buy ¥10.00").click()
    change_price(stack, product, 9900)
    button(page, "Pay ¥10.00").click()
    expect(page.get_by_role("alert")).to_contain_text("The price has changed, so you weren't charged.")
    expect(page.locator(".bill b")).to_have_text("¥99.00")
    check_accessible(page)
    assert orders_of(stack, buyer) == []
    # The product behind the panel shows the new price, too.
    button(page, "Close").click()
    button(page, "Buy ¥99.00").click()
    button(page, "Pay ¥99.00").click()
    expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
    expect(page.locator(".result b")).to_have_text("¥99.00")


@pytest.mark.long
def test_a_changed_price_of_a_return_gift_is_shown_and_asked_again(person: Invite, stack: Running) -> None:
    product, gift = new_product(stack, title=f"Tea {secrets.token_hex(4)}"), stack.give(stack.buy()["order_id"])
    claimed = stack.as_("bob").post(f"/gifts/{gift['gift_id']}/claims", {"secret": gift["secret"]})
    assert claimed.status_code == 201
    bob = person("bob")
    bob.expects(409)
    page = bob.page
    page.goto(f"/#/return/{gift['gift_id']}")
    page.get_by_role("radio", name=product["title"]).check()
    button(page, "Send gift · ¥10.00").click()
    change_price(stack, product, 9900)
    button(page, "Pay ¥10.00").click()
    expect(page.get_by_role("alert")).to_contain_text("The price has changed, so you weren't charged.")
    button(page, "Pay ¥99.00").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your gift is in Alice's inbox")


@pytest.mark.long
def test_a_pending_order_can_be_cancelled_by_its_buyer(buyer: Visitor, stack: Running) -> None:
    body = {"product_id": stack.stack["products"]["voucher"], "quantity": 1, "payment": payment("tok_no_reply")}
    key, user = secrets.token_hex(12), stack.as_(buyer.name)
    assert user.post("/orders", body, key=key).status_code == 503
    order = user.post("/orders", body, key=key).json()
    page = buyer.page
    page.goto(f"/#/orders/{order['order_id']}")
    expect(page.get_by_role("heading", name="Payment pending")).to_be_visible()
    check_accessible(page)
    button(page, "Cancel order").click()
    expect(page.get_by_role("heading", name="Order cancelled")).to_be_visible()
    expect(button(page, "Cancel order")).to_have_count(0)
    check_accessible(page)
    assert orders_of(stack, buyer) == [("cancelled", 1)]
