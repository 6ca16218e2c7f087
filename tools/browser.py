"""Find and start a browser, to draw covers as PNG and to test the pages."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"No browser is on PATH ({', '.join(NAMES)}). On Debian: apt install chromium fonts-wqy-microhei"


class NoBrowser(Exception):
    """No browser is installed; the message says how to install one."""


def command() -> str | None:
    """Return the path of the browser, or None if there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser.

    Raises:
        NoBrowser: no browser is installed.
    """
    executable = command()
    if executable is None:
        raise NoBrowser(MISSING)
    return playwright.chromium.launch(executable_path=executable)
