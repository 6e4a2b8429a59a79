"""A marketplace's customers as its merchant keeps them: made by its checkout, found by number or id, corrected.

What customers change themselves is in language.py and workflows/invoices/billing_details.py; lists and search are in
workflows/billing/subscriptions/staff_lists.py.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from models.database import fetch_one, fetch_row, fetch_value, retrying, transaction
from workflows.customers.addresses import CustomerErased, clean_email
from workflows.engine.actor import Actor
from workflows.engine.emit_event import emit_event
from workflows.engine.fire import Move, fire_where
from workflows.languages.locales import LANGUAGES, supported_locale
from workflows.languages.typed_text import one_line
from workflows.machines import ACCESS_TOKEN, PORTAL_SESSION
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.short_numbers import id_in, next_number, number_in
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput, NotFound, WorkflowError


class CustomerAmbiguous(WorkflowError):
    """Raised when a text may name either of two customers, and the act is one that must not meet the wrong one."""

    code = "customer_ambiguous"


class CustomerExists(WorkflowError):
    """Raised when the marketplace has a customer of that e-mail already, whatever its case."""

    code = "customer_exists"

    def __init__(self, number: int) -> None:
        super().__init__(f"customer {number} has this e-mail")
        self.number = number


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to be made. `locale`: whom to speak to how, like "de" or "pt-BR"; null: as the browser asks."""

    email: str
    name: str = ""
    locale: str | None = None


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to correct; a field left out stays as it is. Another e-mail ends the customer's links and sessions."""

    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    locale: str | UnsetType | None = UNSET


class CustomerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, as it is. `locale`: the language that they chose, or was chosen for them, in e-mails, on pages and
    invoices; None: as the browser asks, else as the marketplace speaks. `reference` is the merchant's own id, of
    imported ones. `undeliverable`: mail to the address stopped, because it came back for good or its owner complained.
    `erased_at`: since when nothing of the person is here any more; None: they were not erased."""

    id: UUID
    number: int
    email: str
    name: str
    locale: str | None
    reference: str | None
    created_at: datetime
    undeliverable: Literal["hard_bounce", "complaint"] | None
    erased_at: datetime | None


CUSTOMER_COLUMNS = ", ".join(CustomerRecord.__struct_fields__)
_FOUND = f"SELECT {CUSTOMER_COLUMNS} FROM customer WHERE marketplace_id = $1 AND "


async def create_customer(marketplace_id: UUID, new: NewCustomer, new_id: UUID | None = None) -> CustomerRecord:
    """Makes a customer; with `new_id` once under that id.

    Raises InvalidInput, and CustomerExists for an e-mail that the marketplace knows.
    """
    email, name, locale = clean_email(new.email), _clean_name(new.name), _clean_locale(new.locale)
    try:
        async with transaction():
            row = await fetch_row(
                "INSERT INTO customer (marketplace_id, number, email, name, locale, id)"
                f" VALUES ($1, $2, $3, $4, $5, coalesce($6, uuidv7())) RETURNING {CUSTOMER_COLUMNS}",
                marketplace_id,
                await next_number(marketplace_id, "customer"),
                email,
                name,
                locale,
                new_id,
            )
            assert row is not None, "an INSERT answers with its row"
            await emit_event("customer.created", marketplace_id, "customer", row["id"])
    except asyncpg.UniqueViolationError:
        if made := await fetch_one(CustomerRecord, _FOUND + "id = $2", marketplace_id, new_id):
            return made
        raise await _exists(marketplace_id, email) from None
    return CustomerRecord(**row)


async def find_customer(marketplace_id: UUID, customer: str) -> CustomerRecord:
    """The customer of that number, id, or merchant's own reference. Raises NotFound."""
    found = None
    if "\0" not in customer:  # PostgreSQL's text cannot hold it
        found = await fetch_one(
            CustomerRecord,
            _FOUND + "(number = $2 OR id = $3 OR reference = $4) ORDER BY number = $2 DESC NULLS LAST LIMIT 1",
            marketplace_id,
            number_in(customer),
            id_in(customer),
            customer,
        )
    if found is None:
        raise NotFound(f"no customer {customer}")
    return found


