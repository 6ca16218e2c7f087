"""Draw the covers as PNG, which chat apps show as the preview of a link. A browser renders the SVGs in the same folder.

Each PNG contains the hash of its SVG, so an outdated PNG is detected without a browser.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, PngImagePlugin

from local import cli
from local.settings import ROOT

FOLDER = ROOT / "functions" / "public_api" / "covers"
WIDTH, HEIGHT = 1200, 630
# The PNG's text chunk that holds the SHA-256 of the SVG.
SOURCE = "Source-SHA256"


def drawings() -> list[Path]:
    """Return the SVGs of the covers."""
    return sorted(FOLDER.glob("*.svg"))


def outdated() -> list[Path]:
    """Return the PNGs that are missing, have another size or another source, and those whose source was deleted."""
    wanted = {drawing.with_suffix(".png"): _digest(drawing) for drawing in drawings()}
    orphans = set(FOLDER.glob("*.png")) - set(wanted)
    return sorted(orphans | {path for path, digest in wanted.items() if not _is_current(path, digest)})


def main() -> int:
    """Draw the outdated PNGs. Return the exit status."""
    from playwright.sync_api import sync_playwright

    from tools import browser

    paths = outdated()
    if not paths:
        return 0
    with sync_playwright() as playwright:
        try:
            chromium = browser.launch(playwright)
        except browser.NoBrowser as error:
            cli.say(str(error), error=True)
            return 1
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for path in paths:
            drawing = path.with_suffix(".svg")
            if not drawing.exists():
                path.unlink()
                cli.say(f"Removed {path.relative_to(ROOT)}")
                continue
            page.goto(drawing.as_uri())
            path.write_bytes(compressed(page.screenshot(), text={SOURCE: _digest(drawing)}))
            cli.say(f"Drew {path.relative_to(ROOT)}")
        chromium.close()
    return 0


def compressed(screenshot: bytes, *, dither: bool = True, text: Mapping[str, str] | None = None) -> bytes:
    """Return a PNG reduced to 256 colours, which is a third of the size.

    Args:
        screenshot: the PNG.
        dither: whether to dither, so that gradients have no steps.
        text: text chunks to add, by name.
    """
    whole = Image.open(io.BytesIO(screenshot)).convert("RGB")
    picture = whole.quantize(256, method=Image.Quantize.FASTOCTREE)
    if dither:
        picture = whole.quantize(palette=picture, dither=Image.Dither.FLOYDSTEINBERG)
    chunks = PngImagePlugin.PngInfo()
    for name, value in (text or {}).items():
        chunks.add_text(name, value)
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True, pnginfo=chunks)
    return written.getvalue()


def _is_current(path: Path, digest: str) -> bool:
    try:
        with Image.open(path) as image:
            return image.size == (WIDTH, HEIGHT) and image.info.get(SOURCE) == digest
    except OSError:
        return False


def _digest(drawing: Path) -> str:
    return hashlib.sha256(drawing.read_bytes()).hexdigest()
