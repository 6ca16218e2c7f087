"""Reasons of recommendations; their texts are in `domain/texts.py`."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a product is recommended.

    - `also`: users who like the product `title`, which the caller bought, tagged or viewed, also like this one.
    - `shopped`: from a store where the caller bought something.
    - `store`: from a store of a product that the caller tagged or viewed.
    - `popular`: popular among all users.
    - `offered`: sold by a store; no other reason applies.
    - `viewed`, `tagged`, `bought`: the caller viewed, tagged or bought the product itself.
    """

    ALSO = "also"
    SHOPPED = "shopped"
    STORE = "store"
    POPULAR = "popular"
    OFFERED = "offered"
    VIEWED = "viewed"
    TAGGED = "tagged"
    BOUGHT = "bought"
