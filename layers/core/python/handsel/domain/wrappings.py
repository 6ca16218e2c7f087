"""The covers and blessings one can wrap with: data, recommended first."""

from collections.abc import Sequence
from dataclasses import dataclass

from handsel.domain import errors
from handsel.domain.models import Kind, Wrapping


@dataclass(frozen=True, slots=True)
class Cover:
    cover_id: str
    title: str
    kinds: frozenset[Kind]

    @property
    def image_path(self) -> str:
        return f"/covers/{self.cover_id}.svg"


@dataclass(frozen=True, slots=True)
class Blessing:
    blessing_id: str
    text: str


_VOUCHER = frozenset({Kind.VOUCHER})
_PARCEL = frozenset({Kind.PARCEL})

COVERS: Sequence[Cover] = (
    Cover("red-classic", "Classic red", _VOUCHER),
    Cover("red-birthday", "Birthday", _VOUCHER),
    Cover("red-thanks", "Thank you", _VOUCHER),
    Cover("parcel-ribbon", "Ribbon", _PARCEL),
    Cover("parcel-kraft", "Kraft paper", _PARCEL),
    Cover("parcel-stars", "Stars", _PARCEL),
)

BLESSINGS: Sequence[Blessing] = (
    Blessing("best-wishes", "Best wishes to you!"),
    Blessing("happy-birthday", "Happy birthday!"),
    Blessing("thank-you", "Thank you for everything."),
    Blessing("enjoy", "A little something for you. Enjoy!"),
)

_COVERS = {cover.cover_id: cover for cover in COVERS}
_BLESSINGS = {blessing.blessing_id: blessing for blessing in BLESSINGS}


def covers_for(kind: Kind) -> list[Cover]:
    return [cover for cover in COVERS if kind in cover.kinds]


def image_path(cover_id: str) -> str:
    return _COVERS[cover_id].image_path


def wrap(kind: Kind, cover_id: str, blessing_id: str | None, message: str | None) -> Wrapping:
    """Seals the choice. Exactly one of `blessing_id` and `message` is given.

    Raises:
        UnknownWrapping: no such cover for this kind, or no such blessing.
    """
    cover = _COVERS.get(cover_id)
    if cover is None or kind not in cover.kinds:
        raise errors.UnknownWrapping
    if message is not None:
        return Wrapping(cover_id, message)
    blessing = _BLESSINGS.get(blessing_id or "")
    if blessing is None:
        raise errors.UnknownWrapping
    return Wrapping(cover_id, blessing.text)
