"""Postal addresses, by the formats of their countries. The formats are loaded when the first address is checked or shown."""

import json
import pkgutil
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from handsel.domain.models import Address

MAX_LINES = 5
_DIGITS = range(5, 16)  # E.164 allows 15; the shortest numbers that take calls from outside have 5
# Characters that are written or printed like a hyphen, such as the long vowel mark of a Japanese keyboard.
_HYPHENS = {ord(char): "-" for char in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc"}
# The signs of vehicles, which people write before a postal code: A-1010, D-10115.
_SIGNS = {
    **{"AT": "A", "BE": "B", "DE": "D", "ES": "E", "FI": "FIN", "FR": "F", "HU": "H", "IT": "I", "LI": "FL", "LU": "L"},
    **{"NO": "N", "PT": "P", "SE": "S"},
}
# Words for an extension, without punctuation: those that libphonenumber knows, and those of more languages.
_EXTENSION_WORDS = "ext(?:ensi[oó]n|n)?|x|#|доб|anexo|int(?:erno)?|ramal|poste|durchwahl|转|轉|分机|分機|内線|內線|내선"
_EXTENSION = re.compile(rf";?(?:{_EXTENSION_WORDS})[:=]?\d{{1,7}}#?$", re.IGNORECASE)


@cache
def formats() -> Mapping[str, Mapping[str, str]]:
    """Return the address formats by ISO 3166-1 code: `lines`, `required` fields, and where they exist `latin` and `zip`.

    Lines are separated by `|`. Their fields are %N (name), %A (address lines), %C (city), %S (region) and %Z (postal code).
    `latin` replaces `lines` for an address in Latin letters. `zip` matches a postal code without spaces and hyphens.
    """
    data: dict[str, Mapping[str, str]] = json.loads(pkgutil.get_data("handsel.domain", "address_formats.json") or b"")
    data.pop("source")
    return data


def normalize_country(code: str) -> str:
    """Return a country code in upper case.

    Raises:
        ValueError: it is not an ISO 3166-1 code of two letters, nor XK for Kosovo.
    """
    if not code.isascii() or code.upper() not in formats():  # some letters outside ASCII become ASCII in upper case
        raise ValueError("not a country code of ISO 3166-1")
    return code.upper()


def require_field(value: str | None, field: str, country: str) -> str | None:
    """Return the value of the field `C` or `S` of an address.

    Raises:
        ValueError: it is None, and addresses in the country require it.
    """
    if value is None and field in formats()[country]["required"]:
        raise ValueError("required in this country")
    return value


def normalize_postal_code(code: str | None, country: str) -> str | None:
    """Return a postal code in upper case without a vehicle's sign, in ASCII if it was written in wide characters.

    Case, spaces and hyphens may differ from the format of the country, and the code of the country may precede it.

    Raises:
        ValueError: the country requires one, or this is not one of the country.
    """
    entry = formats()[country]
    if code is None:
        return require_field(None, "Z", country)
    normal = unicodedata.normalize("NFKC", code).translate(_HYPHENS).upper().replace("〒", "").strip()
    if country in _SIGNS:
        normal = normal.removeprefix(f"{_SIGNS[country]}-")
    compact = re.sub(r"[\s.-]", "", normal)
    pattern = entry.get("zip", "[0-9A-Z]+")
    spellings = (compact, compact.removeprefix(country), country + compact)
    if not compact or not any(re.fullmatch(pattern, spelling) for spelling in spellings):
        example = f", such as {entry['example']}" if "example" in entry else ""
        raise ValueError(f"not a postal code of this country{example}")
    return normal


def normalize_phone(number: str) -> str:
    """Return a phone number as it was written, without what phones copy with it: invisible characters, and `tel:`.

    Raises:
        ValueError: it does not look like a phone number: it has letters, or too few or too many digits.
    """
    visible = "".join(char for char in number if unicodedata.category(char) not in ("Cf", "Cc")).strip()
    visible = re.sub(r"^tel:(?://)?\s*", "", visible, flags=re.IGNORECASE)
    compact = re.sub(r"[\s()\[\]/.,*~+-]", "", unicodedata.normalize("NFKC", visible).translate(_HYPHENS))
    digits = _EXTENSION.sub("", compact)
    if not digits.isdecimal() or len(digits) not in _DIGITS:
        raise ValueError("not a phone number")
    return visible


def format_lines(address: Address) -> list[str]:
    """Return an address in lines, in the order in which its country writes it, without phone number and country."""
    entry = formats().get(address.country, {"lines": "%N|%A|%C|%S|%Z"})
    written = "".join((*address.lines, address.city or "", address.region or ""))
    is_latin = all(ord(char) < 0x250 or not char.isalpha() for char in written)
    layout = entry.get("latin", entry["lines"]) if is_latin else entry["lines"]
    values = {
        "%N": [address.name],
        "%A": list(address.lines),
        "%C": [address.city] if address.city else [],
        "%S": [address.region] if address.region else [],
        "%Z": [address.postal_code] if address.postal_code else [],
    }
    # People also write what their country's format does not have, such as the city of Singapore or Tokyo.
    extra = [field for field in ("%C", "%S", "%Z") if values[field] and field not in layout]
    printed = re.sub("%.", " ", layout).casefold()
    more = [line for field in extra for line in values[field] if line.casefold() not in printed]
    large_first = layout.endswith("%N")
    lines: list[str] = []
    for line in layout.split("|"):
        if "%A" in line and large_first:
            lines += more
        lines += _fill(line, values)
        if "%A" in line and not large_first:
            lines += more
    return lines


def _fill(line: str, values: Mapping[str, list[str]]) -> list[str]:
    """Return the lines of one line of a layout. Text between two fields is written if there is a field on both sides."""
    parts = [part for part in re.split("(%.)", line) if part]
    if not any(part in values for part in parts):
        return parts
    filled: list[str] = []
    between = parts[0] if parts[0] not in values else ""  # a prefix such as AX-, of the first field
    for part in parts:
        if part not in values:
            between = between or (part if filled else "")
            continue
        if not values[part]:
            between = between if filled else ""
            continue
        first, *others = values[part]
        if filled:
            filled[-1] += between + first
        else:
            filled.append(first if first.startswith(between) else between + first)
        filled += others
        between = ""
    return filled
