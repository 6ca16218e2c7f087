r"""Find contact data in messages, and decide which names strangers may see.

Links, e-mail addresses and phone numbers between strangers are mostly spam. They are also found where they are disguised: in other
forms of their characters, with spaces, with `dot` and `at` in words or brackets, and with digits of other scripts. A message of
a friend must not be refused by mistake, so what is also a usual way of writing is allowed:

- A word that is also a top-level domain (`love`, `so`, `me`) makes no link after a full stop without a space. With a path
  (`t.me/gifts`), a digit or a hyphen in the name, `www`, or a word such as `visit` before it, it does.
- Digits are a phone number in the form of one: with `+` or `00` or a word such as `tel` before them, as a mobile number of China, as
  a number of North America, with the zero of a national number, or as a row of ten to fifteen digits. Dates, prices,
  decimals, counting, order numbers, and numbers that stand for words in Chinese (520, 1314) are not.

Names of messengers and what an image says are not found; a moderation service can look at these (`ContentChecker`).
"""

import pkgutil
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Protocol

from handsel.domain import names, user_text


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


def is_allowed_name(name: str, store_names: Iterable[str] = ()) -> bool:
    """Return whether strangers may see the display name of a user: it imitates nobody and contains no contact data.

    Args:
        name: any display name.
        store_names: of stores that the name must not imitate, beside those that `names` lists.
    """
    return not names.imitates_business(name, store_names) and find_contact_data(name) is None


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

# Domains for which a bare name is a link in any case, and which are looked for in disguise.
_USUAL = "com|net|org|info|biz|cn|xyz|top|vip|shop|app|icu|ru|co|io|cc|tv|site|online|club|store"
# Words of a language that people write after a full stop, units, and endings of files. Two letters are such a word unless they are
# in `_USUAL` or `_COUNTRIES`.
_SENTENCE_WORDS = frozenset(
    "able abogado actor aero africa ally art arte audible author baby band bar beats beauty beer best bet bible bid big bike"
    " bio black blue bom bond boo book boots boston bot box broadway broker brother build business buy buzz cab cafe cal call"
    " cam camera camp canon car care cars casa cash cat center charity chat cheap christmas church circle city click cloud"
    " coach coffee college community company compare contact cool country coupon courses cricket crown cruise dad dance data"
    " date dating day deal deals degree delivery delta democrat diamonds diet direct discount discover dish doctor dog dot"
    " download drive earth eat education energy equipment estate events exchange expert express fail faith family fan fans"
    " farm fashion fast feedback film final fire fish fit fitness flights flowers fly food football forum found foundation"
    " free fresenius fun fund furniture gallery game games garden gay gift gifts gives giving glass global gold golf got"
    " graphics gratis green gripe group guide guitars guru hair healthcare health help here hiphop holiday holidays homes"
    " horse hospital host hot hotels house how ice immo ink insure international joy joburg jetzt juegos kaufen kids kim kind"
    " kiwi land latino law lawyer lease legal life like limited link live living loan locker lol london lotto love luxe luxury"
    " makeup man management mango map market markets med media meet memorial men menu moda mobile moe mom moi money monster moto"
    " mov movie museum music name navy network new news next now one ong open orange organic origins page paris"
    " partners parts party pay pet phone photo photos physio pictures pid pin ping pink pizza place play plus poker porn post"
    " press prime pro promo properties property pub racing radio read red reise reisen ren rent repair report rest restaurant"
    " review reviews rich rip rocks rodeo room run safe safety sale salon save school science search seat security seek select"
    " services sex sexy shoes shopping show silk singles site ski skin sky smart smile soccer social solar song space sport"
    " spot star storage stream studio study style sucks support surf swiss systems talk target tax taxi team tech tel"
    " tennis theater tickets tienda tips tires today tokyo tools total tours town toys trade trading training travel trust"
    " tube tunes uno vacations vet viajes video villas vin vision viva vodka vote voto voyage watch watches weather wed"
    " wedding wiki win windows wine winners work works world wow yoga you zero zip zone md ai".split()
)
_COUNTRIES = frozenset(
    "ac ae af ag ar at au az bb bd bg bh bi bn br bt bw bz ca cc cd cf cg ch ci cl cn co cr cx cz dj dk ec ee eg eu fj fk fo fr ga"
    " gd gf gg gh gi gl gp gq gr gt gw gy hk hn hr ht hu ie iq ir je jo jp ke kh ki kn kp kr kw ky kz lb lc lk lt lu lv ly mc mg mk"
    " mn mp mq mr mt mu mw mx mz nc nf ng nl np nr nu nz pf pk pl ps pt pw qa ro ru rw sb sc sd sg sh sk sl sn sr su sv sx"
    " sy sz tc td tf tg th tj tk tl tm tn tr tt tv tw tz ua ug uk uy uz vc vg vi vn vu wf ws ye yt za zm zw io".split()
)
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
# A dot in brackets, or in words; a dot with spaces before a usual domain. `com` is a word of Portuguese after a full stop.
_DISGUISED_LINKS = (
    rf"[^\W_]\s*[(\[{{<]\s*(?:\.|dot|punkt|punto|point|点|點)\s*[)\]}}>]\s*[^\W\d_]{{2,}}"
    rf"|[^\W_]\s*(?:\bdot\b|\bpunkt\b|点|點)\s*(?:{_USUAL})(?![a-z0-9])"
    rf"|[^\W_]\s+\.\s*(?:{_USUAL})(?![a-z0-9])"
    rf"|[^\W_]\.\s+(?:com|net|org)(?:/|\W*$)"
    r"|[^\W_]\s?\.\s?(?:c\s+o\s*m|c\s*o\s+m|n\s+e\s+t|o\s+r\s+g)(?![a-z0-9])"
    # where the words of an address are split by underscores or by commas
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
            and not (domain in _COUNTRIES and len(name) > 2)
        ):
            continue  # a measure or a time: 500.ml, 8.am
        if _is_certain(domain) or (has_path and is_last) or before[0] == "www":
            return True
        if re.search(r"[a-z]", name) and re.search(r"[\d-]", name):
            return True
        if re.search(_CUE, text[: found.start()]):
            return True
    return False


