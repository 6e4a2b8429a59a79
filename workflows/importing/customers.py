"""Customers: who bought. An e-mail address belongs to one customer of a marketplace, whatever its case."""

from collections.abc import Sequence

import msgspec

from models.database import Record, execute, fetch
from workflows.importing.fields import Fields
from workflows.importing.kind import Kind
from workflows.importing.known_rows import as_known, column_of, compare_with_known, one
from workflows.importing.shapes import Place, Problem, Verdict

_COLUMNS = ("email", "name", "address", "country", "tax_id", "locale")


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One customer."""

    reference: str
    email: str
    name: str
    address: str
    country: str | None
    tax_id: str | None
    locale: str | None
    gateway_reference: str | None


def read(fields: Fields) -> CustomerRow:
    """Reads a row; notes what is wrong in `fields.problems`."""
    return CustomerRow(
        reference=fields.reference(),
        email=fields.email("email"),
        name=fields.text("name", 200),
        address=fields.text("address", 500, lines=True),
        country=fields.country("country"),
        tax_id=fields.optional("tax_id", 60),
        locale=fields.locale("locale"),
        gateway_reference=fields.optional("gateway_reference", 200),
    )


async def settle(place: Place, rows: Sequence[CustomerRow]) -> list[Verdict]:
    """Stores the customers whose reference and address are new."""
    found = await fetch(_KNOWN, place.id, column_of(rows, "reference"), column_of(rows, "email"))
    verdicts: list[Verdict] = [_judge(row, known) for row, known in zip(rows, found, strict=True)]
    new = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict == "new"]
    if new:
        first = await place.numbers.take("customer", len(new))
        await execute(_INSERT, place.id, first, *(column_of(new, name) for name in CustomerRow.__struct_fields__))
    return verdicts


def _judge(row: CustomerRow, found: Record) -> Verdict:
    if found["known_id"] is not None:
        return compare_with_known(row, found, _COLUMNS)
    if found["owner_number"] is not None:
        if row.gateway_reference is not None and row.gateway_reference == found["owner_gateway_reference"]:
            return "unchanged"  # made here, and known to the gateway through us
        reference = found["owner_reference"]
        whose = f"reference {reference}" if reference else f"number {found['owner_number']}, not imported"
        return Problem("email", f"belongs to another customer already ({whose})")
    return "new"


# The customer of that reference and the customer of that address, whichever are there.
_KNOWN = f"""
SELECT {as_known("known", ("id", *_COLUMNS))}, owner.number AS owner_number, owner.reference AS owner_reference,
       owner.gateway_reference AS owner_gateway_reference
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (reference, email, place)
{one("customer", "known", "known.reference = given.reference")}
{one("customer", "owner", "lower(owner.email) = lower(given.email)")}
ORDER BY given.place
"""

_INSERT = """
INSERT INTO customer (marketplace_id, number, reference, email, name, address, country, tax_id, locale,
                      gateway_reference)
SELECT $1, $2 + place - 1, reference, email, name, address, country, tax_id, locale, gateway_reference
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
     WITH ORDINALITY AS given (reference, email, name, address, country, tax_id, locale, gateway_reference, place)
"""

CUSTOMERS = Kind(
    name="customers",
    required=("reference", "email"),
    optional=("name", "address", "country", "tax_id", "locale", "gateway_reference"),
    read=read,
    keys=lambda row: [("reference", row.reference), ("email", row.email.lower())],
    settle=settle,
)
