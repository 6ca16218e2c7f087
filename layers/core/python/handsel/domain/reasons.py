"""Reasons of recommendations; their texts are in `domain/texts.py`."""

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
