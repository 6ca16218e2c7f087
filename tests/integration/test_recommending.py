"""What people tag, look at and are recommended, on the real handlers: by the call, and by what the stream makes of it."""

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from handsel.domain import recommendations
from handsel.domain.recommendations import ENOUGH, MOST_IN_CHART, MOST_VIEWS, PAIRED
from handsel.runtime import wiring
from handsel.store import tastes
from handsel.use_cases.recommendations import learning, recommending
from testkit.handlers.stack import START, Answer, Stack, observe_calls, passes_filter

OTHERS = [f"friend{number}" for number in range(ENOUGH)]


@pytest.fixture
def shop(stack: Stack) -> Stack:
    """A stack whose stream has told of everything on the shelf, and tells of what is written from here on."""
    stack.start_recording()
    stack.project(*stack.simulation.seeded)
    return stack


def titles(stack: Stack, path: str, user: str = "alice") -> list[str]:
    answer = stack.call(user, "GET", path)
    assert answer.status == 200, answer.raw
    return [item["title"] for item in answer.body["items"]]


def recommended(stack: Stack, user: str = "alice") -> dict[str, str]:
    """Reasons by title, the best first."""
    return {
        item["title"]: item["reason"] for item in stack.call(user, "GET", "/recommendations?limit=100").body["items"]
    }


def look(stack: Stack, product: str, user: str = "alice") -> None:
    assert stack.call(user, "GET", f"/products/{stack.products[product]}").status == 200


def tag(stack: Stack, product: str, user: str = "alice", method: str = "PUT") -> Answer:
    answer = stack.call(user, method, f"/tagged/{stack.products[product]}")
    assert (answer.status, answer.raw) == (204, "")
    return answer


def switch(stack: Stack, on: bool, user: str = "alice") -> None:
    assert stack.call(user, "PATCH", "/me", {"recommendations": on}).status == 200


def put_on_sale(stack: Stack, number: int, **more: Any) -> str:
    body = {"kind": "voucher", "title": f"New {number}", "category": "x", "price": {"amount": 1, "currency": "CNY"}}
    answer = stack.call("mia", "PUT", f"/stores/store-tea-house/products/new-{number:03d}", body | more)
    assert answer.status == 200
    return str(answer.body["product_id"])


VOUCHER, PARCEL, RING, COURSE, POETRY = (
    "Afternoon tea for two",
    "Porcelain tea set",
    "Silver ring",
    "Tea ceremony course",
    "Poetry evening",
)


# --- tagged -------------------------------------------------------------------------------------------------------


def test_what_is_tagged_is_listed_newest_first_as_it_is_sold_now(stack: Stack) -> None:
    for product in ("voucher", "parcel", "other_store"):
        tag(stack, product)
        stack.now += 1000
    stack.update_product("parcel", title="A better tea set")
    assert titles(stack, "/tagged") == [POETRY, "A better tea set", VOUCHER]
    first = stack.call("alice", "GET", "/tagged?limit=2")
    assert [item["at"] for item in first.body["items"]] == ["2026-09-21T14:13:22.000Z", "2026-09-21T14:13:21.000Z"]
    rest = stack.call("alice", "GET", f"/tagged?limit=2&cursor={first.body['next_cursor']}")
    assert ([item["title"] for item in rest.body["items"]], rest.body["next_cursor"]) == ([VOUCHER], None)
    product = stack.call("alice", "GET", f"/products/{stack.products['voucher']}").body
    assert rest.body["items"][0] == product | {"at": "2026-09-21T14:13:20.000Z"}
    assert titles(stack, "/tagged", "bob") == []


def test_tagging_twice_is_tagging_once_and_the_first_time_stays(stack: Stack) -> None:
    tag(stack, "voucher")
    before = stack.call("alice", "GET", "/tagged").body
    stack.now += 5000
    tag(stack, "voucher")
    assert stack.call("alice", "GET", "/tagged").body == before
    for _ in range(2):
        tag(stack, "voucher", method="DELETE")
    assert titles(stack, "/tagged") == []
    tag(stack, "parcel", method="DELETE")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_product_that_is_unknown_cannot_be_tagged(stack: Stack, method: str) -> None:
    answer = stack.call("alice", method, "/tagged/unknown")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


