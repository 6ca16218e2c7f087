"""Views of wrappings: covers and blessings."""

from typing import Self

from handsel.api.views.base import Url, View
from handsel.domain import models, wrappings


class WrappingView(View):
    """The wrapping of a gift.

    Attributes:
        image_url: the URL of the picture of the cover.
        blessing: the text of the wrapping: a blessing, or the giver's own message. It is empty if the gift expired, was
            cancelled or was declined: then only its giver and its claimers see the text.
    """

    cover_id: str
    image_url: Url
    blessing: str

    @classmethod
    def of(cls, wrapping: models.Wrapping, web_url: str, *, shows_blessing: bool = True) -> Self:
        """Return the view of a wrapping.

        Args:
            wrapping: the wrapping of a gift.
            web_url: the origin of images.
            shows_blessing: False if the viewer may not see the text.
        """
        return cls(
            cover_id=wrapping.cover_id,
            image_url=web_url + wrappings.cover_image_path(wrapping.cover_id),
            blessing=wrapping.blessing if shows_blessing else "",
        )


class CoverView(View):
    """A cover to wrap with.

    Attributes:
        title: the name of the cover.
        image_url: the URL of the picture.
    """

    cover_id: str
    title: str
    image_url: Url


class BlessingView(View):
    """A blessing to wrap with.

    Attributes:
        text: the text that is printed on the cover.
    """

    blessing_id: str
    text: str


class Wrappings(View):
    """The covers and blessings for a kind of product.

    Attributes:
        covers: the covers for the kind, recommended ones first.
        blessings: the blessings, recommended ones first.
    """

    covers: list[CoverView]
    blessings: list[BlessingView]

    @classmethod
    def of(cls, kind: str, *, now: int, web_url: str) -> Self:
        """Return the covers and blessings that can be used now.

        Args:
            kind: the kind of the product to wrap.
            now: milliseconds since the epoch; some covers and blessings are seasonal.
            web_url: the origin of images.
        """
        return cls(
            covers=[
                CoverView(cover_id=cover.cover_id, title=cover.title, image_url=web_url + cover.image_path)
                for cover in wrappings.list_covers(models.Kind(kind), now=now)
            ],
            blessings=[
                BlessingView(blessing_id=blessing.blessing_id, text=blessing.text)
                for blessing in wrappings.list_blessings(now=now)
            ],
        )
