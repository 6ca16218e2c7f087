"""Tests of the HTML pages and assets, as browsers, link previews and caches get them."""

import gzip
import html
import itertools
import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ConnectTimeoutError

from handsel.api import problems
from handsel.domain.wrappings import ThemeColors, load_catalogue
from handsel.runtime.settings import settings
from handsel.store import keys
from local.settings import ROOT
from testkit.handlers.faults import inject_faults
from testkit.handlers.stack import DAY, Answer, Stack, event

# The modules that `make generate` writes the scripts of the pages from.
SOURCES = {path.name: path for path in (ROOT / "functions" / "web" / "assets").iterdir()}


def meta(answer: Answer) -> dict[str, str]:
    """Return the meta elements of a page, by name."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', answer.raw)
    return {name: html.unescape(content) for name, content in found}


def data(answer: Answer, name: str) -> Any:
    (found,) = re.findall(rf' data-{name}="([^"]*)"', answer.raw)
    return json.loads(html.unescape(found))


def assets(answer: Answer) -> set[str]:
    return set(re.findall(r'"(/assets/[^"]+)"', answer.raw))


def raise_timeout(_call: Callable[[], Any]) -> NoReturn:
    raise ConnectTimeoutError(endpoint_url="https://dynamodb.test")


def test_the_page_of_a_gift_contains_its_preview_and_no_more(stack: Stack) -> None:
    given = stack.give(stack.buy(quantity=2), shares=2)
    page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert data(page, "gift") == stack.call(None, "GET", f"/gifts/{given['gift_id']}/preview").body
    shown = meta(page)
    assert '<h1 class="sent">Alice sent you a gift</h1>' in page.raw
    assert given["wrapping"]["blessing"] in page.raw
    assert shown["og:url"] == f"https://gifts.test/g/{given['gift_id']}"
    for hidden in (given["secret"], given["order_id"], given["product"]["title"], stack.products["voucher"]):
        assert hidden not in page.raw


@pytest.mark.parametrize("product", ["voucher", "parcel"])
def test_link_previews_have_a_png_picture(stack: Stack, product: str) -> None:
    page = stack.call(None, "GET", f"/g/{stack.give(stack.buy(product=product))['gift_id']}")
    shown = meta(page)
    assert (shown["og:image:width"], shown["og:image:height"], shown["og:image:type"]) == ("1200", "630", "image/png")
    picture = stack.call(None, "GET", shown["og:image"].removeprefix("https://gifts.test"))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    drawn = b64decode(picture.raw)
    assert (drawn[:8], drawn[16:24]) == (b"\x89PNG\r\n\x1a\n", (1200).to_bytes(4) + (630).to_bytes(4))


@pytest.mark.parametrize(
    ("cover_id", "theme", "color"), [("red-koi", "red", "#8d0a13"), ("blue-sails", "blue", "#123a7a")]
)
def test_the_page_of_a_gift_has_the_theme_of_its_cover(stack: Stack, cover_id: str, theme: str, color: str) -> None:
    gift = stack.give(stack.buy(), wrapping={"cover_id": cover_id, "blessing_id": "best-wishes"})
    page = stack.call(None, "GET", f"/g/{gift['gift_id']}")
    assert f'data-theme="{theme}"' in page.raw
    assert meta(page)["theme-color"] == color
    assert meta(page)["og:image"] == f"https://gifts.test/covers/{cover_id}.png"


def test_no_style_sheet_and_no_script_has_a_color_of_a_theme() -> None:
    for theme in load_catalogue().themes:
        for color in asdict(theme.colors).values():
            for name in ("gift.css", "gift.js", "gift_wrap.js", "gift_result.js", "gift_ends.js", "wrapping.js"):
                assert color not in SOURCES[name].read_text(), (name, color)


def test_user_input_cannot_become_markup(stack: Stack) -> None:
    message = """"'><script>alert(1)</script>&$title"""
    given = stack.give(stack.buy(), wrapping={"cover_id": "red-classic", "message": message})
    page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert "<script>" not in page.raw
    assert html.unescape(re.findall(r'<p class="blessing" dir="auto">(.*?)</p>', page.raw)[0]) == message
    assert data(page, "gift")["wrapping"]["blessing"] == message


