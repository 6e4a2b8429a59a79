"""Customers, as Stripe has them. Pure: asks nobody."""

import re

from integrations.accounts.stripe_text import columns
from integrations.stripe_objects.customers import Address, Customer
from workflows.importing.account.source import AccountObjects
from workflows.importing.shapes import Problem

_COUNTRY = re.compile("[A-Z]{2}", re.ASCII)


def customer_of(customer: Customer) -> AccountObjects:
    """The row of a customer; one without an e-mail address could never let themselves in."""
    if customer.deleted:
        return _refused(customer, "", "was deleted at Stripe")
    if not customer.email:
        return _refused(customer, "email", "is empty: give the customer one at Stripe, and import again")
    address, tax_ids = customer.address or Address(), customer.tax_ids.data if customer.tax_ids else []
    country = address.country or ""
    row = columns(
        email=customer.email,
        name=customer.name,
        address=_lines(address),
        country=country if _COUNTRY.fullmatch(country) else None,
        tax_id=tax_ids[0].value if tax_ids else None,
        locale=customer.preferred_locales[0] if customer.preferred_locales else None,
        gateway_reference=customer.id,
    )
    return AccountObjects(kind="customers", reference=customer.id, columns=row)


def _refused(customer: Customer, column: str, reason: str) -> AccountObjects:
    return AccountObjects(kind="customers", reference=customer.id, problem=Problem(column, reason))


def _lines(address: Address) -> str:
    place = " ".join(part for part in (address.postal_code, address.city) if part)
    return "\n".join(part for part in (address.line1, address.line2, place, address.state) if part)
