"""Reasons of recommendations, and their texts in each language."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a product is recommended."""

    ALSO = "also"
    SHOPPED = "shopped"
    STORE = "store"
    POPULAR = "popular"
    OFFERED = "offered"
    VIEWED = "viewed"
    TAGGED = "tagged"
    BOUGHT = "bought"


REASON_TEXTS: Mapping[str, Mapping[Reason, str]] = {
    "en": {
        Reason.ALSO: "People who liked {title} also liked this",
        Reason.SHOPPED: "From {store}, where you bought before",
        Reason.STORE: "From {store}, where you found something you like",
        Reason.POPULAR: "Popular right now",
        Reason.OFFERED: "Something to discover, from {store}",
        Reason.VIEWED: "You looked at this lately",
        Reason.TAGGED: "You tagged this",
        Reason.BOUGHT: "You bought this before",
    },
    "zh-CN": {
        Reason.ALSO: "喜欢“{title}”的人也喜欢",
        Reason.SHOPPED: "来自你买过的 {store}",
        Reason.STORE: "来自你喜欢的 {store}",
        Reason.POPULAR: "近期热门",
        Reason.OFFERED: "来 {store} 发现新东西",
        Reason.VIEWED: "你最近看过",
        Reason.TAGGED: "你收藏过",
        Reason.BOUGHT: "你买过",
    },
}


def reason_text(code: Reason, params: Mapping[str, str], language: str = "en") -> str:
    """Return the sentence for a reason.

    Args:
        params: `title` of the product or name of the `store` that the reason mentions.
        language: a key of `REASON_TEXTS`.
    """
    text = REASON_TEXTS[language][code]
    # At most one parameter, so that braces in a name are never taken for a placeholder.
    for name, value in params.items():
        text = text.replace(f"{{{name}}}", value)
    return text
