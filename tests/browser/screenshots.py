"""Pictures of pages for the documentation: made by `make screenshots`, and only then."""

import os

from playwright.sync_api import Page

from local.settings import ROOT
from tools.covers import compressed

FOLDER = ROOT / "docs" / "screenshots"
WANTED = bool(os.environ.get("SCREENSHOTS"))
MAX_BYTES = 150_000


def take(page: Page, name: str, *, full: bool = False) -> None:
    """docs/screenshots/<name>.png: what is on the screen, or with `full` the whole page."""
    if not WANTED:
        return
    shot = page.screenshot(full_page=full, animations="disabled")
    # Dithered gradients are finer and larger: where there are too many, they have steps.
    picture = next(
        (each for each in (compressed(shot), compressed(shot, dither=False)) if len(each) <= MAX_BYTES), None
    )
    assert picture is not None, f"{name}.png is larger than {MAX_BYTES} bytes"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(picture)
