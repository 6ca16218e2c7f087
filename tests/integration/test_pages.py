"""The frames of the pages, as browsers, robots and caches get them."""

import gzip
import html
import json
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ConnectTimeoutError

from handsel.domain.wrappings import catalogue
from testkit.handlers.faults import between
from testkit.handlers.stack import DAY, Answer, Stack


def meta(answer: Answer) -> dict[str, str]:
    """What a page says about itself, by name."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', answer.raw)
    return {name: html.unescape(content) for name, content in found}


def data(answer: Answer, name: str) -> Any:
    (found,) = re.findall(rf' data-{name}="([^"]*)"', answer.raw)
    return json.loads(html.unescape(found))


def assets(answer: Answer) -> set[str]:
    return set(re.findall(r'"(/assets/[^"]+)"', answer.raw))


def died(_call: Callable[[], Any]) -> NoReturn:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb.test")


def test_the_page_of_a_gift_shows_what_its_preview_shows_and_no_more(stack: Stack) -> None:
    given = stack.give(stack.buy(quantity=2), shares=2)
    page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert data(page, "gift") == stack.call(None, "GET", f"/gifts/{given['gift_id']}/preview").body
    shown = meta(page)
    assert shown["og:title"] == "Alice sent you a gift"
    assert shown["og:description"] == given["wrapping"]["blessing"]
    assert shown["og:url"] == f"https://gifts.test/g/{given['gift_id']}"
    for hidden in (given["secret"], given["order_id"], given["product"]["title"], stack.products["voucher"]):
        assert hidden not in page.raw


@pytest.mark.parametrize("product", ["voucher", "parcel"])
def test_the_preview_of_a_link_has_a_picture_that_chats_take(stack: Stack, product: str) -> None:
    page = stack.call(None, "GET", f"/g/{stack.give(stack.buy(product=product))['gift_id']}")
    shown = meta(page)
    assert (shown["og:image:width"], shown["og:image:height"], shown["og:image:type"]) == ("1200", "630", "image/png")
    picture = stack.call(None, "GET", shown["og:image"].removeprefix("https://gifts.test"))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    drawn = b64decode(picture.raw)
    assert (drawn[:8], drawn[16:24]) == (b"\x89PNG\r\n\x1a\n", (1200).to_bytes(4) + (630).to_bytes(4))


def test_what_people_wrote_cannot_become_markup(stack: Stack) -> None:
    message = """"'><script>alert(1)</script>&$title"""
    given = stack.give(stack.buy(), wrapping={"cover_id": "red-classic", "message": message})
    page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert "<script>" not in page.raw
    assert meta(page)["og:description"] == message
    assert data(page, "gift")["wrapping"]["blessing"] == message


def test_a_page_may_do_nothing_but_what_it_needs(stack: Stack) -> None:
    for path in ("/", f"/g/{stack.give(stack.buy())['gift_id']}", "/g/none"):
        headers = stack.call(None, "GET", path).headers
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


def test_a_page_has_no_scripts_or_styles_of_its_own(stack: Stack) -> None:
    for path in ("/", f"/g/{stack.give(stack.buy())['gift_id']}", "/g/none"):
        page = stack.call(None, "GET", path).raw
        assert re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=\"/assets/)", page) is None


def test_looking_at_a_gift_changes_nothing(stack: Stack) -> None:
    given = stack.give(stack.buy())
    for later in (0, DAY):
        stack.now += later
        before = stack.save()
        assert stack.call(None, "GET", f"/g/{given['gift_id']}").status == 200
        assert stack.save() == before


def test_the_page_follows_the_clock(stack: Stack) -> None:
    given = stack.give(stack.buy())
    stack.now += DAY
    assert data(stack.call(None, "GET", f"/g/{given['gift_id']}"), "gift")["state"] == "returned"


@pytest.mark.parametrize("gift_id", ["none", "a" * 32, "a b", "福", "%22", "x" * 3000])
def test_where_no_gift_is_a_page_says_so(stack: Stack, gift_id: str) -> None:
    page = stack.call(None, "GET", f"/g/{gift_id}")
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no gift here" in page.raw
    assert "data-gift" not in page.raw


