"""Negotiate the language of a response by Accept-Language (RFC 9110, 12.5.4)."""

import re
from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response

from handsel.api.weights import parse_weights

# The supported languages, each with the tag in Content-Language. The first is the default.
LANGUAGES: Mapping[str, str] = {"en": "en", "zh": "zh-CN"}

# A language range: its primary subtag or `*`, and other subtags.
_RANGE = re.compile(r"([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*")


def negotiate(accept_language: str) -> str:
    """Return the language of `LANGUAGES` that a client prefers.

    Ranges match by their primary subtag: `zh-TW` gets Chinese. Of equal weights the first in the header wins. A language
    of weight 0 is returned only if all of them have it; an invalid language range is ignored.

    Args:
        accept_language: the header; empty if there is none.
    """
    weights: dict[str, float] = {}
    for each, weight in parse_weights(accept_language).items():
        if found := _RANGE.fullmatch(each):
            weights[found[1]] = max(weights.get(found[1], 0.0), weight)
    # Less than any weight but 0 for a language that the header does not mention.
    unmentioned = weights.get("*", 0.0001)
    named = [language for language, weight in weights.items() if weight and language in LANGUAGES]
    return max([*named, *LANGUAGES], key=lambda language: weights.get(language, unmentioned))


def localized(response: Response[str], language: str) -> Response[str]:
    """Return the response, marked as being in a language that was negotiated."""
    response.headers |= {"Content-Language": LANGUAGES[language], "Vary": "Accept-Language"}
    return response
