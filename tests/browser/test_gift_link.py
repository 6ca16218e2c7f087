"""The page of a gift finds the gift and the secret in what programs make of its link."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from handsel.domain import ids

SCRIPT = Path(__file__).parents[2] / "functions" / "web" / "assets" / "gift_link.js"
# Written by tools/link_finders.mjs.
FOUND = json.loads((Path(__file__).parent / "link_finders.json").read_text())
GIFT = ids.derive_id("a gift")
SECRET = ids.derive_link_secret({"1": "a key"}, "1", GIFT)
PATH = f"/g/{GIFT}"

# Punctuation of English and Chinese.
APPENDED = ".,;:!?)]}>\"'`|。，、；：！？）】」》”’…"  # noqa: RUF001 - full-width characters are the point
# What arrives at the page, by what a program did to the link. The sources are reports about link finders and chat clients.
CHANGED = {
    "nothing": f"{PATH}#{SECRET}",
    **{f"appended {char}": f"{PATH}#{SECRET}{char}" for char in APPENDED},
    "several characters appended, as in (a link).": f"{PATH}#{SECRET}).",
    "a closing tag appended": f"{PATH}#{SECRET}</a>",
    "a word of the sentence appended": f"{PATH}#{SECRET}快打开",
    "a word in Latin letters appended": f"{PATH}#{SECRET}Open",
    "an emoji appended, encoded": f"{PATH}#{SECRET}%F0%9F%8E%81",
    "marked as bold": f"{PATH}#**{SECRET}**",
    "marked as italic, interweave#120": f"{PATH}#{SECRET}_",
    "marked as struck out": f"{PATH}#~~{SECRET}~~",
    "the label of a link in Slack appended": f"{PATH}#{SECRET}|gift",
    "the # encoded": f"{PATH}%23{SECRET}",
    "the # encoded twice": f"{PATH}%2523{SECRET}",
    "the # escaped as HTML": f"{PATH}&#35;{SECRET}",
    "the # doubled": f"{PATH}##{SECRET}",
    "a slash before the #": f"{PATH}/#{SECRET}",
    "a slash after the #": f"{PATH}#/{SECRET}",
    "the fragment moved into the query": f"{PATH}?s={SECRET}",
    "the fragment moved into the query, after others": f"{PATH}?utm_source=chat&amp;s={SECRET}",
    "the fragment moved into the path": f"{PATH}/{SECRET}",
    "a tracking parameter before the fragment": f"{PATH}?fbclid=IwAR0x1_-Yz89#{SECRET}",
    "a tracking parameter of hexadecimal digits": f"{PATH}?msclkid={'0a1b2c3d' * 4}#{SECRET}",
    "a tracking parameter after the fragment": f"{PATH}#{SECRET}?fbclid=IwAR0x1_-Yz89",
    "tracking parameters after the fragment": f"{PATH}#{SECRET}&utm_source=chat&utm_medium=social",
    "tracking parameters escaped as HTML": f"{PATH}#{SECRET}&amp;utm_source=chat",
    "a directive for a text fragment appended": f"{PATH}#{SECRET}:~:text=You%20have%20a%20gift",
    "a second fragment appended": f"{PATH}#{SECRET}#main",
    "all letters in upper case": f"{PATH}#{SECRET}".upper(),
    "the path in upper case": f"{PATH.upper()}#{SECRET}",
    "a zero-width space at the end": f"{PATH}#{SECRET}\u200b",
    "zero-width spaces inside": f"{PATH[:20]}\u200b{PATH[20:]}#{SECRET[:16]}\u200b{SECRET[16:]}",
    "soft hyphens inside": f"{PATH}#{SECRET[:10]}\u00ad{SECRET[10:]}",
    "a byte order mark inside, encoded": f"{PATH}#{SECRET[:10]}%EF%BB%BF{SECRET[10:]}",
    "marks of direction around it": f"{PATH}#\u2068{SECRET}\u2069",
    "broken into lines": f"{PATH}#{SECRET[:20]}\n{SECRET[20:]}",
    "broken into lines, encoded": f"{PATH}#{SECRET[:20]}%0D%0A{SECRET[20:]}",
    "broken into lines of quoted-printable text": f"{PATH}#{SECRET[:20]}=\n{SECRET[20:]}",
    "broken into lines of a quoted message": f"{PATH}#{SECRET[:20]}\n> {SECRET[20:]}",
    "a space inside": f"{PATH}#{SECRET[:20]} {SECRET[20:]}",
    "punctuation after the id": f"{PATH}.#{SECRET}",
    "encoded punctuation after the id": f"{PATH}%E3%80%82#{SECRET}",
    "a character in the path that is no valid encoding": f"{PATH}%E3%#{SECRET}",
}


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """Open an empty page with the functions of the script as `link`."""
    page = chromium.new_page()
    page.evaluate(
        f"import('data:text/javascript,{quote(SCRIPT.read_text())}').then((module) => {{ window.link = module }})"
    )
    yield page
    page.close()


def find(page: Page, urls: list[str]) -> list[list[str]]:
    """Return the id and the secret that the script finds in each URL, after the browser parsed it."""
    code = """(urls) => urls.map((text) => {
      const url = new URL(text);
      const id = link.findGiftId(url);
      return [id, link.findSecret(url, id)];
    })"""
    found: list[list[str]] = page.evaluate(code, urls)
    return found


@pytest.mark.parametrize("change", CHANGED)
def test_a_link_that_a_program_changed_leads_to_the_gift_and_its_secret(page: Page, change: str) -> None:
    assert find(page, [f"https://gifts.example.com{CHANGED[change]}"]) == [[GIFT, SECRET]]


@pytest.mark.parametrize(
    "fragment", ["", "#", "#main", "#:~:text=You%20have%20a%20gift%20from%20somebody", f"#{SECRET[:-4]}"]
)
def test_a_link_without_a_whole_secret_has_none(page: Page, fragment: str) -> None:
    assert find(page, [f"https://gifts.example.com{PATH}{fragment}"]) == [[GIFT, None]]


@pytest.mark.parametrize("library", FOUND["libraries"], ids=lambda library: f"{library['name']} {library['version']}")
def test_what_a_link_finder_finds_in_messages_leads_to_the_gift_and_its_secret(
    page: Page, library: dict[str, object]
) -> None:
    found = library["found"]
    assert isinstance(found, dict)
    links = [link for hits in found.values() for link in hits]
    assert len(links) > 30, "the library finds share links in most messages"
    urls = [link.replace("{url}", f"https://gifts.example.com{PATH}#{SECRET}") for link in links]
    assert find(page, urls) == [[GIFT, SECRET]] * len(urls)
