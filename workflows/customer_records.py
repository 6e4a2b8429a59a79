"""A marketplace's customers as its merchant keeps them: made by its checkout, found by number or id."""

from uuid import UUID

import asyncpg
import msgspec

from models.database import fetch_one, fetch_row, transaction
from workflows.customers import clean_email
from workflows.errors import InvalidInput, NotFound, WorkflowError
from workflows.numbering import next_number
from workflows.typed_text import one_line


class CustomerExists(WorkflowError):
    """Raised when the marketplace has a customer of that e-mail already, whatever its case."""

    code = "customer_exists"

    def __init__(self, number: int) -> None:
        super().__init__(f"customer {number} has this e-mail")
        self.number = number


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to be made."""

    email: str
    name: str = ""


class CustomerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, as it is."""

    id: UUID
    number: int
    email: str
    name: str


_FOUND = "SELECT id, number, email, name FROM customer WHERE marketplace_id = $1 AND "


async def create_customer(marketplace_id: UUID, new: NewCustomer) -> CustomerRecord:
    """Makes a customer. Raises InvalidInput, and CustomerExists for an e-mail that the marketplace knows."""
    email, name = clean_email(new.email), one_line(new.name)
    if len(name) > 200:
        raise InvalidInput({"name": "must have at most 200 characters."})
    try:
        async with transaction():
            row = await fetch_row(
                "INSERT INTO customer (marketplace_id, number, email, name) VALUES ($1, $2, $3, $4)"
                " RETURNING id, number, email, name",
                marketplace_id,
                await next_number(marketplace_id, "customer"),
                email,
                name,
            )
    except asyncpg.UniqueViolationError:
        known = await fetch_one(CustomerRecord, _FOUND + "lower(email) = lower($2)", marketplace_id, email)
        raise CustomerExists(known.number if known else 0) from None
    assert row is not None, "an INSERT answers with its row"
    return CustomerRecord(**row)


async def find_customer(marketplace_id: UUID, customer: str) -> CustomerRecord:
    """The customer of that number, id, or merchant's own reference. Raises NotFound."""
    found = await fetch_one(
        CustomerRecord,
        _FOUND
        + "(number::text = $2 OR id::text = lower($2) OR reference = $2) ORDER BY number::text = $2 DESC LIMIT 1",
        marketplace_id,
        customer,
    )
    if found is None:
        raise NotFound(f"no customer {customer}")
    return found
