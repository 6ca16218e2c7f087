"""The browser of this machine, for what only a browser can do: draw the covers as PNG, test the pages."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"There is no browser on PATH ({', '.join(NAMES)}); on Debian: apt install chromium fonts-wqy-microhei"


class NoBrowser(Exception):
    """The message says how to get one."""


def command() -> str | None:
    """Where the browser is; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Raises NoBrowser."""
    executable = command()
    if executable is None:
        raise NoBrowser(MISSING)
    return playwright.chromium.launch(executable_path=executable)
