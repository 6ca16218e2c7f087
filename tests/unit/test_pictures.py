"""Pictures of covers and demo products: complete, small and static."""

import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from handsel.domain.wrappings import Cover, load_catalogue
from local import proxy, seed
from local.settings import ROOT
from testkit.contrast import contrast
from tools import covers, generate

COVER_FILES = covers.drawings()
PRODUCT_FILES = sorted((ROOT / "local" / "pictures").iterdir())
SVG = "{http://www.w3.org/2000/svg}"
# The part of a cover for the blessing: x and y of two corners. Small bright details, such as stars, may be in it.
TEXT_AREA = (340, 200, 860, 470)
LEGIBLE = 0.98
DRAWN = {
    *("svg", "title", "defs", "g", "path", "circle", "ellipse", "rect", "use", "pattern", "clipPath"),
    *("linearGradient", "radialGradient", "stop"),
}


def test_the_pictures_are_exactly_those_of_the_covers_in_the_catalogue() -> None:
    assert [file.name for file in COVER_FILES] == sorted(f"{cover.cover_id}.svg" for cover in load_catalogue().covers)


def test_every_cover_has_a_png_that_is_small_enough_for_link_previews() -> None:
    pictures = sorted(covers.FOLDER.glob("*.png"))
    assert [file.stem for file in pictures] == [file.stem for file in COVER_FILES]
    assert covers.outdated() == []
    assert max(file.stat().st_size for file in pictures) <= 200_000
    # No other file is served.
    assert sorted(covers.FOLDER.iterdir()) == sorted([*COVER_FILES, *pictures])


def test_a_png_is_outdated_if_it_is_missing_or_differs_from_its_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = ("red-classic", "red-koi", "red-cranes", "red-winter", "red-thanks")
    for name in drawn:
        for suffix in (".svg", ".png"):
            shutil.copy(covers.FOLDER / f"{name}{suffix}", tmp_path)
    monkeypatch.setattr(covers, "FOLDER", tmp_path)
    assert covers.outdated() == []

    (tmp_path / "red-koi.svg").write_text("<svg/>")
    (tmp_path / "red-cranes.png").unlink()
    (tmp_path / "red-winter.svg").unlink()
    with Image.open(tmp_path / "red-thanks.png") as image:
        text = PngImagePlugin.PngInfo()
        text.add_text(covers.SOURCE, image.info[covers.SOURCE])
        image.resize((600, 315)).save(tmp_path / "red-thanks.png", pnginfo=text)
    assert [file.name for file in covers.outdated()] == [
        *("red-cranes.png", "red-koi.png", "red-thanks.png", "red-winter.png"),
    ]


def test_the_check_of_generated_files_names_the_command_that_draws_covers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # This folder has drawings without a PNG.
    monkeypatch.setattr(covers, "FOLDER", PRODUCT_FILES[0].parent)
    assert generate.main(check=True) == 1
    printed = capsys.readouterr().err
    assert all(f"local/pictures/{file.stem}.png" in printed for file in PRODUCT_FILES)
    assert printed.endswith("Run: make covers\n")


def test_every_demo_product_has_its_own_picture_that_is_served() -> None:
    paths = sorted(product.image_url for product in seed.PRODUCTS.values())
    assert paths == [f"/pictures/{file.name}" for file in PRODUCT_FILES]
    assert {f"/pictures/{file.name}": file.read_bytes() for file in PRODUCT_FILES} == proxy.PICTURES


@pytest.mark.parametrize("cover", load_catalogue().covers, ids=lambda cover: cover.cover_id)
def test_text_in_the_color_of_its_theme_is_legible_on_a_cover(cover: Cover) -> None:
    with Image.open(covers.FOLDER / f"{cover.cover_id}.png") as picture:
        # At a third of its size, as on a phone.
        area = picture.convert("RGB").crop(TEXT_AREA).reduce(3)
    data, text = area.tobytes(), cover.theme.colors.text
    pixels = Counter(f"#{data[place : place + 3].hex()}" for place in range(0, len(data), 3))
    legible = sum(count for color, count in pixels.items() if contrast(text, color) >= 4.5)
    assert legible / pixels.total() >= LEGIBLE


@pytest.mark.parametrize("file", [*COVER_FILES, *PRODUCT_FILES], ids=lambda file: file.stem)
def test_a_picture_is_small_and_contains_only_drawing_elements(file: Path) -> None:
    text = file.read_text()
    assert len(text.encode()) <= 12_000
    assert "<!" not in text
    assert "<?" not in text
    root = ElementTree.fromstring(text)  # noqa: S314 - our own file
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == ("0 0 1200 630" if file in COVER_FILES else "0 0 800 800")
    assert root.get("role") == "img"
    # The title comes first, for screen readers.
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    for element in root.iter():
        # No script, no style sheet, no text of a language, no other document.
        assert element.tag.removeprefix(SVG) in DRAWN
        for name, value in element.attrib.items():
            assert name not in ("style", "class")
            assert not name.startswith("on")
            assert set(re.findall(r"url\(([^)]*)\)", value)) <= {f"#{each}" for each in ids}
            if name == "href":
                assert value.removeprefix("#") in ids