# --- viewed -------------------------------------------------------------------------------------------------------


def test_what_one_looked_at_is_listed_once_each_the_latest_first(stack: Stack) -> None:
    for product in ("voucher", "parcel", "voucher", "voucher", "other_store", "parcel"):
        look(stack, product)
    assert titles(stack, "/viewed") == [PARCEL, POETRY, VOUCHER]
    first = stack.call("alice", "GET", "/viewed?limit=2")
    rest = stack.call("alice", "GET", f"/viewed?limit=2&cursor={first.body['next_cursor']}")
    assert [item["title"] for item in rest.body["items"]] == [VOUCHER]
    assert titles(stack, "/viewed", "bob") == []


def test_a_store_that_is_listed_and_a_product_that_is_unknown_leave_no_trace(stack: Stack) -> None:
    stack.call("alice", "GET", "/stores/store-tea-house/products")
    stack.call("alice", "GET", "/products/unknown")
    assert titles(stack, "/viewed") == []


def test_only_the_latest_looks_are_kept(stack: Stack) -> None:
    products = [put_on_sale(stack, number) for number in range(MOST_VIEWS + 3)]
    for product_id in products:
        stack.now += 1
        stack.call("alice", "GET", f"/products/{product_id}")
    item = stack.item("USER#alice", "VIEWED")
    assert item is not None
    assert set(item["views"]) == set(products[3:])


