"""Bounds of prices.

A price of one currency is a typing error in another one, so the bound is set for each currency: about 1,000,000 units of
a currency that is worth roughly one US dollar, and more where a unit is worth less. It is rounded to a power of ten, and
every amount up to it is exact in the numbers of JSON that JavaScript reads (up to 2**53).

The exponents come from the number of minor units of ISO 4217 and the order of magnitude of exchange rates in November
2026. They only have to change if a currency loses a factor of ten.
"""

from collections.abc import Mapping, Sequence

# In minor units: 1,000,000.00 of a currency with two decimals, 100,000,000 of one without.
DEFAULT = 10**8
# The currencies with a higher bound.
BOUNDS: Mapping[int, Sequence[str]] = {
    bound: listed.split()
    for bound, listed in {
        # Three decimals; and no decimals, at about 200 to 3,000 for a dollar.
        10**9: "BHD JOD KWD LYD OMR TND BIF CLP DJF KMF KRW RWF XAF XOF",
        # No decimals, at about 4,000 to 25,000 for a dollar; and two decimals, at about 30 to 300.
        10**10: (
            "GNF PYG UGX VND"
            " AFN ALL BDT BTN CVE DOP DZD EGP ETB GMD GYD HTG INR JMD KES KGS LKR LRD MKD MRU MUR MZN NIO NPR PHP PKR"
            " RSD RUB SRD THB TRY TWD UAH UYU VES YER"
        ),
        # Two decimals, at about 400 to 5,000 for a dollar.
        10**11: "AMD AOA ARS CDF COP CRC HUF KHR KZT MMK MWK NGN SDG SOS SSP SYP TZS",
        # Two or three decimals, at more than that.
        10**12: "IDR IQD IRR LAK LBP MGA MNT UZS",
    }.items()
}
HIGHEST = max(BOUNDS)
_BY_CURRENCY = {currency: bound for bound, listed in BOUNDS.items() for currency in listed}


def max_amount(currency: str) -> int:
    """Return the highest price of a product, and the highest total of an order, in minor units of a currency."""
    return _BY_CURRENCY.get(currency, DEFAULT)
