"""Views of wrappings: covers, their themes, and blessings."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import WithJsonSchema

from handsel.api.views.base import Url, View
from handsel.domain import models, wrappings

Color = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^#[0-9a-f]{6}$", "examples": ["#c41c26"]})]


class WrappingView(View):
    """The wrapping of a gift.

    Attributes:
        image_url: the URL of the picture of the cover.
        theme: the `theme_id` of the colors of the envelope. It is the theme that the cover has now.
        blessing: the text of the wrapping: a blessing, or the giver's own message. It is empty if the gift expired, was
            cancelled or was declined: then only its giver and its claimers see the text.
    """

    cover_id: str
    image_url: Url
    theme: str
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
            theme=wrappings.load_catalogue().find_theme(wrapping.cover_id).theme_id,
            blessing=wrapping.blessing if shows_blessing else "",
        )


class ThemeColorsView(View):
    """The colors to draw an envelope with, each as `#rrggbb`.

    Attributes:
        envelope: the envelope, at its top.
        envelope_shade: the envelope, at its bottom.
        edge: the lines at the edges of the flap.
        text: text on the envelope and on its covers.
        seal: the seal.
        seal_light: the seal, where the light falls on it.
        seal_shade: the seal, in the shade.
        seal_text: text on the seal.
        background: the light behind the envelope.
        background_dark: the light behind the envelope in dark mode.
    """

    envelope: Color
    envelope_shade: Color
    edge: Color
    text: Color
    seal: Color
    seal_light: Color
    seal_shade: Color
    seal_text: Color
    background: Color
    background_dark: Color


class ThemeView(View):
    """A series of covers, and the colors of their envelope.

    Attributes:
        theme_id: the ID that covers and wrappings have as `theme`.
        title: the name of the series.
        colors: the colors of the envelope.
    """

    theme_id: str
    title: str
    colors: ThemeColorsView

    @classmethod
    def of(cls, theme: wrappings.Theme) -> Self:
        """Return the view of a theme."""
        return cls(theme_id=theme.theme_id, title=theme.title, colors=ThemeColorsView(**asdict(theme.colors)))


class CoverView(View):
    """A cover to wrap with.

    Attributes:
        title: the name of the cover.
        image_url: the URL of the picture.
        theme: the `theme_id` of the series that the cover is of.
    """

    cover_id: str
    title: str
    image_url: Url
    theme: str


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
        themes: the series of these covers, recommended ones first.
        covers: the covers for the kind, by series, recommended ones first.
        blessings: the blessings, recommended ones first.
    """

    themes: list[ThemeView]
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
        covers = wrappings.list_covers(models.Kind(kind), now=now)
        return cls(
            themes=[ThemeView.of(theme) for theme in dict.fromkeys(cover.theme for cover in covers)],
            covers=[
                CoverView(
                    cover_id=cover.cover_id,
                    title=cover.title,
                    image_url=web_url + cover.image_path,
                    theme=cover.theme.theme_id,
                )
                for cover in covers
            ],
            blessings=[
                BlessingView(blessing_id=blessing.blessing_id, text=blessing.text)
                for blessing in wrappings.list_blessings(now=now)
            ],
        )
