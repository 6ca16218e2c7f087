"""Names: display names of users, which others see; handles, by which others find a user; names of carriers."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any

from handsel.domain import user_text

MAX_DISPLAY_NAME = 40
# The display name of users whose identity provider sends none.
DEFAULT_NAME = "A friend"
# The name of a user who was erased, wherever their name was shown.
ERASED_NAME = "Deleted user"
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{2,29}")

# `Name <a@b>` and addresses with spaces around the sign are addresses, `@alice` and `Tom @ Work` are not.
_EMAIL_ADDRESS = r"[^\s@]@[^\s@]|\S\s*@\s*[^\s@]+[.\u3002]\w"
# Auth0 sends the phone number as the name of a user who signs in by SMS.
_PHONE_NUMBER = r"\+?[\d\s().-]{7,}"

# Names of the operator. A display name is refused if one of its words begins with the name of the service,
SERVICE_NAME = "handsel"
# if it contains one of these, in languages that write no spaces,
ROLES = ("客服", "官方", "管理员", "管理員", "운영자", "관리자", "고객센터", "公式アカウント")
# or if it consists of such words: a title, with other titles and companions around it.
TITLES = (
    *("admin", "administrator", "billing", "helpdesk", "moderator", "official", "operator", "payments"),
    *("security", "staff", "support", "sysadmin", "system", "verification", "webmaster"),
    *("customerservice", "customercare", "helpcenter", "helpcentre", "noreply", "trustandsafety"),
    *("soporte", "suporte", "atencionalcliente", "assistenza", "serviceclient", "kundendienst", "kundenservice"),
    *("поддержка", "администратор", "модератор", "служба", "безопасность"),
    *("系统", "系統", "安全中心", "客户服务", "客戶服務", "工作人员", "工作人員", "版主"),
    *("サポート", "運営", "公式", "管理者", "カスタマーサポート", "공식", "지원팀"),
)
COMPANIONS = (
    *("the", "our", "team", "customer", "account", "accounts", "center", "centre", "desk", "service", "services"),
    *("department", "dept", "help", "gift", "gifts", "alert", "alerts", "notice", "app", "online"),
    *("团队", "團隊", "中心", "平台", "通知", "消息", "帐号", "账号", "小助手", "チーム", "팀"),
)
# Words that make a name that of a store, in languages that write no spaces, and in others as the last words of a name.
STORES = (
    "旗舰店",
    "旗艦店",
    "专卖店",
    "專賣店",
    "专营店",
    "專營店",
    "自营店",
    "官网",
    "公式ショップ",
    "공식몰",
    "공식스토어",
)
STORE_TITLES = ("flagshipstore", "officialstore", "officialshop", "storeofficial", "shopofficial", "officialaccount")
# Businesses in whose name people are often deceived. Words that are also names of people are left out.
BUSINESSES = (
    *(
        "alipay",
        "aliexpress",
        "amazon",
        "americanexpress",
        "applepay",
        "applesupport",
        "dhl",
        "douyin",
        "ebay",
        "facebook",
    ),
    *(
        "fedex",
        "google",
        "googlepay",
        "instagram",
        "kakao",
        "kakaopay",
        "kakaotalk",
        "mastercard",
        "microsoft",
        "netflix",
    ),
    *("paypal", "pinduoduo", "shopify", "starbucks", "stripe", "taobao", "telegram", "tiktok", "tmall", "unionpay"),
    *("wechat", "wechatpay", "weixin", "westernunion", "whatsapp", "youtube"),
    *(
        "支付宝",
        "支付寶",
        "微信",
        "微信支付",
        "抖音",
        "淘宝",
        "淘寶",
        "天猫",
        "天貓",
        "京东",
        "京東",
        "拼多多",
        "美团",
        "美團",
    ),
    *("顺丰", "順豐", "银联", "銀聯", "星巴克", "카카오", "카카오톡", "카카오페이", "네이버페이"),
)
# Names of people that contain a role: the family name Shangguan before a given name that begins with Fang.
REAL_NAMES = ("上官方",)
# Characters that look like a Latin letter, a part of Unicode's confusables.txt.
_CAPITAL_LOOKALIKES = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhlkmnoptyx")
_LOOKALIKES = str.maketrans(
    "абвезікмнорстухѕјԁԛԝһӏ" + "αβεηικνορτυχω" + "ıɩɑɡɪǀℓ" + "0134578$|!€@" + "i",
    "abbeslkmhopctyxsjdqwhl" + "abenlkvoptuxw" + "llaglll" + "oleastbsllea" + "l",  # a capital i is an l to the eye
)


def clean_display_name(given: object) -> str | None:
    """Return a valid display name made from a name of the identity provider, or None if it cannot be shown to others."""
    name = user_text.repair_line(given, max_length=MAX_DISPLAY_NAME) if isinstance(given, str) else None
    # The part that is cut off may be what makes it an address.
    if name is None or has_email_address(given) or re.fullmatch(_PHONE_NUMBER, name) or claims_to_be_operator(name):
        return None
    return name


def display_name_from_claims(claims: Mapping[str, Any]) -> str:
    """Return a display name from the claims of an ID token: the first that can be shown to others, or `DEFAULT_NAME`."""
    return next(filter(None, map(clean_display_name, _claimed_names(claims))), DEFAULT_NAME)


def _claimed_names(claims: Mapping[str, Any]) -> Iterator[object]:
    yield claims.get("name")
    parts = [claims.get(part) for part in ("given_name", "family_name")]
    yield " ".join(part for part in parts if isinstance(part, str))
    yield claims.get("nickname")
    yield claims.get("preferred_username")


def has_email_address(text: object) -> bool:
    """Return whether text contains an e-mail address, in any form of its characters."""
    if not isinstance(text, str):
        return False
    folded = unicodedata.normalize("NFKC", text).replace("%40", "@")
    return re.search(_EMAIL_ADDRESS, re.sub(rf"[{user_text.INVISIBLE}]", "", folded)) is not None


def claims_to_be_operator(name: str) -> bool:
    """Return whether a name claims to be the operator of the service."""
    skeleton = _skeleton(name)
    for real in REAL_NAMES:
        skeleton = skeleton.replace(real, "")
    service, roles, titles = _operator_patterns()
    visible = re.sub(rf"[{user_text.INVISIBLE}]", "", unicodedata.normalize("NFKC", name))
    # Letters may be spaced (`H a n d s e l`), and `Hands Elena` is a name: look at each word, and at the first words as one.
    starts = accumulate(map(_skeleton, re.split(r"[\s_.,-]+", visible)))
    return (
        any(service.match(_skeleton(word)) for word in re.split(r"[\W_]+", name))
        or any(service.fullmatch(start) for start in starts)
        or roles.search(skeleton) is not None
        or titles.fullmatch(skeleton) is not None
    )


def imitates_business(name: str, store_names: Iterable[str] = ()) -> bool:
    """Return whether a name looks like that of the operator, of a store or of another business.

    Args:
        name: any name.
        store_names: of stores, beside those that this module lists.
    """
    skeleton, listed = _skeleton(name), _listed_skeletons()
    stores = [each for each in map(_skeleton, store_names) if each]
    # Few names contain one of these words. Patterns are compiled for those only.
    if not any(word in skeleton for words in (*listed, stores) for word in words):
        return False
    contained, businesses, _ = listed
    return (
        claims_to_be_operator(name)
        or any(word in skeleton for word in contained)
        or any(skeleton.endswith(word) for word in map(_skeleton, STORE_TITLES))
        or any(_is_decorated(skeleton, word) for word in (*businesses, *stores))
    )


@cache
def _listed_skeletons() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return skeletons: of what only stores have in their names, of businesses, and of the other words of the lists."""
    others = (SERVICE_NAME, *ROLES, *TITLES, *STORE_TITLES)
    stores, businesses, words = (tuple(map(_skeleton, each)) for each in (STORES, BUSINESSES, others))
    return stores, businesses, words


