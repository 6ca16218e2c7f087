"""Writes what is made from the code, or says which committed file is not as the code has it."""

from local import cli, event_schemas, events, inputs, openapi, reference
from local.settings import ROOT


def main(*, check: bool) -> int:
    """Write the files that are not right, or with `check` name them. Answer the exit status."""
    try:
        files = {
            **reference.files(),
            **events.files(),
            **event_schemas.files(),
            **inputs.inputs(),
            **openapi.files(),
        }
    except openapi.DocumentError as error:
        cli.say(str(error), error=True)
        return 1
    wrong = {path: text for path, text in files.items() if not path.exists() or path.read_text() != text}
    shown = [str(path.relative_to(ROOT)) for path in wrong]
    if check and wrong:
        cli.say(f"Not as the code has it: {', '.join(shown)}. Run: make generate", error=True)
        return 1
    for path, text in wrong.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        cli.say(f"Wrote {path.relative_to(ROOT)}")
    return 0
