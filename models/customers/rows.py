"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from models.row import Row


class CustomerRow(Row, frozen=True):
    """A row of customer."""

    TABLE: ClassVar = "customer"

    id: UUID
    marketplace_id: UUID
    number: int
    reference: str | None
    email: str
    name: str
    address: str
    country: str | None
    tax_id: str | None
    locale: str | None
    gateway_reference: str | None
    created_at: datetime
    undeliverable: str | None
    undeliverable_reason: str | None
    undeliverable_since: datetime | None
    tried_again_at: datetime | None
    erased_at: datetime | None
