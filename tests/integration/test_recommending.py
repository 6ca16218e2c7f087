"""Tagged, viewed and recommended products, through the handlers and the stream."""

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from handsel.domain import recommendations
from handsel.domain.recommendations import MAX_PAIRS, MAX_RANKED, MAX_SIGNALS, MIN_SUPPORT
from handsel.runtime import wiring
from handsel.store import keys, preferences
from handsel.store.attributes import dump_item
from handsel.use_cases.recommendations import preference_updates, recommending
from testkit.handlers.stack import START, Answer, Stack, observe_calls, passes_filter

OTHERS = [f"friend{number}" for number in range(MIN_SUPPORT)]


@pytest.fixture
def shop(stack: Stack) -> Stack:
    """Return a stack whose stream records are processed up to now and recorded from now on."""
    stack.start_recording()
    stack.project(*stack.simulation.seeded)
    return stack


def titles(stack: Stack, path: str, user: str = "alice") -> list[str]:
    answer = stack.call(user, "GET", path)
    assert answer.status == 200, answer.raw
    return [item["title"] for item in answer.body["items"]]


def recommendations_of(stack: Stack, user: str = "alice") -> dict[str, str]:
    """Return the reasons of recommendations by title, best first."""
    return {
        item["title"]: item["reason"] for item in stack.call(user, "GET", "/recommendations?limit=100").body["items"]
    }


def view(stack: Stack, product: str, user: str = "alice") -> None:
    assert stack.call(user, "GET", f"/products/{stack.products[product]}").status == 200


def tag(stack: Stack, product: str, user: str = "alice", method: str = "PUT") -> Answer:
    answer = stack.call(user, method, f"/tagged/{stack.products[product]}")
    assert (answer.status, answer.raw) == (204, "")
    return answer


def set_recommendations(stack: Stack, on: bool, user: str = "alice") -> None:
    assert stack.call(user, "PATCH", "/me", {"recommendations": on}).status == 200


def sell_new(stack: Stack, number: int, **more: Any) -> str:
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


def test_tagged_products_are_listed_newest_first_with_their_current_data(stack: Stack) -> None:
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


def test_tagging_twice_keeps_the_first_time(stack: Stack) -> None:
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
def test_an_unknown_product_cannot_be_tagged(stack: Stack, method: str) -> None:
    answer = stack.call("alice", method, "/tagged/unknown")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


# --- viewed -------------------------------------------------------------------------------------------------------


def test_viewed_products_are_listed_once_and_latest_first(stack: Stack) -> None:
    for product in ("voucher", "parcel", "voucher", "voucher", "other_store", "parcel"):
        view(stack, product)
    assert titles(stack, "/viewed") == [PARCEL, POETRY, VOUCHER]
    first = stack.call("alice", "GET", "/viewed?limit=2")
    rest = stack.call("alice", "GET", f"/viewed?limit=2&cursor={first.body['next_cursor']}")
    assert [item["title"] for item in rest.body["items"]] == [VOUCHER]
    assert titles(stack, "/viewed", "bob") == []


def test_listing_a_store_and_requesting_an_unknown_product_record_no_view(stack: Stack) -> None:
    stack.call("alice", "GET", "/stores/store-tea-house/products")
    stack.call("alice", "GET", "/products/unknown")
    assert titles(stack, "/viewed") == []


def test_only_the_latest_views_are_kept(stack: Stack) -> None:
    products = [sell_new(stack, number) for number in range(MAX_SIGNALS + 3)]
    for product_id in products:
        stack.now += 1
        stack.call("alice", "GET", f"/products/{product_id}")
    item = stack.item("USER#alice", "PREFERENCES")
    assert item is not None
    assert set(item["signals"]) == set(products[3:])
    assert titles(stack, "/viewed?limit=100") == [f"New {number}" for number in reversed(range(3, MAX_SIGNALS + 3))]


