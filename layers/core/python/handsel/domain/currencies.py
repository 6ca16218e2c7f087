"""Currencies: the number of decimals that separates an amount in minor units from the amount that people read.

From ISO 4217 list one, as published by its maintenance agency SIX on 2026-01-01
(https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml).
Codes without minor units are left out: metals, units of account, XTS and XXX. Nothing can be sold in them. The digits that
browsers display come from CLDR, which differs: it has none for HUF, for example. `make generate` writes the table of the
pages (`functions/web/assets/currencies.js`) from this one.
"""

from collections.abc import Mapping

from handsel.domain.models import Money

_CODES_BY_DECIMALS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY "
        "COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
        "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR "
        "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
        "STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# The decimals of each currency, by code.
DECIMALS: Mapping[str, int] = {
    code: decimals for decimals, codes in _CODES_BY_DECIMALS.items() for code in codes.split()
}


def format_money(money: Money) -> str:
    """Return an amount of money as text: the amount with the decimals of its currency, and the code."""
    decimals = DECIMALS[money.currency]
    whole, minor = divmod(money.amount, 10**decimals)
    fraction = f".{minor:0{decimals}}" if decimals else ""
    return f"{whole:,}{fraction} {money.currency}"
