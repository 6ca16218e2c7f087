r"""Find contact data in messages, and decide which names strangers may see.

Links, e-mail addresses and phone numbers between strangers are mostly spam. They are also found where they are disguised:
in other forms of their characters, with spaces, with `dot` and `at` in words or brackets, and with digits of other scripts.
A message of a friend must not be refused by mistake, so what is also a usual way of writing is allowed:

- A word that is also a top-level domain (`love`, `so`, `me`) makes no link after a full stop without a space. With a path
  (`t.me/gifts`), a digit or a hyphen in the name, `www`, or a word such as `visit` before it, it does.
- Digits are a phone number in the form of one: with `+` or `00` or a word such as `tel` before them, as a mobile number of
  China, as a number of North America, with the zero of a national number, or as a row of ten to fifteen digits. Dates, prices,
  decimals, counting, order numbers, and numbers that sound like words in Chinese (520, 1314) are not.

Names of messengers and what an image says are not found; a moderation service can look at these (`ContentChecker`).
"""

import pkgutil
import re
import unicodedata
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise
from typing import Protocol

from handsel.domain import names, user_text
from handsel.domain.models import Gift


class ContactKind(StrEnum):
    """The kinds of contact data."""

    LINK = "a link"
    EMAIL_ADDRESS = "an e-mail address"
    PHONE_NUMBER = "a phone number"


class ContentChecker(Protocol):
    """A moderation service of the operator."""

    def is_allowed(self, text: str) -> bool:
        """Return whether users may send this text to others. A service that fails allows it."""


def find_contact_data(text: str) -> ContactKind | None:
    """Return which kind of contact data a text contains, or None."""
    folded = _fold(text)
    if _has_email_address(folded):
        return ContactKind.EMAIL_ADDRESS
    if _has_link(folded):
        return ContactKind.LINK
    if _has_phone_number(folded):
        return ContactKind.PHONE_NUMBER
    return None


@lru_cache(maxsize=1024)
def is_allowed_name(name: str, store_names: tuple[str, ...] = ()) -> bool:
    """Return whether strangers may see the display name of a user: it imitates nobody and contains no contact data.

    Args:
        name: any display name.
        store_names: of stores that the name must not imitate, beside those that `names` lists.
    """
    return not names.imitates_business(name, store_names) and (_is_plain(name) or find_contact_data(name) is None)


def _is_plain(name: str) -> bool:
    """Return whether a name consists of a few words of letters, so that it cannot contain contact data."""
    words = name.casefold().split()
    return (
        len(words) < 5
        and all(map(str.isalpha, words))
        and (name.isascii() or len(name) < 11)
        and not re.search(r"dot|punkt|[点點]|艾特|www", name.casefold())
    )


def find_shown_name(gift: Gift) -> str | None:
    """Return the name of the giver, as it is shown before the claim; None if strangers must not see it."""
    is_shown = gift.giver_name and is_allowed_name(gift.giver_name, (gift.product.store_name,))
    return gift.giver_name if is_shown else None


# --- characters ----------------------------------------------------------------------------------------------