def _is_decorated(skeleton: str, business: str) -> bool:
    """Return whether a name is that of a business, with or without titles and companions around it."""
    before, found, after = skeleton.partition(business)
    return bool(found) and all(_around_businesses().fullmatch(part) for part in (before, after))


@cache
def _around_businesses() -> re.Pattern[str]:
    words = "|".join(map(_skeleton, (*TITLES, *COMPANIONS, *ROLES, "store", "shop", "pay", "inc", "ltd")))
    return re.compile(f"(?:{words})*")


@cache
def _operator_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return patterns of skeletons: of a word with the name of the service, of the roles, and of names of titles."""
    roles, titles, companions = ("|".join(map(_skeleton, words)) for words in (ROLES, TITLES, COMPANIONS))
    return (
        re.compile(f"(?:{titles}|{companions})*{_skeleton(SERVICE_NAME)}(?:{titles}|{companions})*"),
        re.compile(roles),
        re.compile(f"(?:{companions})*(?:{titles})(?:{titles}|{companions})*"),
    )


def _skeleton(name: str) -> str:
    """Return the letters of a name, such that names that look alike are the same."""
    visible = user_text.remove_invisible(unicodedata.normalize("NFKC", name))
    # Without accents, which are characters of their own in this form.
    letters = unicodedata.normalize("NFD", visible.translate(_CAPITAL_LOOKALIKES).casefold()).translate(_LOOKALIKES)
    return unicodedata.normalize("NFC", "".join(char for char in letters if unicodedata.category(char)[0] in "LN"))


def is_same_carrier(one: str, other: str) -> bool:
    """Return whether two names are of the same carrier: a store and an identity provider may write it differently."""
    return _fold(one) == _fold(other)


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def handle_from_claims(claims: Mapping[str, Any]) -> str | None:
    """Return a handle from the claims of an ID token, or None if they have none that a user may choose."""
    handle = normalize_handle(claims.get("preferred_username"))
    return None if handle is None or claims_to_be_operator(handle) else handle


def normalize_handle(given: object) -> str | None:
    """Return the stored form of a handle, or None if `given` is not a valid handle. Handles ignore case."""
    # Match first: some letters outside ASCII become ASCII in lower case.
    return given.lower() if isinstance(given, str) and HANDLE.fullmatch(given) else None
