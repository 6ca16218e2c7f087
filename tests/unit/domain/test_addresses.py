"""Addresses: what each country requires, how its postal codes are written, and the order of the lines."""

from dataclasses import replace

import pytest

from handsel.domain import addresses
from handsel.domain.models import Address

# Public reports and the postal services' own examples.
POSTAL_CODES = [
    ("US", "94043", "94043"),
    ("US", "94043-1351", "94043-1351"),
    ("US", "94043 1351", "94043 1351"),
    ("US", "940431351", "940431351"),
    ("CA", "K1A 0B1", "K1A 0B1"),
    ("CA", "k1a0b1", "K1A0B1"),
    ("CA", "K1A-0B1", "K1A-0B1"),
    ("GB", "sw1a 1aa", "SW1A 1AA"),
    ("GB", "SW1A1AA", "SW1A1AA"),
    ("GB", "GIR 0AA", "GIR 0AA"),
    ("JP", "150-0001", "150-0001"),
    ("JP", "1500001", "1500001"),
    ("JP", "〒１５０－０００１", "150-0001"),
    ("JP", "１５０ー０００１", "150-0001"),  # the long vowel mark, as a Japanese keyboard writes it
    ("NL", "1234AB", "1234AB"),
    ("NL", "1234 ab", "1234 AB"),
    ("BR", "40301-110", "40301-110"),
    ("BR", "40301110", "40301110"),
    ("PT", "1250 096", "1250 096"),
    ("PT", "1250096", "1250096"),
    ("PL", "00–950", "00-950"),
    ("IE", "D02 AF30", "D02 AF30"),
    ("IE", "d02af30", "D02AF30"),
    ("IE", None, None),
    ("SE", "SE-114 55", "SE-114 55"),
    ("AT", "A-6020", "6020"),  # woocommerce/woocommerce#29212
    ("DE", "d-10115", "10115"),
    ("DE", "DE-10115", "DE-10115"),
    ("LU", "L-1009", "1009"),
    ("SA", "11564-1234", "11564-1234"),  # melwynfurtado/postcode-validator#76
    ("SA", "11564", "11564"),
    ("KZ", "R00H5A9", "R00H5A9"),  # Postal Bulletin 22626 of the United States Postal Service
    ("KZ", "040900", "040900"),
    ("EG", "1151101", "1151101"),  # brick/postcode#14
    ("HN", "CM1102", "CM1102"),  # dgilperez/validates_zipcode#61
    ("SV", "CP 1101", "CP 1101"),
    ("SV", "1101", "1101"),
    ("LV", "1010", "1010"),
    ("LV", "LV-1010", "LV-1010"),
    ("CZ", "11000", "11000"),
    ("KR", "03051", "03051"),
    ("CN", "310000", "310000"),
    ("IN", "110 001", "110 001"),
    ("TW", "106", "106"),
    ("EG", "١٢٤١١", "١٢٤١١"),
    ("XK", "10000", "10000"),
    ("AE", None, None),
    ("AE", "00000", "00000"),  # shops that require a code made people write this
    ("HK", None, None),
    ("HK", "999077", "999077"),
    ("QA", None, None),
    ("JM", None, None),
]


@pytest.mark.parametrize(("country", "given", "stored"), POSTAL_CODES)
def test_a_postal_code_is_accepted_as_people_write_it(country: str, given: str | None, stored: str | None) -> None:
    assert addresses.normalize_postal_code(given, country) == stored


@pytest.mark.parametrize(
    ("country", "given"),
    [
        ("US", "!!!"), ("US", None), ("US", "1234"), ("US", "94043-13"), ("US", "SW1A 1AA"), ("GB", "94043"), ("GB", None),
        ("CA", "D1A 0B1"), ("CN", "3100000"), ("CN", None), ("JP", "150-001"), ("DE", "1234"), ("NL", "0234 AB"),
        ("PT", "1250-09"), ("DE", "A-10115"), ("DE", "D10115"), ("SA", "11564-12"), ("XK", "80000"), ("AE", "!!!"), ("HK", "---"),
    ],
)  # fmt: skip
def test_a_wrong_postal_code_is_rejected(country: str, given: str | None) -> None:
    with pytest.raises(ValueError, match=r"postal code|required"):
        addresses.normalize_postal_code(given, country)


def test_all_countries_have_a_format() -> None:
    assert len(addresses.formats()) == 250
    assert {"XK", "US", "TW", "GG", "AQ", "SS", "CW"} <= addresses.formats().keys()
    assert not {"ZZ", "EU", "AN"} & addresses.formats().keys()
    for country, entry in addresses.formats().items():
        assert {"%N", "%A"} <= set(entry["lines"].replace("|", " ").replace("%", " %").split()) or "%A" in entry[
            "lines"
        ]
        if "example" in entry:
            assert addresses.normalize_postal_code(entry["example"].lower(), country)


@pytest.mark.parametrize("code", ["", "U", "USA", "ZZ", "EU", "中国", "ß"])
def test_what_is_not_a_country_is_rejected(code: str) -> None:
    with pytest.raises(ValueError, match="country code"):
        addresses.normalize_country(code)