def test_that_a_look_cannot_be_written_down_does_not_keep_the_product_back(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(tastes, "keep_views", fails)
    look(stack, "voucher")
    assert '"ViewNotRecorded":[1.0]' in capsys.readouterr().out.replace(" ", "")
    monkeypatch.undo()
    assert titles(stack, "/viewed") == []


def test_no_other_reading_call_writes(stack: Stack) -> None:
    for path in ("/tagged", "/viewed", "/recommendations", "/me"):
        stack.call("alice", "GET", path)
    before = stack.all_items()
    for path in ("/tagged", "/viewed", "/recommendations", "/me", "/stores/store-tea-house/products"):
        stack.call("alice", "GET", path)
    assert stack.all_items() == before


def test_two_looks_at_once_are_both_written_down(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    look(stack, "other_store")
    real = tastes.keep_views

    def overtaken(*of: Any) -> None:
        monkeypatch.undo()
        look(stack, "parcel")
        real(*of)

    monkeypatch.setattr(tastes, "keep_views", overtaken)
    look(stack, "voucher")
    assert set(titles(stack, "/viewed")) == {POETRY, PARCEL, VOUCHER}


# --- recommended --------------------------------------------------------------------------------------------------


def test_who_is_new_is_recommended_all_that_is_sold(shop: Stack) -> None:
    offers = recommended(shop)
    assert len(offers) == len(shop.products)
    assert set(offers.values()) == {
        "Something to discover, from Tea House",
        "Something to discover, from Book Corner",
    }


def test_what_one_bought_or_tagged_is_not_recommended_again(shop: Stack) -> None:
    shop.buy(product="voucher")
    tag(shop, "parcel")
    shop.deliver_records()
    offers = recommended(shop)
    assert len(offers) == len(shop.products) - 2
    assert not {VOUCHER, PARCEL} & set(offers)
    assert offers[RING] == "From Tea House, where you bought before"
    tag(shop, "parcel", method="DELETE")
    shop.deliver_records()
    assert PARCEL in recommended(shop)


def test_what_one_looked_at_comes_last(shop: Stack) -> None:
    look(shop, "other_store")
    shop.deliver_records()
    offers = recommended(shop)
    assert list(offers)[-1] == POETRY
    assert offers[POETRY] == "You looked at this lately"
    for product in shop.products:
        look(shop, product)
    shop.deliver_records()
    assert set(recommended(shop).values()) == {"You looked at this lately"}


def test_who_had_it_all_is_recommended_what_they_had(shop: Stack) -> None:
    for product in list(shop.products)[1:]:
        tag(shop, product)
    shop.buy(product="voucher")
    shop.deliver_records()
    offers = recommended(shop)
    assert offers.pop(VOUCHER) == "You bought this before"
    assert (len(offers), set(offers.values())) == (6, {"You tagged this"})


def test_what_is_sold_out_is_not_recommended_until_there_is_more(shop: Stack) -> None:
    shop.update_product("voucher", stock=1)
    shop.deliver_records()
    assert VOUCHER in recommended(shop)
    shop.buy("bob")
    assert VOUCHER not in recommended(shop)
    shop.deliver_records()
    assert VOUCHER not in recommended(shop)
    shop.update_product("voucher", stock=2)
    shop.deliver_records()
    assert VOUCHER in recommended(shop)


def test_sold_out_products_leave_room_for_what_can_be_bought(shop: Stack) -> None:
    for product in shop.products:
        if product != "other_store":
            shop.update_product(product, stock=0)
    for number in range(MOST_IN_CHART + 5):
        put_on_sale(shop, number, stock=0)
    put_on_sale(shop, 99)
    shop.deliver_records()
    assert set(recommended(shop)) == {POETRY, "New 99"}
    charts = [item["entries"] for item in shop.all_items() if item["sk"] in ("POPULAR", "SHELF")]
    assert {product_id for chart in charts for product_id in chart} == {shop.products["other_store"], "new-099"}


def test_what_people_with_the_same_taste_like_comes_first_and_says_why(shop: Stack) -> None:
    for friend in OTHERS:
        shop.buy(friend, product="other_store")
        shop.buy(friend, product="jewelry")
    shop.deliver_records()
    shop.buy(product="other_store")
    shop.deliver_records()
    offers = recommended(shop)
    assert next(iter(offers.items())) == (RING, f"People who liked {POETRY} also liked this")


def test_a_reason_is_a_code_and_names_and_reads_in_the_language_that_is_asked_for(shop: Stack) -> None:
    for friend in OTHERS:
        shop.buy(friend, product="other_store")
        shop.buy(friend, product="jewelry")
    shop.deliver_records()
    shop.buy(product="other_store")
    shop.deliver_records()
    listed = shop.call("alice", "GET", "/recommendations", headers={"accept-language": "zh"})
    center = shop.call("alice", "GET", "/order-center", headers={"accept-language": "zh"})
    found = [(item["reason_code"], item["reason_params"], item["reason"]) for item in listed.body["items"]]
    assert found[0] == ("also", {"title": POETRY}, f"喜欢“{POETRY}”的人也喜欢")
    assert ("offered", {"store": "Tea House"}, "来 Tea House 发现新东西") in found
    assert center.body["recommendations"] == listed.body["items"][:5]
    for answer in (listed, center):
        assert (answer.headers["content-language"], answer.headers["vary"]) == ("zh-CN", "Accept-Language")
    english = shop.call("alice", "GET", "/order-center")
    assert english.headers["etag"] != center.headers["etag"]
    tag = {"if-none-match": center.headers["etag"], "accept-language": "zh"}
    assert shop.call("alice", "GET", "/order-center", headers=tag).status == 304
    assert english.body["recommendations"][0]["reason"] == f"People who liked {POETRY} also liked this"


@pytest.mark.parametrize(
    ("act", "code", "params"),
    [
        (lambda shop: None, "offered", {"store": "Tea House"}),
        (lambda shop: look(shop, "voucher"), "viewed", {}),
        (lambda shop: tag(shop, "parcel"), "store", {"store": "Tea House"}),
        (lambda shop: shop.buy(product="parcel"), "shopped", {"store": "Tea House"}),
        (lambda shop: [shop.buy(friend, product="voucher") for friend in OTHERS], "popular", {}),
    ],
)
def test_what_one_did_and_others_did_is_the_reason(
    shop: Stack, act: Callable[[Stack], object], code: str, params: dict[str, str]
) -> None:
    act(shop)
    shop.deliver_records()
    items = shop.call("alice", "GET", "/recommendations?limit=100").body["items"]
    (reason,) = [(item["reason_code"], item["reason_params"]) for item in items if item["title"] == VOUCHER]
    assert reason == (code, params)


def test_what_only_one_other_person_did_is_not_told(shop: Stack) -> None:
    shop.buy("bob", product="other_store")
    shop.buy("bob", product="jewelry")
    shop.deliver_records()
    shop.buy(product="other_store")
    shop.deliver_records()
    assert not [reason for reason in recommended(shop).values() if "also liked" in reason or "Popular" in reason]


def test_what_people_like_of_late_is_popular_to_who_is_new(shop: Stack) -> None:
    for friend in OTHERS:
        tag(shop, "education", friend)
    shop.deliver_records()
    assert next(iter(recommended(shop, "zoe").items())) == (COURSE, "Popular right now")


def test_a_list_of_recommendations_goes_on_page_by_page(shop: Stack) -> None:
    for number in range(25):
        put_on_sale(shop, number)
    shop.deliver_records()
    tag(shop, "voucher")
    whole = titles(shop, "/recommendations?limit=100")
    pages, cursor = [], ""
    while True:
        page = shop.call("alice", "GET", f"/recommendations?limit=7{cursor}").body
        pages += [item["title"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == whole
    assert len(pages) == len(set(pages)) == len(shop.products) - 1 + 25


def test_what_very_many_like_is_not_put_on_the_shelf_again_for_each_of_them(shop: Stack) -> None:
    versions = []
    for number in range(12):
        shop.buy(f"person{number:02d}")
        shop.deliver_records()
        versions.append(shop.item("STORE#store-tea-house", "SHELF")["version"])  # type: ignore[index]
    # What one person likes does not show; from ten to eleven is a tenth more.
    assert [version - versions[0] for version in versions] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10]


def test_what_one_is_recommended_costs_the_same_however_much_there_is(shop: Stack) -> None:
    calls: list[str] = []

    def cost() -> list[str]:
        calls.clear()
        with observe_calls(lambda call: calls.append(call.operation)):
            assert shop.call("alice", "GET", "/recommendations").status == 200
        return list(calls)

    shop.call("alice", "GET", "/me")
    few = cost()
    for number in range(12):
        put_on_sale(shop, number)
        look(shop, "voucher")
        look(shop, "parcel")
    shop.buy()
    shop.deliver_records()
    assert cost() == few == ["BatchGetItem", "BatchGetItem"]


# --- privacy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_a_parcel_that_is_not_delivered_changes_nothing_for_who_holds_it(shop: Stack, named: bool) -> None:
    for user in ("bob", "carol"):
        shop.call(user, "GET", "/me")
        look(shop, "voucher", user)
    order = shop.buy(product="parcel")
    gift = shop.give(order, recipient_id="bob") if named else shop.give(order)
    assert shop.claim("bob", gift).status == 201
    shop.deliver_records()
    # The same as for somebody who did the same and was given nothing.
    assert recommended(shop, "bob") == recommended(shop, "carol")
    assert PARCEL in recommended(shop, "bob")
    taste, views = shop.item("USER#bob", "TASTE"), shop.item("USER#bob", "VIEWED")
    assert taste is not None
    assert views is not None
    assert set(taste["signals"]) == set(views["views"]) == {shop.products["voucher"]}


def test_what_is_counted_of_products_names_nobody(shop: Stack) -> None:
    for friend in OTHERS:
        shop.buy(friend, product="other_store")
        look(shop, "parcel", friend)
        tag(shop, "jewelry", friend)
    shop.deliver_records()
    counted = [item for item in shop.all_items() if item["sk"] in ("ALSO", "SHELF", "POPULAR")]
    assert {item["sk"] for item in counted} == {"ALSO", "SHELF", "POPULAR"}
    assert "friend" not in json.dumps(counted)


# --- switching it off ---------------------------------------------------------------------------------------------


def traces(stack: Stack, product: str, user: str = "alice") -> list[str]:
    """The items of a user that name a product."""
    mine = [item for item in stack.all_items() if user in json.dumps(item)]
    return [item["sk"] for item in mine if stack.products[product] in json.dumps(item)]


def test_switching_off_erases_what_one_looked_at_at_once(shop: Stack) -> None:
    look(shop, "voucher")
    shop.deliver_records()
    look(shop, "parcel")
    tag(shop, "jewelry")
    assert traces(shop, "voucher") == ["TASTE", "VIEWED"]
    switch(shop, False)
    assert (titles(shop, "/viewed"), titles(shop, "/recommendations")) == ([], [])
    assert (traces(shop, "voucher"), traces(shop, "parcel")) == ([], [])
    look(shop, "voucher")
    shop.deliver_records()
    assert (titles(shop, "/viewed"), titles(shop, "/recommendations"), titles(shop, "/tagged")) == ([], [], [RING])
    assert traces(shop, "voucher") == []


def test_switching_off_is_for_who_did_nothing_yet_too_and_again_is_the_same(stack: Stack) -> None:
    for on in (False, False, True, True, False):
        switch(stack, on)
        look(stack, "voucher")
        assert titles(stack, "/viewed") == ([VOUCHER] if on else [])


def test_switching_on_starts_afresh(shop: Stack) -> None:
    look(shop, "voucher")
    shop.buy(product="jewelry")
    shop.deliver_records()
    switch(shop, False)
    shop.buy(product="education")
    shop.deliver_records()
    switch(shop, True)
    shop.deliver_records()
    assert titles(shop, "/viewed") == []
    # What one has is still known.
    assert not {RING, COURSE} & set(recommended(shop))
    assert set(recommended(shop).values()) <= {
        "Something to discover, from Tea House",
        "Something to discover, from Book Corner",
    }
    look(shop, "parcel")
    shop.deliver_records()
    assert titles(shop, "/viewed") == [PARCEL]


@pytest.mark.parametrize("again", [False, True])
def test_a_record_that_comes_late_brings_nothing_back(shop: Stack, again: bool) -> None:
    look(shop, "voucher")
    look(shop, "parcel")
    late = list(shop.records)
    switch(shop, False)
    if again:
        switch(shop, True)
    before = shop.all_items()
    shop.project(*late)
    assert shop.all_items() == before
    assert traces(shop, "voucher") == []


def test_switching_off_wins_over_what_is_being_learned(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    look(shop, "voucher")
    real = learning._with_recommendations

    def overtaken(*of: Any, **more: Any) -> Any:
        monkeypatch.undo()
        switch(shop, False)
        return real(*of, **more)

    monkeypatch.setattr(learning, "_with_recommendations", overtaken)
    shop.project(*shop.records)
    assert traces(shop, "voucher") == []


@pytest.mark.parametrize("before", [[], ["parcel"]])
def test_switching_off_wins_over_a_look_that_is_being_written_down(
    shop: Stack, monkeypatch: pytest.MonkeyPatch, before: list[str]
) -> None:
    for product in before:
        look(shop, product)
    real = tastes.keep_views

    def overtaken(*of: Any) -> None:
        monkeypatch.undo()
        switch(shop, False)
        real(*of)

    monkeypatch.setattr(tastes, "keep_views", overtaken)
    look(shop, "voucher")
    assert traces(shop, "voucher") == []
    assert titles(shop, "/viewed") == []


# --- the stream ---------------------------------------------------------------------------------------------------


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same order each time


def busy(stack: Stack) -> None:
    """What a few people do."""
    for user, product in itertools.product(("alice", *OTHERS), ("voucher", "parcel")):
        stack.now += 1000
        look(stack, product, user)
        order = stack.buy(user, product=product)
        tag(stack, "jewelry", user)
        stack.give(order)


LEARNED = ("TASTE", "ALSO", "SHELF", "POPULAR")


def learned(stack: Stack) -> dict[tuple[str, str], Any]:
    items = [item for item in stack.all_items() if item["sk"] in LEARNED or item["sk"].startswith("BOUGHT#")]
    return {(item["pk"], item["sk"]): item for item in items}


def test_records_that_come_again_add_nothing(shop: Stack) -> None:
    busy(shop)
    shop.deliver_records()
    tag(shop, "jewelry", method="DELETE")
    shop.deliver_records()
    once = [record for record in shop.records if passes_filter(record)]
    before = learned(shop)
    assert before["USER#alice", "TASTE"]["signals"][shop.products["voucher"]]["acts"] == ["bought", "given", "viewed"]
    assert before["USER#alice", "TASTE"]["signals"][shop.products["jewelry"]]["acts"] == []
    for number in range(3):
        again = once[:]
        _dice(number).shuffle(again)
        assert shop.project(*again) == []
    assert learned(shop) == before


def test_in_any_order_the_same_is_known_of_people(shop: Stack) -> None:
    busy(shop)
    tag(shop, "jewelry", method="DELETE")
    records = [record for record in shop.records if passes_filter(record)]
    outcomes = []
    for number in range(3):
        for key in learned(shop):
            if key[1] not in ("SHELF", "POPULAR"):
                shop.client.delete_item(TableName="handsel-test", Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
        _dice(number).shuffle(records)
        for start in range(0, len(records), 9):
            assert shop.project(*records[start : start + 9]) == []
        outcomes.append(
            {key: item["signals"] for key, item in learned(shop).items() if key[1] == "TASTE"}
            | {key: item["people"] for key, item in learned(shop).items() if key[1] == "ALSO"}
        )
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_tagging_over_and_over_makes_nobody_more_than_one_person(shop: Stack) -> None:
    for _ in range(4):
        tag(shop, "jewelry")
        shop.deliver_records()
        tag(shop, "jewelry", method="DELETE")
        shop.deliver_records()
    item = shop.item(f"PRODUCT#{shop.products['jewelry']}", "ALSO")
    assert item is not None
    assert item["people"] == 1


def test_what_is_known_of_a_person_has_bounds(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 8
    monkeypatch.setattr(recommendations, "MOST_SIGNALS", most)
    for number in range(most + 3):
        put_on_sale(shop, number)
        shop.now += 1000
        shop.call("alice", "GET", f"/products/new-{number:03d}")
    shop.buy(product="voucher")
    shop.deliver_records()
    item = shop.item("USER#alice", "TASTE")
    assert item is not None
    assert len(item["signals"]) == most
    assert shop.products["voucher"] in item["signals"]
    assert max(len(item["others"]) for item in shop.all_items() if item["sk"] == "ALSO") <= 2 * PAIRED


def test_what_overtakes_while_it_is_learned_is_not_lost(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    look(shop, "voucher")
    first, shop._delivered = list(shop.records), len(shop.records)
    real = learning._with_recommendations

    def overtaken(*of: Any, **more: Any) -> Any:
        monkeypatch.undo()
        look(shop, "parcel")
        shop.deliver_records()
        return real(*of, **more)

    monkeypatch.setattr(learning, "_with_recommendations", overtaken)
    shop.project(*first)
    item = shop.item("USER#alice", "TASTE")
    assert item is not None
    assert set(item["signals"]) == {shop.products["voucher"], shop.products["parcel"]}
    assert item["version"] == 1


def test_what_takes_two_rounds_can_be_read_with_other_things(shop: Stack) -> None:
    look(shop, "other_store")
    tag(shop, "voucher")
    shop.deliver_records()
    table = wiring.table()
    home = recommending.home_of("alice", table.get_many(recommending.first_keys("alice")), now=START)
    found = table.get_many(recommending.keys_of_candidates("alice", home.candidates[:5]))
    picked = recommending.Picked("alice")
    for candidate in home.candidates[:5]:
        picked.add(found, candidate)
    page = recommending.recommended(table, "alice", limit=5, before=None, now=START)
    assert picked.new == page.items[: len(picked.new)]
    assert picked.new
