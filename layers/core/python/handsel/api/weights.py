"""Parse header fields that list values with weights, such as Accept-Encoding (RFC 9110, 12.4.2)."""

import re
from collections.abc import Iterable

_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_OPTIONAL_WHITESPACE = " \t"


def parse_weights(header: str) -> dict[str, float]:
    """Return the weights by value, in lower case and in the order of the header.

    An element with an invalid weight is ignored. Of a repeated value the highest weight counts.

    Args:
        header: the header; empty if there is none.
    """
    weights: dict[str, float] = {}
    for element in header.lower().split(","):
        value, *parameters = (part.strip(_OPTIONAL_WHITESPACE) for part in element.split(";"))
        weight = _weight(parameters)
        if value and weight is not None:
            weights[value] = max(weights.get(value, 0.0), weight)
    return weights


def _weight(parameters: Iterable[str]) -> float | None:
    """Return the weight among the parameters of a value, 1 if there is none, or None if it is invalid."""
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name == "q":
            return float(text) if _WEIGHT.fullmatch(text) else None
    return 1.0


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client accepts gzip and does not prefer an uncompressed response."""
    weights = parse_weights(accept_encoding)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def prefers_html(accept: str) -> bool:
    """Return whether a client names HTML, as browsers do for a page, and does not prefer JSON."""
    weights = parse_weights(accept)
    html, json = (
        max((weights.get(media, 0.0) for media in types), default=0.0)
        for types in (("text/html", "application/xhtml+xml"), ("application/json", "application/problem+json"))
    )
    return html > 0 and html >= json
