"""Who has bought from a marketplace."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class Customer(Table, db=DB):
    """A customer; the e-mail is unique in its marketplace, whatever its case. People see `number`. `undeliverable`:
    mail to that address stopped."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    number = BigInt()
    reference = Text(null=True, default=None)
    email = Text()
    name = Text()
    address = Text()
    country = Text(null=True, default=None)
    tax_id = Text(null=True, default=None)
    locale = Text(null=True, default=None)
    gateway_reference = Text(null=True, default=None)
    created_at = Timestamptz()
    undeliverable = Text(null=True, default=None)
    undeliverable_reason = Text(null=True, default=None)
    undeliverable_since = Timestamptz(null=True, default=None)
    tried_again_at = Timestamptz(null=True, default=None)
    erased_at = Timestamptz(null=True, default=None)
