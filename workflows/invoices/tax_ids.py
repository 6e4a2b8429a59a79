"""Tax ids that buyers type: checked by the format and the check digits of their country, by python-stdnum.

Whether a well-formed one was ever given to that business only the countries' own registers know; none is asked here.
"""

import re
from typing import Any

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from workflows.invoices.tax import EU_COUNTRIES, vat_prefix
from workflows.languages.sentences import sentence

_LONGEST = 40  # characters: the longest that a country gives has twenty
_SEPARATORS = re.compile(r"[\s.\-/]+")
_ANY = re.compile(r"[A-Z0-9]{2,40}")
_OF_EU = frozenset(vat_prefix(country) for country in EU_COUNTRIES) | {"XI"}  # Northern Ireland


class TaxIdInvalid(ValueError):
    """Raised for a text that is no tax id of the country; `str` is a sentence that can be said in any language."""


def clean_tax_id(text: str, country: str | None) -> str | None:
    """The tax id as documents show it, one of the EU with its country's letters before it; None for an empty text.

    `country` is that of the billing address. An id of an EU country is taken in any country: businesses register
    abroad. Raises TaxIdInvalid.

    >>> clean_tax_id("136 695 976", "DE")
    'DE136695976'
    """
    number = _SEPARATORS.sub("", text).upper()
    if not number:
        return None
    if country is None:
        raise TaxIdInvalid(sentence("Choose the country as well: a VAT ID is checked by its rules."))
    if len(number) > _LONGEST or not _ANY.fullmatch(number):
        raise TaxIdInvalid(sentence("A VAT ID has letters and digits only, 40 at most."))
    if number[:2] in _OF_EU or country in EU_COUNTRIES:
        return _of_eu(number, country)
    module: Any = get_cc_module(country, "vat")
    if module is not None and not module.is_valid(number):
        raise TaxIdInvalid(sentence("This is no VAT ID of that country: check its letters and digits."))
    return number


def _of_eu(number: str, country: str) -> str:
    for candidate in (number, vat_prefix(country) + number):
        try:
            return eu_vat.validate(candidate)
        except ValidationError:
            continue
    raise TaxIdInvalid(sentence("This is no VAT ID of that country: check its letters and digits, like DE136695976."))
