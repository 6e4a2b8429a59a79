"""Tax that a price includes: how much of it there is, and when the buyer owes it instead of the seller.

Rates are basis points: 1900 is 19 %. Why so, and what is left to the merchant: docs/decisions/0028.

>>> included_tax(11900, 1900)
1900
"""

from stdnum.eu.vat import MEMBER_STATES

EU_COUNTRIES = frozenset(code.upper() for code in MEMBER_STATES if code != "xi")  # no country: Northern Ireland
_GREECE = "EL"  # as its VAT ids begin; everybody else's begin with the country's ISO 3166-1 code


def included_tax(gross_minor: int, basis_points: int) -> int:
    """The tax in an amount that includes it, in minor units, halves rounded up. `gross_minor` is not negative.

    The same rule in SQL is `included_tax_sql`.
    """
    whole = 10_000 + basis_points
    return (2 * gross_minor * basis_points + whole) // (2 * whole)


def included_tax_sql(gross_minor: str, basis_points: str) -> str:
    """The same as an SQL expression of two others."""
    return f"round({gross_minor}::numeric * {basis_points} / (10000 + {basis_points}))::bigint"


def vat_prefix(country: str) -> str:
    """The two letters that a country's VAT ids begin with."""
    return _GREECE if country == "GR" else country


def buyer_owes_tax(seller_country: str | None, buyer_tax_id: str | None) -> bool:
    """Whether the reverse charge applies: a seller in the EU, a buyer registered in another of its countries."""
    buyer = (buyer_tax_id or "").strip().upper()[:2]
    known = {vat_prefix(country) for country in EU_COUNTRIES}
    return seller_country in EU_COUNTRIES and buyer in known and buyer != vat_prefix(seller_country)