# Letters that look like Latin ones in words with Latin letters; small capitals; letters in filled squares and circles.
_LATIN = str.maketrans("авсԁеғɡһіјкӏмпорԛѕтуѵԝхαβεικνορτυχω", "abcdefghijklmnopqstyvwxabeiknoptuxw")
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
_ENCLOSED = {start + place: ord("a") + place for start in (0x1F150, 0x1F170) for place in range(26)}
_DOTS = r"\u3002\u00b7\u2022\u2027\u2219\u22c5\u30fb\u0701\u0702\u06d4"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_CHINESE_DIGITS = {
    char: str(place % 10)
    for digits in ("〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "洞幺两參肆伍陸拐捌勾")
    for place, char in enumerate(digits)
}
_WORDS_OF_DIGITS = {
    word: str(place)
    for place, words in enumerate(
        ("zero oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    )
    for word in words.split()
}


def _fold(text: str) -> str:
    """Return a text in small letters, without accents and invisible characters, with digits and dots of one form."""
    compatible = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text.translate(_ENCLOSED)).casefold())
    visible = re.sub(rf"[{user_text.INVISIBLE}]", "", compatible)
    chars = (str(unicodedata.decimal(char, char)) for char in visible if unicodedata.category(char) not in ("Mn", "Me"))
    folded = "".join(chars).translate(_DASHES).translate(_SMALL_CAPITALS)
    # The full stop of Chinese is a dot where one of Latin letters stands.
    folded = re.sub(rf"(?<=\w)[{_DOTS}](?=[a-z])", ".", folded)
    return re.sub(r"[^\s/@]*[a-z][^\s/@]*", lambda word: word[0].translate(_LATIN), folded)


# --- links ---------------------------------------------------------------------------------------------------

# Domains that are looked for in disguise.
_USUAL = "com|net|org|info|biz|cn|ru|xyz"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_DOMAIN = rf"(?<![\w@.-]){_LABEL}(?:\.{_LABEL})+"
_CUE = (
    r"(?:\b(?:visit|go ?to|goto|click(?: on)?|open|browse|website|site|url|link|links|join|download)\b|"
    r"网址|网站|訪問|访问|点击|點擊|链接|鏈接|官网|官網)\W{0,3}$"
)
_PLAIN_LINKS = (
    # a scheme, also one of links that were made harmless, with spaces
    r"\b(?:h\s*[tx]\s*[tx]\s*p\s*s?|ftp)\s*:\s*[/\\]\s*[/\\]|\b[a-z][a-z0-9+.-]+://\w"
    r"|\b(?:mailto|tel|sms|tg|weixin|whatsapp):\S"
    r"|(?<![\w])www\s*\.\s*\w|\bxn--"
    # an address of numbers, with a port or a path
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5}|/)"
)
# `com` is a word of Portuguese, which begins sentences.
_PORTUGUESE = (
    r"(?!\s+(?:amor|afeto|carinho|deus|tod[oa]|muit[oa]|votos|[oa]s?|meu|minha|seu|sua|saudades?|uma?|voc\w+)\b)"
)
_DISGUISED_LINKS = (
    # a dot in brackets, or in words
    r"[^\W_]\s*[(\[{<]\s*(?:\.|dot|punkt|punto|点|點)\s*[)\]}>]\s*[^\W\d_]{2,}"
    rf"|[^\W_]\s*(?:\b(?:dot|punkt)\b\s*(?:{_USUAL})|[点點]\s*(?:com|net|org|cn))(?![a-z0-9])"
    # a dot with a space before it, or before the last word
    rf"|[^\W_]\s+\.(?:{_USUAL})(?![a-z0-9])"
    rf"|[^\W_]\s+\.\s+(?:com{_PORTUGUESE}|net|org|cn|ru|xyz)(?![a-z0-9])"
    r"|[^\W_]\.\s+(?:com|net|org)(?:/|\W*$)"
    # letters with spaces between them
    r"|[^\W_]\s?\.\s?(?:c\s+o\s*m|c\s*o\s+m|n\s+e\s+t|o\s+r\s+g)(?![a-z0-9])"
    # other characters in the places of the dots
    r"|\bwww[\W_]+\w+[\W_]+(?:com|net|org|cn)(?![a-z0-9])"
)


def _has_link(text: str) -> bool:
    if re.search(_PLAIN_LINKS, text) or re.search(_DISGUISED_LINKS, text):
        return True
    return any(_is_link(text, found) for found in re.finditer(_DOMAIN, text)) if "." in text else False


def _is_link(text: str, found: re.Match[str]) -> bool:
    """Return whether words with dots between them are a link."""
    labels, domains = found[0].split("."), _top_level_domains()
    follows = text[found.end() :]
    has_path = re.match(r"(?::\d{2,5})?[/?#][\w+]|:\d{2,5}\b", follows) is not None
    for place, label in enumerate(labels[1:], 1):
        # Chinese has no space after a domain.
        domain = (re.match(r"[a-z0-9-]+", label) or [label])[0]
        if domain not in domains:
            continue
        before = labels[:place]
        is_last = place == len(labels) - 1
        name = re.sub(r"^[^a-z0-9]+(?=[a-z0-9])", "", before[-1])
        if (
            name.isdigit()
            and len(domain) == 2
            and not (has_path and is_last)
            and not (domain not in _words() and len(name) > 2)
        ):
            continue  # a measure or a time: 500.ml, 8.am
        if _is_certain(domain) or (has_path and is_last) or before[0] == "www":
            return True
        if re.search(r"[a-z]", name) and re.search(r"[\d-]", name):
            return True
        if re.search(_CUE, text[: found.start()]):
            return True
        # No sentence consists of such a word alone. Times of the day do, and files: `Sat.pm`.
        is_end = is_last and re.fullmatch(r"\W*", follows) is not None
        if is_end and len(domain) == 2 and len(name) > 2 and domain not in ("am", "pm", "md"):
            return True
    return False


