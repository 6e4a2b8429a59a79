"""A merchant's account at a gateway, as a source of the same rows that files have. integrations/ reads it.

Whatever the gateway calls its things, they come as text under the columns of docs/import.md. "invoices" are no rows of
their own: they say what a payment was for, and come before the charges that they explain.
"""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from workflows.importing.shapes import Problem

# What is read, in this order: rows name only those of lists before them, or of their own page.
LISTS = ("products", "customers", "invoices", "subscriptions", "charges")


class AccountObjects(msgspec.Struct, frozen=True, kw_only=True):
    """One row, or why there is none (`problem`). `reference` is the gateway's id of it.

    A charge has, besides its own columns, `payment` (what invoices know it by) and `customer`; an invoice has
    `subscription`, `invoice_number` and, where it is a regular one, `period_start`, an instant. `led_by` says of a
    subscription who charges it: "there", the gateway by itself; "here", Gatehouse, which took it over; None, nobody.
    """

    kind: Literal["products", "customers", "orders", "invoices", "subscriptions", "charges"]
    reference: str
    columns: dict[str, str] = {}
    problem: Problem | None = None
    led_by: Literal["here", "there"] | None = None


class Cursor(msgspec.Struct, frozen=True):
    """How far a list was read: the last object's id, and when it was made (seconds since 1970)."""

    after: str
    created: int


class Page(msgspec.Struct, frozen=True):
    """Some rows, and where the list goes on; `next` None: it ends here."""

    rows: list[AccountObjects]
    next: Cursor | None


class Account(Protocol):
    """An account. Every method may raise InDoubt, and GatewayBusy with the seconds to wait."""

    async def page(self, which: str, cursor: Cursor | None, until: datetime) -> Page:
        """The next page of one of LISTS, of things made at or before `until`, newest first."""
        ...

    async def take_over(self, reference: str) -> AccountObjects:
        """Makes the gateway stop charging a subscription, for good, and answers with its row as it is after that.

        Harmless when repeated. Where it cannot be taken over now the answer has a problem, and mostly nothing was done.
        """
        ...
