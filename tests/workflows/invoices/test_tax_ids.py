"""VAT ids as buyers type them: by their country's format and check digits, with its letters before them."""

import pytest

from workflows.invoices.tax import EU_COUNTRIES, buyer_owes_tax
from workflows.invoices.tax_ids import TaxIdInvalid, clean_tax_id


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("", "DE", None),
        (" - ", None, None),
        ("136 695 976", "DE", "DE136695976"),
        ("de136.695.976", "DE", "DE136695976"),
        ("094259216", "GR", "EL094259216"),  # Greece's letters are not its country's
        ("EL 094259216", "GR", "EL094259216"),
        ("40 303 265 045", "FR", "FR40303265045"),
        ("U13585627", "AT", "ATU13585627"),
        ("X-1234567-L", "ES", "ESX1234567L"),
        ("IE 6433435F", "IE", "IE6433435F"),
        ("DE136695976", "US", "DE136695976"),  # registered abroad
        ("DE136695976", "FR", "DE136695976"),
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA"),
        ("12-3456789", "US", "123456789"),  # a country without a rule
    ],
)
def test_a_good_one_is_kept_without_separators(typed: str, country: str | None, kept: str | None) -> None:
    assert clean_tax_id(typed, country) == kept


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("DE136695977", "DE"),
        ("136695977", "DE"),
        ("FR40303265046", "FR"),
        ("ATU13585628", "AT"),
        ("GB980780685", "GB"),
        ("DE12345678", "US"),
        ("DE136695976", None),
        ("1" * 41, "US"),
        ("<b>1</b>", "US"),
        ("\u0661\u0662\u0663", "US"),  # digits, but not ours
    ],
)
def test_a_bad_one_is_refused_with_what_to_do(typed: str, country: str | None) -> None:
    with pytest.raises(TaxIdInvalid, match=r"check|Choose|letters and digits"):
        clean_tax_id(typed, country)


def test_the_tax_is_the_buyers_between_two_countries_of_the_eu_alone() -> None:
    assert len(EU_COUNTRIES) == 27
    assert buyer_owes_tax("DE", "FR40303265045")
    assert buyer_owes_tax("DE", "EL094259216")
    assert not buyer_owes_tax("GR", "EL094259216")
    assert not buyer_owes_tax("DE", "DE136695976")
    assert not buyer_owes_tax("DE", "GB980780684")
    assert not buyer_owes_tax("US", "DE136695976")
    assert not buyer_owes_tax("DE", None)
    assert not buyer_owes_tax(None, "DE136695976")