def _is_certain(domain: str) -> bool:
    """Return whether a domain is not a word too, so that a name before it is a link."""
    return domain not in _words() if domain.isascii() else domain in ("рф", "中国", "中國", "网址", "网站")


@cache
def _words() -> frozenset[str]:
    """Return the domains that are also words."""
    return frozenset(_read_lines("top_level_words.txt"))


@cache
def _top_level_domains() -> frozenset[str]:
    """Return the domains of the generated list, in the form of `_fold`."""
    return frozenset(line if line.isascii() else _fold(line) for line in _read_lines("top_level_domains.txt"))


def _read_lines(file: str) -> list[str]:
    # The importer finds the file wherever the package is installed.
    lines = (pkgutil.get_data("handsel.domain", file) or b"").decode().split("\n")
    return [line for line in lines if line and not line.startswith("#")]


# --- e-mail addresses ----------------------------------------------------------------------------------------

_PROVIDERS = (
    "gmail|googlemail|outlook|hotmail|yahoo|icloud|qq|163|126|foxmail|protonmail|proton|gmx|yandex|naver|hanmail"
)
_AT = r"(?:[(\[{<]\s*(?:at|@)\s*[)\]}>]|艾特|#at#)"
_DOT = r"(?:\.|\s*\bdot\b\s*|\s*[(\[{<]\s*(?:dot|\.)\s*[)\]}>]\s*)"
_EMAIL_ADDRESSES = (
    rf"[\w+%-]\s*(?:@|{_AT})\s*(?:{_PROVIDERS})(?![a-z0-9])"
    rf"|[\w+%-]\s*{_AT}\s*[^\W_][\w-]*{_DOT}[^\W\d_]{{2,}}"
    rf"|[\w+%-]\s+at\s+(?:[\w-]+{_DOT}(?:{_USUAL})|(?:{_PROVIDERS}){_DOT}[a-z]{{2,}})(?![a-z0-9])"
)
_WITH_SIGN = r"[\w+%-](\s*)@(\s*)([^\W_][\w.-]*?)(?:\.|\s+\.\s*)([^\W\d_]{2,})"


def _has_email_address(text: str) -> bool:
    text = text.replace("%40", "@")
    if re.search(_EMAIL_ADDRESSES, text):
        return True
    for before, after, name, domain in re.findall(_WITH_SIGN, text):
        # A place and a time of the day have spaces around the sign, or are numbers: `you @ home.so`, `Sat@8.pm`
        if name.isdigit():
            continue
        if not before + after or (domain in _top_level_domains() and _is_certain(domain)):
            return True
    return False


# --- phone numbers -------------------------------------------------------------------------------------------

