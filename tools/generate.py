"""Writes what is made from the code, or says which committed file is not as the code has it."""

from collections.abc import Iterable
from pathlib import Path

from local import cli
from local.settings import ROOT
from tools import covers, event_schemas, input_schemas, openapi, reference, sample_events


def main(*, check: bool) -> int:
    """Write the files that are not right, or with `check` name them. Answer the exit status."""
    try:
        files = {
            **reference.files(),
            **sample_events.files(),
            **event_schemas.files(),
            **input_schemas.files(),
            **openapi.files(),
        }
    except openapi.DocumentError as error:
        cli.say(str(error), error=True)
        return 1
    wrong = {path: text for path, text in files.items() if not path.exists() or path.read_text() != text}
    if check:
        # Drawn by a browser, and so by a command of their own.
        pictures = covers.outdated()
        if wrong:
            cli.say(f"Not as the code has it: {_names(wrong)}. Run: make generate", error=True)
        if pictures:
            cli.say(f"Not as its drawing is: {_names(pictures)}. Run: make covers", error=True)
        return 1 if wrong or pictures else 0
    for path, text in wrong.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        cli.say(f"Wrote {path.relative_to(ROOT)}")
    return 0


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(str(path.relative_to(ROOT)) for path in paths)