async def find_customer_for_sure(marketplace_id: UUID, customer: str) -> CustomerRecord:
    """The same, for what cannot be taken back. Raises NotFound, and CustomerAmbiguous where the text is one customer's
    number and another's reference."""
    found = await find_customer(marketplace_id, customer)
    by_reference = await fetch_value(
        "SELECT id FROM customer WHERE marketplace_id = $1 AND reference = $2", marketplace_id, customer
    )
    if by_reference not in (None, found.id):
        raise CustomerAmbiguous(f"{customer} is one customer's number and another's reference")
    return found


async def find_customer_by_email(marketplace_id: UUID, email: str) -> CustomerRecord:
    """The customer of that address, whatever its case. Raises NotFound."""
    found = await fetch_one(CustomerRecord, _FOUND + "lower(email) = lower($2)", marketplace_id, email)
    if found is None:
        raise NotFound("no customer of that e-mail")
    return found


@retrying
async def change_customer(
    marketplace_id: UUID, customer: str, change: CustomerChange, by: Actor, expected: frozenset[str] | None = None
) -> CustomerRecord:
    """Corrects what was given. Another e-mail ends every link and session of the customer: they went to the wrong one.

    Raises NotFound, InvalidInput, CustomerExists, CustomerErased, and ChangedMeanwhile when the record is none of
    `expected` versions.
    """
    found = await find_customer(marketplace_id, customer)
    given = _cleaned(change)
    try:
        async with transaction():
            return await _change(marketplace_id, found.id, given, by, expected)
    except asyncpg.UniqueViolationError:
        raise await _exists(marketplace_id, given["email"] or "") from None


async def _change(
    marketplace_id: UUID, customer_id: UUID, given: dict[str, str | None], by: Actor, expected: frozenset[str] | None
) -> CustomerRecord:
    before = await fetch_one(CustomerRecord, _FOUND + "id = $2 FOR NO KEY UPDATE", marketplace_id, customer_id)
    assert before is not None, "it was found, and customers are never deleted"
    if before.erased_at is not None:
        raise CustomerErased(f"customer {before.number} was erased")
    check_version(before, expected)
    row: Any = await fetch_row(
        "UPDATE customer SET email = coalesce($3, email), name = coalesce($4, name),"
        " locale = CASE WHEN $5 THEN $6 ELSE locale END"
        f" WHERE marketplace_id = $1 AND id = $2 RETURNING {CUSTOMER_COLUMNS}",
        marketplace_id,
        customer_id,
        given.get("email"),
        given.get("name"),
        "locale" in given,
        given.get("locale"),
    )
    after = CustomerRecord(**row)
    if after.email.lower() != before.email.lower():
        await _end_access(marketplace_id, customer_id, by)
    await _log(marketplace_id, before, after, by)
    return after


async def _end_access(marketplace_id: UUID, customer_id: UUID, by: Actor) -> None:
    for machine in (ACCESS_TOKEN, PORTAL_SESSION):  # in this order: a link redeemed meanwhile has its session ended
        where = "marketplace_id = $1 AND customer_id = $2"
        await fire_where(machine, "revoke", where, (marketplace_id, customer_id), Move(by, "email_corrected"))


def _cleaned(change: CustomerChange) -> dict[str, str | None]:
    given: dict[str, str | None] = {}
    if change.email is not UNSET:
        given["email"] = clean_email(change.email)
    if change.name is not UNSET:
        given["name"] = _clean_name(change.name)
    if change.locale is not UNSET:
        given["locale"] = _clean_locale(change.locale)
    return given


def _clean_locale(text: str | None) -> str | None:
    if text is not None and supported_locale(text) is None:
        raise InvalidInput({"locale": "must be in a language listed, like de or pt-BR: " + ", ".join(LANGUAGES)})
    return text


def _clean_name(text: str) -> str:
    name = one_line(text)
    if len(name) > 200:
        raise InvalidInput({"name": "must have at most 200 characters."})
    return name


async def _log(marketplace_id: UUID, before: CustomerRecord, after: CustomerRecord, by: Actor) -> None:
    """Which fields changed, and nothing of what stood in them: this log is for ever, and that is its person's own.

    The merchant's own systems are told that something did.
    """
    fields = [name for name in CustomerChange.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    if fields:
        await record_change(marketplace_id, by, f"customer:{before.id}", "changed", {}, {"fields": fields})
        await emit_event("customer.updated", marketplace_id, "customer", before.id)


async def _exists(marketplace_id: UUID, email: str) -> CustomerExists:
    known = await fetch_one(CustomerRecord, _FOUND + "lower(email) = lower($2)", marketplace_id, email)
    return CustomerExists(known.number if known else 0)