def _is_certain(domain: str) -> bool:
    """Return whether a domain is not a word too, so that a name before it is a link."""
    if not domain.isascii():
        return domain in ("рф", "中国", "中國", "网址", "网站")
    if domain in _USUAL.split("|") and domain not in _SENTENCE_WORDS:
        return True
    return domain in _COUNTRIES if len(domain) == 2 else domain not in _SENTENCE_WORDS


@cache
def _top_level_domains() -> frozenset[str]:
    """Return the domains of the generated list, in the form of `_fold`."""
    # The importer finds the file wherever the package is installed.
    listed = (pkgutil.get_data("handsel.domain", "top_level_domains.txt") or b"").decode().split("\n")
    return frozenset(_fold(line) for line in listed if line and not line.startswith("#"))


# --- e-mail addresses ----------------------------------------------------------------------------------------

_PROVIDERS = (
    "gmail|googlemail|outlook|hotmail|yahoo|icloud|qq|163|126|foxmail|protonmail|proton|gmx|yandex|naver|hanmail"
)
_EMAIL_ADDRESSES = (
    r"[\w+%-]\s*@\s*[^\W_][\w-]*\s*\.\s*[^\W\d_]{2,}"
    rf"|[\w+%-]\s*@\s*(?:{_PROVIDERS})(?![a-z0-9])"
    r"|[\w+%-]\s*(?:[(\[{<]\s*(?:at|@|a)\s*[)\]}>]|艾特|#at#)\s*[^\W_][\w-]*"
    rf"|[\w+%-]+\s+at\s+(?:[\w-]+\s*(?:\.|\bdot\b|[(\[]\s*(?:dot|\.)\s*[)\]])\s*(?:{_USUAL})|(?:{_PROVIDERS})\s*(?:\.|dot))(?![a-z0-9])"
)


def _has_email_address(text: str) -> bool:
    return re.search(_EMAIL_ADDRESSES, text.replace("%40", "@")) is not None


# --- phone numbers -------------------------------------------------------------------------------------------

_DATE = (
    r"(?<!\d)(?:(?:19|20)\d\d[-./ ]?(?:0?[1-9]|1[0-2])[-./ ]?(?:3[01]|[12]\d|0?[1-9])"
    r"|(?:3[01]|[12]\d|0?[1-9])[-./] ?(?:0?[1-9]|1[0-2])[-./] ?(?:(?:19|20)\d\d|\d\d))(?!\d)"
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"
)
_PRICE = (
    r"[$€£¥₩₹₽]\s*\d[\d., ]*|(?<!\d)\d[\d.,]*\s*(?:[$€£¥₩₹₽元円원%]|(?:usd|eur|cny|rmb|krw|jpy|gbp|kg|km|cm|mm|ml)\b)"
)
_NUMBER = r"(?<![a-z\d_#№])(?<![a-z]-)[+(]{0,2}\s?\d(?:[ \-./()_*~·]{0,3}\d)+(?![a-z\d])"
_CALL = r"(?:\b(?:tel|telephone|phone|mobile|whatsapp|wa|sms|cell|handy)\b|电话|電話|手机|手機|致电|拨打|热线|전화|電話番号)\W{0,10}(?:\w{1,3}\W{1,3})?$"
_REFERENCE = (
    r"(?:\b(?:order|parcel|tracking|invoice|ref|reference|isbn|ean|sku|no|nr|number|code|serial)\b|订单|訂單|单号|單號|编号|編號|快递|号)"
    r"\W{0,4}(?:(?:no|nr|number|id|is)\b\W{0,3})?$"
)
# Numbers that sound like words: 520 1314 is "I love you for ever". Digits that are repeated bring luck.
_BLESSINGS = r"(?:520|521|1314|530|920|168|(\d)\1+)+"


def _has_phone_number(text: str) -> bool:
    digits = _with_digits(text)
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
    steps = {after - before for before, after in zip(row, row[1:], strict=False)}
    return len(steps) == 1 or steps in ({1, -9}, {-1, 9})
