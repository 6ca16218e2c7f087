"""Negotiation of the response language by Accept-Language."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.api.languages import LANGUAGES, negotiate
from handsel.domain.names import ERASED_NAME
from handsel.domain.texts import TEXTS

SCRIPT = Path(__file__).parents[2] / "functions" / "web" / "assets" / "i18n.js"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-cn", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.8, zh-Hans-CN;q=0.9", "zh"),
        ("en;q=0.8,zh;q=0.801", "zh"),
        ("en ; q=0.5 , zh\t;\tQ=0.7", "zh"),
        # The first of equal weights wins.
        ("zh,en", "zh"),
        ("en,zh", "en"),
        # Other languages are ignored.
        ("fr-FR,zh-TW;q=0.8", "zh"),
        ("fr-FR", "en"),
        # Weight 0 means not acceptable.
        ("zh;q=0", "en"),
        ("zh;q=0.000,fr", "en"),
        ("en;q=0", "zh"),
        ("en;q=0,*", "zh"),
        ("en-GB;q=0,en;q=0.1", "en"),
        ("*;q=0,zh;q=0.1", "zh"),
        ("zh;q=0,en;q=0", "en"),
        ("zh;q=0,*;q=0", "en"),
        # withastro/astro#17780
        ("zh;q=0, en", "en"),
        ("zh-CN;q=0, zh-TW;q=0.0, en;q=0.1", "en"),
        # A reader of traditional Chinese gets Chinese rather than English.
        ("zh-Hant-HK, en;q=0.9", "zh"),
        ("en-GB, zh", "en"),
        ("en-001;q=0.9, zh-CN", "zh"),
        # The wildcard matches any other language.
        ("*", "en"),
        ("en;q=0.5,*;q=0.8", "zh"),
        ("zh;q=0.5,*;q=0.8", "en"),
        # Invalid language ranges are ignored.
        ("zh;q=2,en;q=0.1", "en"),
        ("zh;q=x", "en"),
        ("zh;q=0.1234", "en"),
        ("zh_CN", "en"),
        ("en,en_US;q=0.9,zh;q=0.5", "en"),  # socketry/http-accept#15
        ("mandarinchinese", "en"),
        (",,;q=1,zh", "zh"),
    ],
)
def test_the_preferred_language_is_chosen(header: str, language: str) -> None:
    assert negotiate(header) == language


@given(st.text(alphabet="abzhen*-;q=01., ") | st.text())
def test_any_header_results_in_a_supported_language(header: str) -> None:
    assert negotiate(header) in LANGUAGES


def test_a_long_header_is_parsed_quickly() -> None:
    assert negotiate("zh" + "-abcdefgh" * 2000 + "!") == "en"


def test_pages_translate_the_name_of_erased_users() -> None:
    assert f'const ERASED_NAME = "{ERASED_NAME}";' in SCRIPT.read_text()


def test_pages_and_texts_have_the_same_languages() -> None:
    found = re.search(r"^const LANGUAGES = {(.+)};$", SCRIPT.read_text(), re.MULTILINE)
    assert found
    assert re.findall(r'(\w+): "([\w-]+)"', found[1]) == [*LANGUAGES.items()]
    assert TEXTS.keys() == LANGUAGES.keys()