def test_a_view_that_cannot_be_stored_does_not_fail_the_request(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(preferences, "save", fail)
    view(stack, "voucher")
    assert '"ViewNotRecorded":[1.0]' in capsys.readouterr().out.replace(" ", "")
    monkeypatch.undo()
    assert titles(stack, "/viewed") == []


def test_no_other_read_writes(stack: Stack) -> None:
    for path in ("/tagged", "/viewed", "/recommendations", "/me"):
        stack.call("alice", "GET", path)
    before = stack.all_items()
    for path in ("/tagged", "/viewed", "/recommendations", "/me", "/stores/store-tea-house/products"):
        stack.call("alice", "GET", path)
    assert stack.all_items() == before


def test_two_concurrent_views_are_both_stored(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    view(stack, "other_store")
    real = preferences.save

    def view_parcel_first(*of: Any) -> None:
        monkeypatch.undo()
        view(stack, "parcel")
        real(*of)

    monkeypatch.setattr(preferences, "save", view_parcel_first)
    view(stack, "voucher")
    assert set(titles(stack, "/viewed")) == {POETRY, PARCEL, VOUCHER}


# --- recommended --------------------------------------------------------------------------------------------------


def test_a_new_user_is_recommended_all_products(shop: Stack) -> None:
    offers = recommendations_of(shop)
    assert len(offers) == len(shop.products)
    assert set(offers.values()) == {
        "Discover something new from Tea House",
        "Discover something new from Book Corner",
    }


def test_bought_and_tagged_products_are_not_recommended(shop: Stack) -> None:
    shop.buy(product="voucher")
    tag(shop, "parcel")
    shop.deliver_records()
    offers = recommendations_of(shop)
    assert len(offers) == len(shop.products) - 2
    assert not {VOUCHER, PARCEL} & set(offers)
    assert offers[RING] == "From Tea House, where you've shopped before"
    tag(shop, "parcel", method="DELETE")
    shop.deliver_records()
    assert PARCEL in recommendations_of(shop)


def test_viewed_products_come_last(shop: Stack) -> None:
    view(shop, "other_store")
    shop.deliver_records()
    offers = recommendations_of(shop)
    assert list(offers)[-1] == POETRY
    assert offers[POETRY] == "You viewed this recently"
    for product in shop.products:
        view(shop, product)
    shop.deliver_records()
    assert set(recommendations_of(shop).values()) == {"You viewed this recently"}


def test_a_user_with_all_products_is_recommended_the_same_products(shop: Stack) -> None:
    for product in list(shop.products)[1:]:
        tag(shop, product)
    shop.buy(product="voucher")
    shop.deliver_records()
    offers = recommendations_of(shop)
    assert offers.pop(VOUCHER) == "You bought this before"
    assert (len(offers), set(offers.values())) == (6, {"You saved this"})


def test_a_sold_out_product_is_not_recommended_until_it_is_restocked(shop: Stack) -> None:
    shop.update_product("voucher", stock=1)
    shop.deliver_records()
    assert VOUCHER in recommendations_of(shop)
    shop.buy("bob")
    assert VOUCHER not in recommendations_of(shop)
    shop.deliver_records()
    assert VOUCHER not in recommendations_of(shop)
    shop.update_product("voucher", stock=2)
    shop.deliver_records()
    assert VOUCHER in recommendations_of(shop)


def test_sold_out_products_leave_room_for_available_ones(shop: Stack) -> None:
    for product in shop.products:
        if product != "other_store":
            shop.update_product(product, stock=0)
    for number in range(MAX_RANKED + 5):
        sell_new(shop, number, stock=0)
    sell_new(shop, 99)
    shop.deliver_records()
    assert set(recommendations_of(shop)) == {POETRY, "New 99"}
    rankings = [item["entries"] for item in shop.all_items() if item["sk"] == "RANKING"]
    assert {product_id for ranking in rankings for product_id in ranking} == {shop.products["other_store"], "new-099"}


def test_related_products_come_first_with_their_reason(shop: Stack) -> None:
    for friend in OTHERS:
        shop.buy(friend, product="other_store")
        shop.buy(friend, product="jewelry")
    shop.deliver_records()
    shop.buy(product="other_store")
    shop.deliver_records()
    offers = recommendations_of(shop)
    assert next(iter(offers.items())) == (RING, f"People who liked {POETRY} also liked this")


def test_a_reason_has_a_code_and_parameters_and_is_in_the_requested_language(shop: Stack) -> None:
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
    assert ("offered", {"store": "Tea House"}, "来 Tea House 发现好物") in found
    assert center.body["recommendations"] == listed.body["items"][:5]
    for answer in (listed, center):
        assert (answer.headers["content-language"], answer.headers["vary"]) == ("zh-CN", "Accept-Language")
    english = shop.call("alice", "GET", "/order-center")
    assert english.headers["etag"] != center.headers["etag"]
    tag = {"if-none-match": center.headers["etag"], "accept-language": "zh"}
    assert shop.call("alice", "GET", "/order-center", headers=tag).status == 304
    assert english.body["recommendations"][0]["reason"] == f"People who liked {POETRY} also liked this"


@pytest.mark.parametrize(
    ("action", "code", "params"),
    [
        (lambda shop: None, "offered", {"store": "Tea House"}),
        (lambda shop: view(shop, "voucher"), "viewed", {}),
        (lambda shop: tag(shop, "parcel"), "store", {"store": "Tea House"}),
        (lambda shop: shop.buy(product="parcel"), "shopped", {"store": "Tea House"}),
        (lambda shop: [shop.buy(friend, product="voucher") for friend in OTHERS], "popular", {}),
    ],
)
def test_the_reason_is_the_users_interaction_or_the_interactions_of_others(
    shop: Stack, action: Callable[[Stack], object], code: str, params: dict[str, str]
) -> None:
    action(shop)
    shop.deliver_records()
    items = shop.call("alice", "GET", "/recommendations?limit=100").body["items"]
    (reason,) = [(item["reason_code"], item["reason_params"]) for item in items if item["title"] == VOUCHER]
    assert reason == (code, params)


def test_an_interaction_of_a_single_other_user_is_not_revealed(shop: Stack) -> None:
    shop.buy("bob", product="other_store")
    shop.buy("bob", product="jewelry")
    shop.deliver_records()
    shop.buy(product="other_store")
    shop.deliver_records()
    assert not [reason for reason in recommendations_of(shop).values() if "also liked" in reason or "Popular" in reason]


def test_recently_popular_products_are_recommended_to_new_users(shop: Stack) -> None:
    for friend in OTHERS:
        tag(shop, "education", friend)
    shop.deliver_records()
    assert next(iter(recommendations_of(shop, "zoe").items())) == (COURSE, "Popular right now")


def test_recommendations_are_paged(shop: Stack) -> None:
    for number in range(25):
        sell_new(shop, number)
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


def test_a_ranking_is_not_written_for_each_of_many_buyers(shop: Stack) -> None:
    versions = []
    for number in range(12):
        shop.buy(f"person{number:02d}")
        shop.deliver_records()
        versions.append(shop.item(*keys.ranking(shop.products["voucher"]))["version"])  # type: ignore[index]
    # A product of a single user is not shown as popular; from ten users to eleven popularity grows by a tenth.
    assert [version - versions[0] for version in versions] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10]


def test_the_cost_of_recommendations_does_not_depend_on_the_number_of_products(shop: Stack) -> None:
    calls: list[str] = []

    def calls_of_recommendations() -> list[str]:
        calls.clear()
        with observe_calls(lambda call: calls.append(call.operation)):
            assert shop.call("alice", "GET", "/recommendations").status == 200
        return list(calls)

    shop.call("alice", "GET", "/me")
    few = calls_of_recommendations()
    for number in range(12):
        sell_new(shop, number)
        view(shop, "voucher")
        view(shop, "parcel")
    shop.buy()
    shop.deliver_records()
    assert calls_of_recommendations() == few == ["BatchGetItem", "BatchGetItem"]


# --- privacy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_an_undelivered_parcel_does_not_change_recommendations_of_its_holder(shop: Stack, named: bool) -> None:
    for user in ("bob", "carol"):
        shop.call(user, "GET", "/me")
        view(shop, "voucher", user)
    order = shop.buy(product="parcel")
    gift = shop.give(order, recipient_id="bob") if named else shop.give(order)
    assert shop.claim("bob", gift).status == 201
    shop.deliver_records()
    # The result is that of a user with the same views and no gift.
    assert recommendations_of(shop, "bob") == recommendations_of(shop, "carol")
    assert PARCEL in recommendations_of(shop, "bob")
    known = shop.item("USER#bob", "PREFERENCES")
    assert known is not None
    assert set(known["signals"]) == {shop.products["voucher"]}


def test_statistics_of_products_contain_no_users(shop: Stack) -> None:
    for friend in OTHERS:
        shop.buy(friend, product="other_store")
        view(shop, "parcel", friend)
        tag(shop, "jewelry", friend)
    shop.deliver_records()
    counted = [item for item in shop.all_items() if item["sk"] in ("RELATED", "RANKING")]
    assert {item["sk"] for item in counted} == {"RELATED", "RANKING"}
    assert "friend" not in json.dumps(counted)


# --- switching off ------------------------------------------------------------------------------------------------


def traces(stack: Stack, product: str, user: str = "alice") -> list[str]:
    """Return the sort keys of a user's items that contain a product."""
    mine = [item for item in stack.all_items() if user in json.dumps(item)]
    return [item["sk"] for item in mine if stack.products[product] in json.dumps(item)]


def test_switching_off_erases_views_at_once(shop: Stack) -> None:
    view(shop, "voucher")
    shop.deliver_records()
    view(shop, "parcel")
    tag(shop, "jewelry")
    assert traces(shop, "voucher") == ["PREFERENCES"]
    set_recommendations(shop, False)
    assert (titles(shop, "/viewed"), titles(shop, "/recommendations")) == ([], [])
    assert (traces(shop, "voucher"), traces(shop, "parcel")) == ([], [])
    view(shop, "voucher")
    shop.deliver_records()
    assert (titles(shop, "/viewed"), titles(shop, "/recommendations"), titles(shop, "/tagged")) == ([], [], [RING])
    assert traces(shop, "voucher") == []


def test_switching_off_works_for_new_users_and_is_idempotent(stack: Stack) -> None:
    for on in (False, False, True, True, False):
        set_recommendations(stack, on)
        view(stack, "voucher")
        assert titles(stack, "/viewed") == ([VOUCHER] if on else [])


def test_switching_on_starts_without_history(shop: Stack) -> None:
    view(shop, "voucher")
    shop.buy(product="jewelry")
    shop.deliver_records()
    set_recommendations(shop, False)
    shop.buy(product="education")
    shop.deliver_records()
    set_recommendations(shop, True)
    shop.deliver_records()
    assert titles(shop, "/viewed") == []
    # Bought products are still excluded.
    assert not {RING, COURSE} & set(recommendations_of(shop))
    assert set(recommendations_of(shop).values()) <= {
        "Discover something new from Tea House",
        "Discover something new from Book Corner",
    }
    view(shop, "parcel")
    shop.deliver_records()
    assert titles(shop, "/viewed") == [PARCEL]


@pytest.mark.parametrize("again", [False, True])
def test_a_late_record_restores_nothing(shop: Stack, again: bool) -> None:
    view(shop, "voucher")
    view(shop, "parcel")
    late = list(shop.records)
    set_recommendations(shop, False)
    if again:
        set_recommendations(shop, True)
    before = shop.all_items()
    shop.project(*late)
    assert shop.all_items() == before
    assert traces(shop, "voucher") == []


def test_switching_off_wins_over_a_concurrent_update_of_preferences(
    shop: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    view(shop, "voucher")
    real = preference_updates._recommend

    def switch_off_first(*of: Any, **more: Any) -> Any:
        monkeypatch.undo()
        set_recommendations(shop, False)
        return real(*of, **more)

    monkeypatch.setattr(preference_updates, "_recommend", switch_off_first)
    shop.project(*shop.records)
    assert traces(shop, "voucher") == []


@pytest.mark.parametrize("before", [[], ["parcel"]])
def test_switching_off_wins_over_a_concurrent_view(
    shop: Stack, monkeypatch: pytest.MonkeyPatch, before: list[str]
) -> None:
    for product in before:
        view(shop, product)
    real = preferences.save

    def switch_off_first(*of: Any) -> None:
        monkeypatch.undo()
        set_recommendations(shop, False)
        real(*of)

    monkeypatch.setattr(preferences, "save", switch_off_first)
    view(shop, "voucher")
    assert traces(shop, "voucher") == []
    assert titles(shop, "/viewed") == []


# --- the stream ---------------------------------------------------------------------------------------------------


def _seeded_random(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same order each time


def interact(stack: Stack) -> None:
    """Make several users view, buy, tag and give products."""
    for user, product in itertools.product(("alice", *OTHERS), ("voucher", "parcel")):
        stack.now += 1000
        view(stack, product, user)
        order = stack.buy(user, product=product)
        tag(stack, "jewelry", user)
        stack.give(order)


LEARNED = ("PREFERENCES", "RELATED", "RANKING")


def learned_items(stack: Stack) -> dict[tuple[str, str], Any]:
    items = [item for item in stack.all_items() if item["sk"] in LEARNED or item["sk"].startswith("BOUGHT#")]
    return {(item["pk"], item["sk"]): item for item in items}


def interactions_of(signal: dict[str, Any]) -> list[str]:
    return [each for each in ("bought", "tagged", "viewed") if signal[each]]


def test_repeated_records_add_nothing(shop: Stack) -> None:
    interact(shop)
    shop.deliver_records()
    tag(shop, "jewelry", method="DELETE")
    shop.deliver_records()
    once = [record for record in shop.records if passes_filter(record)]
    before = learned_items(shop)
    signals = before["USER#alice", "PREFERENCES"]["signals"]
    assert interactions_of(signals[shop.products["voucher"]]) == ["bought", "viewed"]
    assert interactions_of(signals[shop.products["jewelry"]]) == []
    for number in range(3):
        again = once[:]
        _seeded_random(number).shuffle(again)
        assert shop.project(*again) == []
    assert learned_items(shop) == before


def test_any_order_of_records_results_in_the_same_preferences(shop: Stack) -> None:
    interact(shop)
    tag(shop, "jewelry", method="DELETE")
    records = [record for record in shop.records if passes_filter(record)]
    # The requests themselves write these items, with views only.
    viewed = [item for item in shop.all_items() if item["sk"] == "PREFERENCES"]
    assert len(viewed) == 1 + len(OTHERS)
    outcomes = []
    for number in range(3):
        for key in learned_items(shop):
            if key[1] != "RANKING":
                shop.client.delete_item(TableName="handsel-test", Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
        for item in viewed:
            shop.client.put_item(TableName="handsel-test", Item=dump_item(item))
        _seeded_random(number).shuffle(records)
        for start in range(0, len(records), 9):
            assert shop.project(*records[start : start + 9]) == []
        outcomes.append(
            {key: item["signals"] for key, item in learned_items(shop).items() if key[1] == "PREFERENCES"}
            | {key: item["people"] for key, item in learned_items(shop).items() if key[1] == "RELATED"}
        )
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_repeated_tagging_counts_a_user_once(shop: Stack) -> None:
    for _ in range(4):
        tag(shop, "jewelry")
        shop.deliver_records()
        tag(shop, "jewelry", method="DELETE")
        shop.deliver_records()
    item = shop.item(f"PRODUCT#{shop.products['jewelry']}", "RELATED")
    assert item is not None
    assert item["people"] == 1


def test_the_preferences_of_a_user_are_bounded(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 8
    monkeypatch.setattr(recommendations, "MAX_SIGNALS", most)
    for number in range(most + 3):
        sell_new(shop, number)
        shop.now += 1000
        shop.call("alice", "GET", f"/products/new-{number:03d}")
    shop.buy(product="voucher")
    shop.deliver_records()
    item = shop.item("USER#alice", "PREFERENCES")
    assert item is not None
    assert len(item["signals"]) == most
    assert shop.products["voucher"] in item["signals"]
    assert max(len(item["others"]) for item in shop.all_items() if item["sk"] == "RELATED") <= 2 * MAX_PAIRS


def test_a_concurrent_view_during_an_update_is_not_lost(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    view(shop, "voucher")
    first, shop._delivered = list(shop.records), len(shop.records)
    real = preference_updates._recommend

    def view_parcel_first(*of: Any, **more: Any) -> Any:
        monkeypatch.undo()
        view(shop, "parcel")
        shop.deliver_records()
        return real(*of, **more)

    monkeypatch.setattr(preference_updates, "_recommend", view_parcel_first)
    shop.project(*first)
    item = shop.item("USER#alice", "PREFERENCES")
    assert item is not None
    assert set(item["signals"]) == {shop.products["voucher"], shop.products["parcel"]}
    assert item["version"] == 3  # two views, one update


def test_candidates_can_be_read_together_with_other_items(shop: Stack) -> None:
    view(shop, "other_store")
    tag(shop, "voucher")
    shop.deliver_records()
    table = wiring.table()
    candidates = recommending.find_candidates(table, "alice", now=START)
    keys_of_both = [*recommending.user_keys("alice"), *recommending.candidate_keys("alice", candidates)]
    found = table.get_many(keys_of_both)
    cached = table.with_cached({key: found.get(key) for key in keys_of_both})
    page = recommending.list_recommended(table, "alice", limit=5, before=None, now=START)
    with observe_calls(lambda call: pytest.fail(call.operation)):
        assert recommending.select_page(cached, "alice", candidates, limit=5) == page
    assert page.items
