"""The pictures of covers and of demo products: whole, light, and still when somebody opens one by itself."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from handsel.domain.wrappings import COVERS
from local import front, seed
from local.settings import ROOT

COVER_FILES = sorted((ROOT / "functions" / "public" / "covers").iterdir())
PRODUCT_FILES = sorted((ROOT / "local" / "pictures").iterdir())
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {
    *("svg", "title", "defs", "g", "path", "circle", "ellipse", "rect", "use", "pattern", "clipPath"),
    *("linearGradient", "radialGradient", "stop"),
}


def test_every_cover_has_its_picture_and_no_picture_is_left_over() -> None:
    assert [file.name for file in COVER_FILES] == sorted(f"{cover.cover_id}.svg" for cover in COVERS)


def test_every_demo_product_has_a_picture_of_its_own_that_is_served() -> None:
    paths = sorted(product.image_url for product in seed.PRODUCTS.values())
    assert paths == [f"/pictures/{file.name}" for file in PRODUCT_FILES]
    assert {f"/pictures/{file.name}".encode(): file.read_bytes() for file in PRODUCT_FILES} == front.PICTURES


@pytest.mark.parametrize("file", [*COVER_FILES, *PRODUCT_FILES], ids=lambda file: file.stem)
def test_a_picture_draws_and_does_nothing_else(file: Path) -> None:
    text = file.read_text()
    assert len(text.encode()) <= 12_000
    assert "<!" not in text
    assert "<?" not in text
    root = ElementTree.fromstring(text)  # noqa: S314 - our own file
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == ("0 0 1200 630" if file in COVER_FILES else "0 0 800 800")
    assert root.get("role") == "img"
    # What a screen reader says comes first.
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    for element in root.iter():
        # No script, no style sheet, no text in some language, no other document.
        assert element.tag.removeprefix(SVG) in DRAWN
        for name, value in element.attrib.items():
            assert name not in ("style", "class")
            assert not name.startswith("on")
            assert set(re.findall(r"url\(([^)]*)\)", value)) <= {f"#{each}" for each in ids}
            if name == "href":
                assert value.removeprefix("#") in ids