@pytest.mark.parametrize("language", ["en", "zh"])
def test_link_previews_contain_nothing_that_a_user_wrote(stack: Stack, language: str) -> None:
    """Previews show a page's title and description as words of the operator: a giver could imitate them."""
    stack.call("alice", "PATCH", "/me", {"display_name": "Handsel Security"})
    message = "Account locked: log in at once"
    pages = []
    for text in (message, "Happy birthday"):
        given = stack.give(stack.buy(), wrapping={"cover_id": "red-classic", "message": text})
        pages.append(stack.call(None, "GET", f"/g/{given['gift_id']}", headers={"accept-language": language}))
    shown = [{name: text for name, text in meta(page).items() if name != "og:url"} for page in pages]
    assert shown[0] == shown[1]
    titles = {re.findall("<title>(.*?)</title>", page.raw)[0] for page in pages} | {shown[0]["og:title"]}
    assert titles == {"You have a gift" if language == "en" else "你有一份礼物"}
    assert "Handsel Security" not in str(shown)
    assert message not in str(shown)


def test_the_security_policy_allows_only_what_pages_need(stack: Stack) -> None:
    for path in ("/", f"/g/{stack.give(stack.buy())['gift_id']}", "/g/none"):
        headers = stack.call(None, "GET", path).headers
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_have_no_inline_scripts_or_styles(stack: Stack) -> None:
    for path in ("/", f"/g/{stack.give(stack.buy())['gift_id']}", "/g/none"):
        page = stack.call(None, "GET", path).raw
        assert re.search(r"<style|\sstyle=|\son\w+=|<script(?! (?:type=\"module\" )?src=\"/assets/)", page) is None


def test_reading_the_page_of_a_gift_changes_nothing(stack: Stack) -> None:
    given = stack.give(stack.buy())
    for later in (0, DAY):
        stack.now += later
        before = stack.save()
        assert stack.call(None, "GET", f"/g/{given['gift_id']}").status == 200
        assert stack.save() == before


def test_the_page_shows_an_expired_gift_as_returned(stack: Stack) -> None:
    given = stack.give(stack.buy())
    stack.now += DAY
    assert data(stack.call(None, "GET", f"/g/{given['gift_id']}"), "gift")["state"] == "returned"


@pytest.mark.parametrize("suffix", ["", ".", ")", "。", "」", "%23secret", "&amp;", "\u200b", "…"])
def test_the_page_of_a_gift_is_found_under_what_programs_make_of_its_path(stack: Stack, suffix: str) -> None:
    given = stack.give(stack.buy())
    for path in (f"/g/{given['gift_id']}{suffix}", f"/g/{given['gift_id'].upper()}{suffix}"):
        page = stack.call(None, "GET", path)
        assert page.status == 200
        assert data(page, "gift")["gift_id"] == given["gift_id"]
        assert meta(page)["og:url"] == f"https://gifts.test/g/{given['gift_id']}"


@pytest.mark.parametrize("rest", ["/", "/index.html", "#secret", "%2Fsecret"])
def test_the_function_finds_the_gift_in_a_path_that_has_no_route(stack: Stack, rest: str) -> None:
    given = stack.give(stack.buy())
    request = event("web_gift")
    request["rawPath"] = request["requestContext"]["http"]["path"] = f"/G/{given['gift_id']}{rest}"
    answer = stack.invoke("WebFunction", request)
    assert answer["statusCode"] == 200
    assert f"https://gifts.test/g/{given['gift_id']}" in answer["body"]


@pytest.mark.parametrize("gift_id", ["none", "a" * 32, "a b", "福", "%22", "x" * 3000])
def test_an_unknown_gift_has_a_not_found_page(stack: Stack, gift_id: str) -> None:
    page = stack.call(None, "GET", f"/g/{gift_id}")
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Gift not found" in page.raw
    assert "data-gift" not in page.raw


def test_an_unavailable_page_has_a_retry_after_header(stack: Stack) -> None:
    given = stack.give(stack.buy())
    with inject_faults(frozenset({"get_item"}), dict.fromkeys(range(20), raise_timeout)):
        page = stack.call(None, "GET", f"/g/{given['gift_id']}")
    assert (page.status, page.headers["retry-after"]) == (503, "1")
    assert "text/html" in page.headers["content-type"]


