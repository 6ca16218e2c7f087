"""Write the generated files, or report the committed files that are out of date."""

from collections.abc import Iterable
from pathlib import Path

from local import cli
from local.settings import ROOT
from tools import (
    address_formats,
    api_pages,
    covers,
    currencies,
    event_schemas,
    input_schemas,
    openapi,
    pages,
    reference,
    sample_events,
    top_level_domains,
)


def main(*, check: bool) -> int:
    """Write the files that are out of date, or only report them. Return the exit status.

    Args:
        check: report, and write nothing.
    """
    try:
        files = {
            **address_formats.files(),
            **reference.files(),
            **api_pages.files(),
            **sample_events.files(),
            **event_schemas.files(),
            **input_schemas.files(),
            **openapi.files(),
            **currencies.files(),
            **pages.files(),
            **top_level_domains.files(),
        }
    except (openapi.DocumentError, pages.PageError) as error:
        cli.say(str(error), error=True)
        return 1
    outdated = {path: text for path, text in files.items() if not path.exists() or path.read_text() != text}
    if check:
        # They need a browser, so another command draws them.
        pictures = covers.outdated()
        if outdated:
            cli.say(f"Out of date: {_names(outdated)}. Run: make generate", error=True)
        if pictures:
            cli.say(f"Out of date: {_names(pictures)}. Run: make covers", error=True)
        return 1 if outdated or pictures else 0
    for path, text in outdated.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        cli.say(f"Wrote {path.relative_to(ROOT)}")
    return 0


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(str(path.relative_to(ROOT)) for path in paths)
