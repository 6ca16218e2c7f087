"""Take screenshots of pages for the documentation, in `make screenshots` only."""

import os

from playwright.sync_api import Page

from local.settings import ROOT
from tools.covers import compressed

FOLDER = ROOT / "docs" / "screenshots"
WANTED = bool(os.environ.get("SCREENSHOTS"))
MAX_BYTES = 150_000


def take(page: Page, name: str, *, full: bool = False) -> None:
    """Write docs/screenshots/<name>.png: the visible part of the page, or with `full` the whole page."""
    if not WANTED:
        return
    shot = page.screenshot(full_page=full, animations="disabled")
    # Dithered gradients are finer but larger: without dithering the file is smaller.
    picture = next(
        (each for each in (compressed(shot), compressed(shot, dither=False)) if len(each) <= MAX_BYTES), None
    )
    assert picture is not None, f"{name}.png is larger than {MAX_BYTES} bytes"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(picture)