@pytest.mark.parametrize(
    ("requested", "language", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "你有一份礼物"),
        ("en-US,en;q=0.9,zh;q=0.8", "en", "You have a gift"),
        ("fr-FR,zh-TW;q=0.8", "zh-CN", "你有一份礼物"),
        ("fr-FR", "en", "You have a gift"),
        ("", "en", "You have a gift"),
    ],
)
def test_a_page_is_in_the_requested_language(stack: Stack, requested: str, language: str, title: str) -> None:
    path = f"/g/{stack.give(stack.buy())['gift_id']}"
    page = stack.call(None, "GET", path, headers={"accept-language": requested})
    assert f'<html lang="{language}">' in page.raw
    assert meta(page)["og:title"] == title
    assert "accept-language" in page.headers["vary"].lower()
    assert page.headers["content-language"] == language


def test_all_assets_of_a_page_exist_and_are_cached_forever(stack: Stack) -> None:
    named = assets(stack.call(None, "GET", "/")) | assets(
        stack.call(None, "GET", f"/g/{stack.give(stack.buy())['gift_id']}")
    )
    assert len(named) > 5
    for path in named:
        answer = stack.call(None, "GET", path)
        assert answer.status == 200, path
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_script_that_is_loaded_when_it_is_needed_exists(stack: Stack) -> None:
    known = stack.function("WebFunction").ASSETS
    for page, language in itertools.product(("app", "gift"), ("en", "zh")):
        script = known[f"{page}.{language}.js"].decode()
        for name in re.findall(r'handsel\.load\("([^"]+)"\)', script):
            assert name in known or f'handsel.define("{name}"' in script, (page, name)


def test_the_script_of_a_page_has_the_texts_of_its_language_and_starts_it_at_the_end(stack: Stack) -> None:
    for tag, language in (("en", "en"), ("zh-CN", "zh")):
        page = stack.call(None, "GET", "/", headers={"accept-language": tag}).raw
        (path,) = re.findall(r'<script type="module" src="([^"]+)"', page)
        script = stack.call(None, "GET", path).raw
        assert re.findall(r'define\("((?:en|zh)\.js)"', script) == [f"{language}.js"]
        assert script.endswith('\nhandsel.start("app.js");\n')
        assert re.findall('data-script="([^"]+)"', page) == [path]


@pytest.mark.parametrize("path", ["/", "/g/none"])
def test_a_page_tells_scripts_the_time(stack: Stack, path: str) -> None:
    assert stack.call(None, "GET", path).headers["server-timing"] == f"now;dur={stack.now}"


@pytest.mark.parametrize("path", ["/", "/g/none", "/me", "/orders"])
def test_a_response_tells_scripts_by_how_much_a_test_clock_is_ahead(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("TEST_CLOCK", "true")
    monkeypatch.setattr(stack.simulation, "functions", {})
    settings.cache_clear()
    assert "offset" not in stack.call("alice", "GET", path).headers.get("server-timing", "")
    stack.put_directly({**keys.test_clock()._asdict(), "offset_seconds": 60})
    timing = stack.call("alice", "GET", path).headers["server-timing"]
    settings.cache_clear()
    assert timing.removeprefix(f"now;dur={stack.now + 60_000}, ") == "offset;dur=60000"


def test_an_earlier_version_of_an_asset_is_answered_with_the_current_one_uncached(stack: Stack) -> None:
    answer = stack.call(None, "GET", "/assets/earlier/app.css")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["none.js", "app.py", "..", "%2e%2e%2fapp.py"])
def test_no_other_file_is_served(stack: Stack, name: str) -> None:
    assert stack.call(None, "GET", f"/assets/any/{name}").status == 404


