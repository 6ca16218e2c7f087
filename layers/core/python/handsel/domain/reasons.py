"""Reasons of recommendations; their texts are in `domain/texts.py`."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a product is recommended.

    - `also`: users who bought or tagged the product `title`, which the user knows, also like this one.
    - `shopped`: from a store where the user bought something.
    - `store`: from a store of a product that the user tagged or viewed.
    - `popular`: popular among all users.
    - `offered`: a product of a store, without any other reason.
    - `viewed`, `tagged`, `bought`: the user viewed, tagged or bought the product itself.
    """

    ALSO = "also"
    SHOPPED = "shopped"
    STORE = "store"
    POPULAR = "popular"
    OFFERED = "offered"
    VIEWED = "viewed"
    TAGGED = "tagged"
    BOUGHT = "bought"