_DATE = (
    r"(?<!\d)(?:(?:19|20)\d\d[-./ ]?(?:0?[1-9]|1[0-2])[-./ ]?(?:3[01]|[12]\d|0?[1-9])"
    r"|(?:3[01]|[12]\d|0?[1-9])[-./] ?(?:0?[1-9]|1[0-2])[-./] ?(?:(?:19|20)\d\d|\d\d))(?!\d)"
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"
)
_PRICE = (
    r"[$€£¥₩₹₽]\s*\d+(?:[., ]\d{3})*(?:[.,]\d{1,2})?(?!\d)"
    r"|(?<!\d)\d[\d.,]*\s*(?:[$€£¥₩₹₽元円원%]|(?:usd|eur|cny|rmb|krw|jpy|gbp|kg|km|cm|mm|ml)\b)"
)
_NUMBER = r"(?<![a-z\d_#№])(?<![a-z]-)[+(]{0,2}\s?\d(?:[ \-./()_*~·]{0,3}\d)+(?![a-z\d])"
_CALLS = "tel|telephone|phone|mobile|whatsapp|wa|sms|cell|handy"
_CALL = rf"(?:(?<![a-z])(?:{_CALLS})\b|电话|電話|手机|手機|致电|拨打|热线|전화)\W{{0,10}}(?:\w{{1,3}}\W{{1,3}})?$"
_REFERENCE = (
    r"(?:\b(?:order|parcel|tracking|invoice|ref|reference|isbn|ean|sku|no|nr|number|code|serial)\b"
    r"|订单|訂單|单号|單號|编号|編號|快递|号)"
    r"\W{0,4}(?:(?:no|nr|number|id|is)\b\W{0,3})?$"
)
# Numbers that sound like words: 520 1314 is "I love you for ever". Digits that are repeated bring luck.
_BLESSINGS = r"(?:520|521|1314|530|920|168|(\d)\1+)+"


def _has_phone_number(text: str) -> bool:
    digits = re.sub(rf"(?<![a-z])({_CALLS})(?=\d)", r"\1 ", _with_digits(text))
    kept = re.sub(_DATE, " ; ", re.sub(_PRICE, " ; ", digits))
    return any(_is_phone_number(kept, found) for found in re.finditer(_NUMBER, kept))


def _with_digits(text: str) -> str:
    """Return a text with rows of digits in words, and letters that look like digits among them, as digits."""
    chinese, words = "".join(_CHINESE_DIGITS), "|".join(_WORDS_OF_DIGITS)
    text = re.sub(rf"[\d{chinese}](?:[\s-]?[\d{chinese}]){{10,}}", _join_chinese, text)
    text = re.sub(rf"\b(?:{words})(?:[\s-]+(?:{words}))+\b", _join_words, text)
    return re.sub(r"(?<![a-z\d])(?=(?:[oil|]*\d){4})[\doil|]{10,15}(?![a-z\d])", _join_letters, text)


def _join_chinese(found: re.Match[str]) -> str:
    return "".join(_CHINESE_DIGITS.get(char, char) for char in found[0])


def _join_words(found: re.Match[str]) -> str:
    """Return seven words or more as digits. Fewer are counting: `one two three`."""
    each = re.split(r"[\s-]+", found[0])
    return "".join(_WORDS_OF_DIGITS[word] for word in each) if len(each) >= 7 else found[0]


def _join_letters(found: re.Match[str]) -> str:
    return found[0].translate(str.maketrans("oil|", "0111"))


def _is_phone_number(text: str, found: re.Match[str]) -> bool:
    written, before = found[0].strip(), text[: found.start()]
    groups = re.findall(r"\d+", written)
    number = "".join(groups)
    if not 7 <= len(number) <= 15 or re.fullmatch(_BLESSINGS, number) or _is_counting(groups):
        return False
    if "+" in written or re.search(_CALL, before):
        return True
    if re.fullmatch(r"(?:00)?(?:86)?1[3-9]\d{9}", number):
        return True  # a mobile number of China
    if re.search(_REFERENCE, before) or re.fullmatch(r"\d{1,2}\.\d+", written) or re.fullmatch(r"\d{1,3}0{6,}", number):
        return False
    if len(groups) == 1:
        return len(number) >= 10 or (number[0] == "0" and len(number) >= 9)
    if number.startswith("00"):
        return len(number) >= 10
    if number[0] == "0" and len(number) >= 9 and len(groups[0]) >= 2:
        return True
    # North America, and other numbers without charges: 3, 3 and 4 digits
    return list(map(len, groups))[-3:] == [3, 3, 4] and len(groups) <= 4


def _is_counting(groups: list[str]) -> bool:
    """Return whether numbers are a count, up or down, or digits in order."""
    row = list(map(int, groups if len(groups) > 3 else "".join(groups)))
    steps = {after - before for before, after in pairwise(row)}
    return len(steps) == 1 or steps in ({1, -9}, {-1, 9})
