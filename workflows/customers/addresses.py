"""Customers and their addresses: how one is read, compared and shown without giving it away."""

from uuid import UUID

import asyncpg
from email_validator import EmailNotValidError, validate_email

from models.database import Record, fetch_row
from workflows.languages.sentences import sentence
from workflows.runtime.errors import InvalidInput, NotFound, WorkflowError


class CustomerErased(WorkflowError):
    """Raised when somebody wants something for a customer who was forgotten."""

    code = "customer_erased"


def is_erased_error(error: asyncpg.CheckViolationError) -> bool:
    """Whether it is the database's own word for the same (migration 0024b): the customer was erased meanwhile."""
    return error.constraint_name == "customer_erased"


def clean_email(text: str, field: str = "email") -> str:
    """The address as typed, without the spaces around it. Raises InvalidInput naming `field` for anything else."""
    if len(text) > 320:
        raise InvalidInput({field: sentence("This e-mail address is too long.")})
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise InvalidInput({field: sentence("Enter an e-mail address, like name@example.com.")}) from None


def mask_email(email: str) -> str:
    """`j•••@example.com`: enough for its owner to know it, not enough for anybody else."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


async def find_subscriber(marketplace_id: UUID, email: str) -> Record | None:
    """The customer of that address, whatever its case, if they have or ever had a subscription; locked, so that two
    requests for one customer are counted one after the other."""
    return await fetch_row(
        "SELECT * FROM customer WHERE marketplace_id = $1 AND lower(email) = lower($2) AND EXISTS (SELECT FROM"
        " subscription WHERE subscription.marketplace_id = customer.marketplace_id"
        " AND subscription.customer_id = customer.id) FOR NO KEY UPDATE",
        marketplace_id,
        email,
    )


async def lock_customer(marketplace_id: UUID, customer_id: UUID) -> Record | None:
    """The customer's row, locked like `find_subscriber`'s; None for one who was erased."""
    return await fetch_row(
        "SELECT * FROM customer WHERE marketplace_id = $1 AND id = $2 AND erased_at IS NULL FOR NO KEY UPDATE",
        marketplace_id,
        customer_id,
    )


async def addressee(marketplace_id: UUID, subscription_id: UUID) -> Record:
    """Whom to write to about a subscription, and what it is called: email, customer_id, product, subscription_number.

    Raises NotFound.
    """
    row = await fetch_row(
        "SELECT customer.email, customer.id AS customer_id, product.name AS product,"
        " subscription.number AS subscription_number FROM subscription"
        " JOIN customer ON customer.marketplace_id = subscription.marketplace_id"
        " AND customer.id = subscription.customer_id"
        " JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.id = $2",
        marketplace_id,
        subscription_id,
    )
    if row is None:
        raise NotFound(f"no subscription {subscription_id}")
    return row
