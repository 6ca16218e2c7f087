"""Money: decimals by ISO 4217, and amounts as text."""

from pathlib import Path

import pytest

from handsel.domain.currencies import DECIMALS, format_money
from handsel.domain.models import Money

LIST_ONE = Path(__file__).with_name("iso4217_list_one.txt")
STANDARD = dict(line.split() for line in LIST_ONE.read_text().splitlines() if not line.startswith("#"))


def test_every_currency_with_minor_units_has_the_decimals_of_the_standard() -> None:
    assert {code: int(units) for code, units in STANDARD.items() if units != "N.A."} == DECIMALS
    assert {code for code, units in STANDARD.items() if units == "N.A."} == {
        *("XAG", "XAU", "XPD", "XPT"),  # metals
        *("XBA", "XBB", "XBC", "XBD", "XDR", "XSU", "XUA"),  # units of account
        *("XTS", "XXX"),  # for tests, and no currency
    }


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1_000_000, "CNY", "10,000.00 CNY"),
        (5, "CNY", "0.05 CNY"),
        # CLDR displays no decimals (unicode-org/cldr#4936, Shopify/money#188).
        (12_900, "HUF", "129.00 HUF"),
        (12_900, "JPY", "12,900 JPY"),
        (12_900, "BHD", "12.900 BHD"),
        (12_900, "CLF", "1.2900 CLF"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert format_money(Money(amount, currency)) == text
