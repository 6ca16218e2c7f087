"""Generate the table of currencies of the pages from `domain/currencies.py`."""

from pathlib import Path

from handsel.domain.currencies import DECIMALS
from local.settings import ROOT

FILE = ROOT / "functions" / "web" / "assets" / "currencies.js"
# Most currencies have this number of decimals. The pages' table has the others.
USUAL = 2


def files() -> dict[Path, str]:
    """Return the generated file and its text."""
    others = sorted(code for code, decimals in DECIMALS.items() if decimals != USUAL)
    lines = "\n".join(f"  {code}: {DECIMALS[code]}," for code in others)
    return {
        FILE: f"""\
// Decimals of the currencies that do not have {USUAL}, by ISO 4217.
// Written by `make generate` from `domain/currencies.py`; change it there.

export const DECIMALS = {{
{lines}
}};
"""
    }