def test_only_three_countries_require_a_region() -> None:
    required = {code for code, entry in addresses.formats().items() if "S" in entry["required"]}
    assert required == {"US", "CA", "AU"}
    assert addresses.require_field("California", "S", "US") == "California"
    assert addresses.require_field(None, "S", "AE") is None
    assert addresses.require_field(None, "C", "SG") is None
    with pytest.raises(ValueError, match="required in this country"):
        addresses.require_field(None, "C", "FR")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("+86 138 0000 0000", None),
        ("13800000000", None),
        ("(212) 555-0123", None),
        ("212.555.0123", None),
        ("+49 (0)711/123456", None),
        ("+1 212 555 0123 ext. 5", None),
        ("212-555-0123 x5", None),
        ("212-555-0123 Extension 12", None),
        ("+1-212-555-0123;ext=12", None),
        ("8 (423) 202-25-11, доб. 100", None),  # google/libphonenumber#2223
        ("+86 10 5550 0100转123", None),
        ("021-5550100 分機 5", None),
        ("02-555-0100 내선 12", None),
        ("+49 711 123456 Durchwahl 78", None),
        ("tel:+1-212-555-0123", "+1-212-555-0123"),  # openstreetmap/iD#9559
        ("٠٥٠١٢٣٤٥٦٧", None),
        ("０９０－１２３４－５６７８", None),
        ("\u202a+1\u00a0212\u2011555\u20110123\u202c", "+1\u00a0212\u2011555\u20110123"),  # copied from an address book
        ("12345", None),
    ],
)
def test_a_phone_number_is_kept_as_it_was_written(given: str, stored: str | None) -> None:
    assert addresses.normalize_phone(given) == (stored or given)


@pytest.mark.parametrize(
    "given",
    ["abc", "", "1234", "1" * 16, "1-800-FLOWERS", "call me at 12345", "+", "()", "x12345", "转12345", "5550100 int"],
)
def test_what_does_not_look_like_a_phone_number_is_rejected(given: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        addresses.normalize_phone(given)


ANN = Address("Ann Lee", "+1 212 555 0123", ["1 Main St", "Apt 2"], "Springfield", "62701", "US", "IL")


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (ANN, ["Ann Lee", "1 Main St", "Apt 2", "Springfield, IL 62701"]),
        (replace(ANN, region=None), ["Ann Lee", "1 Main St", "Apt 2", "Springfield, 62701"]),
        (
            Address("李雷", "1", ["西湖区 1 号"], "杭州市", "310000", "CN", "浙江省"),
            ["310000", "浙江省杭州市", "西湖区 1 号", "李雷"],
        ),
        (
            Address("Li Lei", "1", ["1 Lake Road"], "Hangzhou", "310000", "CN"),
            ["Li Lei", "1 Lake Road", "Hangzhou", "310000"],
        ),
        (
            Address("山田花子", "1", ["神宮前1-2-3"], "渋谷区", "150-0001", "JP", "東京都"),
            ["〒150-0001", "東京都", "渋谷区", "神宮前1-2-3", "山田花子"],
        ),
        (
            Address("Hanako", "1", ["1-2-3 Jingumae"], "Shibuya", "150-0001", "JP", "Tokyo"),
            ["Hanako", "1-2-3 Jingumae, Tokyo", "Shibuya", "150-0001"],
        ),
        (Address("Eva", "1", ["Hauptstr. 1"], "Berlin", "10115", "DE"), ["Eva", "Hauptstr. 1", "10115 Berlin"]),
        (
            Address("Tan", "1", ["1 Orchard Rd"], "Singapore", "238823", "SG"),
            ["Tan", "1 Orchard Rd", "SINGAPORE 238823"],
        ),
        (Address("Ali", "1", ["Villa 1"], None, None, "AE", "Dubai"), ["Ali", "Villa 1", "Dubai"]),
        (Address("Ali", "1", ["Villa 1"], "Al Barsha", None, "AE", "Dubai"), ["Ali", "Villa 1", "Al Barsha", "Dubai"]),
        (Address("Eero", "1", ["Katu 1"], "Helsinki", "FI-00100", "FI"), ["Eero", "Katu 1", "FI-00100 Helsinki"]),
        (Address("Eero", "1", ["Katu 1"], "Helsinki", "00100", "FI"), ["Eero", "Katu 1", "FI-00100 Helsinki"]),
        (Address("Ana", "1", ["Rua 1"], "Rio", "40301-110", "BR"), ["Ana", "Rua 1", "Rio", "40301-110"]),
        (Address("Bob", "1", ["Street 1"], "City", "1", "Utopia"), ["Bob", "Street 1", "City", "1"]),
    ],
)
def test_an_address_is_written_as_in_its_country(address: Address, lines: list[str]) -> None:
    assert addresses.format_lines(address) == lines


@pytest.mark.parametrize(
    ("country", "code", "line"),
    [
        ("LU", "1009", "L-1009 Town"), ("LU", "L-1009", "L-1009 Town"), ("LU", "LU-1009", "LU-1009 Town"),
        ("SE", "SE 114 55", "SE 114 55 Town"), ("FI", "FI00100", "FI00100 Town"), ("AZ", "AZ1000", "AZ1000 Town"),
        ("AX", "22100", "AX-22100 Town"), ("AX", "AX 22100", "AX 22100 Town"), ("SG", "018956", "SINGAPORE 018956"),
    ],
)  # fmt: skip
def test_a_postal_code_is_written_with_one_prefix(country: str, code: str, line: str) -> None:
    stored = addresses.normalize_postal_code(code, country)
    assert line in addresses.format_lines(Address("Bob", "1", ["Street 7"], "Town", stored, country, None))


def test_no_country_loses_a_field() -> None:
    for country in addresses.formats():
        for name, street, city in (("Bob", "Street 7", "Town"), ("鲍勃", "街七号", "镇")):
            address = Address(name, "1", [street], city, "4321", country, "Shire")
            written = "|".join(addresses.format_lines(address))
            assert all(part in written for part in (name, street, city, "4321", "Shire")), (country, written)