def test_a_page_that_cannot_be_read_now_says_when_to_try_again(stack: Stack) -> None:
    given = stack.give(stack.buy())
    with between(frozenset({"get_item"}), dict.fromkeys(range(20), died)):
        page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert (page.status, page.headers["retry-after"]) == (503, "1")
    assert "text/html" in page.headers["content-type"]


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "Alice 送你一份礼物"),
        ("en-US,en;q=0.9,zh;q=0.8", "en", "Alice sent you a gift"),
        ("fr-FR,zh-TW;q=0.8", "zh-CN", "Alice 送你一份礼物"),
        ("fr-FR", "en", "Alice sent you a gift"),
        ("", "en", "Alice sent you a gift"),
    ],
)
def test_a_page_speaks_the_language_it_is_asked_for(stack: Stack, asked: str, language: str, title: str) -> None:
    path = f"/g/{stack.give(stack.buy())['gift_id']}"
    page = stack.call(None, "GET", path, headers={"accept-language": asked})
    assert f'<html lang="{language}">' in page.raw
    assert meta(page)["og:title"] == title
    assert "accept-language" in page.headers["vary"].lower()
    assert page.headers["content-language"] == language


def test_all_that_a_page_names_is_there_and_may_be_kept_for_ever(stack: Stack) -> None:
    named = assets(stack.call(None, "GET", "/")) | assets(
        stack.call(None, "GET", f"/g/{stack.give(stack.buy())['gift_id']}")
    )
    assert len(named) > 5
    for path in named:
        answer = stack.call(None, "GET", path)
        assert answer.status == 200, path
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_module_that_a_module_names_is_there(stack: Stack) -> None:
    known = stack.function("WebFunction").ASSETS
    for path in known.values():
        for name in re.findall(r"(?:from|import)\s*\(?\s*\"\./([^\"]+)\"", path.read_text()):
            assert name in known, (path.name, name)


def test_an_asset_of_an_earlier_version_is_the_one_of_now_for_once(stack: Stack) -> None:
    answer = stack.call(None, "GET", "/assets/earlier/base.css")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["none.js", "app.py", "..", "%2e%2e%2fapp.py"])
def test_no_other_file_is_served(stack: Stack, name: str) -> None:
    assert stack.call(None, "GET", f"/assets/any/{name}").status == 404


def test_what_is_sent_is_compressed_for_who_takes_that(stack: Stack) -> None:
    plain = stack.call(None, "GET", "/assets/any/base.css")
    packed = stack.call(None, "GET", "/assets/any/base.css", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(b64decode(packed.raw)).decode() == plain.raw
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/", "/assets/any/base.css"])
def test_who_has_it_already_gets_nothing(stack: Stack, path: str) -> None:
    tag = stack.call(None, "GET", path).headers["etag"]
    again = stack.call(None, "GET", path, headers={"if-none-match": tag})
    assert (again.status, again.raw, again.headers["etag"]) == (304, "", tag)
    assert stack.call(None, "GET", path, headers={"if-none-match": '"other"'}).status == 200


def test_all_languages_have_words_for_the_same(stack: Stack) -> None:
    known = stack.function("WebFunction").ASSETS
    english, chinese = (
        re.findall(r'^  "?([\w.-]+)"?: ', known[f"{language}.js"].read_text(), re.MULTILINE)
        for language in ("en", "zh")
    )
    assert len(english) > 50
    assert sorted(english) == sorted(set(chinese))


def test_all_covers_and_blessings_have_chinese_words_that_can_be_sent(stack: Stack) -> None:
    text = stack.function("WebFunction").ASSETS["wrapping_zh.js"].read_text()
    said = dict(re.findall(r'^  "?([\w-]+)"?: "([^"]+)",$', text, re.MULTILINE))
    wanted = {cover.cover_id for cover in catalogue().covers} | {
        blessing.blessing_id for blessing in catalogue().blessings
    }
    assert said.keys() == wanted
    assert all(1 <= len(words) <= 60 for words in said.values())


def test_every_word_that_is_asked_for_is_known(stack: Stack) -> None:
    known = stack.function("WebFunction").ASSETS
    words = set(re.findall(r'^  "?([\w.-]+)"?: ', known["en.js"].read_text(), re.MULTILINE))
    for path in known.values():
        if path.suffix == ".js":
            for key in re.findall(r"\bt\(\s*\"([^\"]+)\"", path.read_text()):
                assert key in words, (path.name, key)


def test_every_colour_and_measure_that_a_style_names_is_one(stack: Stack) -> None:
    texts = [path.read_text() for path in stack.function("WebFunction").ASSETS.values()]
    given = {name for text in texts for name in re.findall(r"(--[\w-]+)\"?:", text)}
    used = {name for text in texts for name in re.findall(r"var\((--[\w-]+)", text)}
    assert used == given