def test_pages_and_assets_are_compressed_if_accepted(stack: Stack) -> None:
    plain = stack.call(None, "GET", "/assets/any/app.css")
    packed = stack.call(None, "GET", "/assets/any/app.css", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(b64decode(packed.raw)).decode() == plain.raw
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/gifts/unknown", "/unknown"])
def test_the_type_of_a_problem_leads_to_its_page(stack: Stack, path: str) -> None:
    problem = stack.call("alice", "GET", path).body
    page = stack.call(None, "GET", problem["type"])
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{problem['title']}</h1>\n<p>{html.escape(problem['detail'])}</p>" in page.raw
    assert "<code>not-found</code>" in page.raw


def test_every_problem_has_a_page(stack: Stack) -> None:
    for code in (*problems.STATUS, problems.INTERNAL):
        assert f"<code>{code}</code>" in stack.call(None, "GET", f"{problems.TYPE_PATH}{code}").raw
    unknown = stack.call(None, "GET", f"{problems.TYPE_PATH}nothing")
    assert (unknown.status, unknown.body["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/", "/assets/any/app.css", "/problems/busy"])
def test_an_unchanged_page_or_asset_is_answered_with_304(stack: Stack, path: str) -> None:
    tag = stack.call(None, "GET", path).headers["etag"]
    again = stack.call(None, "GET", path, headers={"if-none-match": tag})
    assert (again.status, again.raw, again.headers["etag"]) == (304, "", tag)
    assert stack.call(None, "GET", path, headers={"if-none-match": '"other"'}).status == 200


def test_all_languages_have_the_same_keys() -> None:
    english, chinese = (
        re.findall(r'^  "?([\w.-]+)"?: ', SOURCES[f"{language}.js"].read_text(), re.MULTILINE)
        for language in ("en", "zh")
    )
    assert len(english) > 50
    assert sorted(english) == sorted(set(chinese))


@pytest.mark.parametrize(
    "wording",
    [
        *("Tag it", "This link is not whole", "Leave it, and do this one", "Look again"),
        *("There is nobody of this name", "Ask about the last one", "It is on its way", "Somebody was a little faster"),
    ],
)
def test_texts_are_plain_product_english(wording: str) -> None:
    assert wording not in SOURCES["en.js"].read_text()


DEVICE = re.compile(r"\b(localStorage|sessionStorage|Date\.now|randomUUID|crypto\.subtle)\b")


def test_scripts_use_storage_and_clock_by_their_modules_only() -> None:
    used = {
        (path.name, name)
        for path in SOURCES.values()
        for line in path.read_text().splitlines()
        if not line.strip().startswith(("//", "*", "/*"))
        for name in DEVICE.findall(line)
    }
    assert used == {("storage.js", "localStorage"), ("storage.js", "sessionStorage"), ("clock.js", "Date.now")}


def test_a_name_written_from_right_to_left_does_not_reorder_the_heading(stack: Stack) -> None:
    assert stack.call("alice", "PATCH", "/me", {"display_name": "דנה"}).status == 200
    page = stack.call(None, "GET", f"/g/{stack.give(stack.buy())['gift_id']}")
    assert '<h1 class="sent">\u2068דנה\u2069 sent you a gift</h1>' in page.raw


def test_all_themes_covers_and_blessings_have_chinese_texts_of_valid_length() -> None:
    text = SOURCES["wrapping_zh.js"].read_text()
    texts = dict(re.findall(r'^  "?([\w-]+)"?: "([^"]+)",$', text, re.MULTILINE))
    catalogue = load_catalogue()
    wanted = {
        *(theme.theme_id for theme in catalogue.themes),
        *(cover.cover_id for cover in catalogue.covers),
        *(blessing.blessing_id for blessing in catalogue.blessings),
    }
    assert texts.keys() == wanted
    assert all(1 <= len(words) <= 60 for words in texts.values())


def test_every_key_that_a_script_uses_exists() -> None:
    words = set(re.findall(r'^  "?([\w.-]+)"?: ', SOURCES["en.js"].read_text(), re.MULTILINE))
    for path in SOURCES.values():
        if path.suffix == ".js":
            for key in re.findall(r"\bt\(\s*\"([^\"]+)\"", path.read_text()):
                assert key in words, (path.name, key)


def test_every_custom_property_of_the_styles_is_defined_and_used() -> None:
    texts = [path.read_text() for path in SOURCES.values()]
    given = {name for text in texts for name in re.findall(r"(--[\w-]+)\"?:", text)}
    given |= {f"--{field.name.replace('_', '-')}" for field in fields(ThemeColors)}
    used = {name for text in texts for name in re.findall(r"var\((--[\w-]+)", text)}
    assert used == given
