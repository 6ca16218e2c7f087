"""Views of wrappings: covers and blessings."""

from typing import Self

from handsel.api.views.base import Url, View
from handsel.domain import models, wrappings


class WrappingView(View):
    cover_id: str
    image_url: Url
    blessing: str

    @classmethod
    def of(cls, wrapping: models.Wrapping, web_url: str) -> Self:
        return cls(
            cover_id=wrapping.cover_id,
            image_url=web_url + wrappings.image_path(wrapping.cover_id),
            blessing=wrapping.blessing,
        )


class CoverView(View):
    cover_id: str
    title: str
    image_url: Url


class BlessingView(View):
    blessing_id: str
    text: str


class Wrappings(View):
    covers: list[CoverView]
    blessings: list[BlessingView]

    @classmethod
    def of(cls, kind: str, *, now: int, web_url: str) -> Self:
        return cls(
            covers=[
                CoverView(cover_id=cover.cover_id, title=cover.title, image_url=web_url + cover.image_path)
                for cover in wrappings.covers_for(models.Kind(kind), now=now)
            ],
            blessings=[
                BlessingView(blessing_id=blessing.blessing_id, text=blessing.text)
                for blessing in wrappings.blessings(now=now)
            ],
        )
