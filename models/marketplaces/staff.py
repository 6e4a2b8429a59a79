"""The people of a marketplace."""

from piccolo.columns import UUID, Boolean, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class Staff(Table, db=DB):
    """Somebody who works for the merchant; `removed_at` set: once did. Unique e-mail among those who do."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    email = Text()
    name = Text()
    role = Text()
    created_at = Timestamptz()
    removed_at = Timestamptz(null=True, default=None)
    wants_failed_charge = Boolean(default=False)
    wants_self_cancellation = Boolean(default=False)
    wants_failed_job = Boolean(default=False)
    wants_broken_fact = Boolean(default=False)
    undeliverable = Text(null=True, default=None)
    undeliverable_reason = Text(null=True, default=None)
    undeliverable_since = Timestamptz(null=True, default=None)
    tried_again_at = Timestamptz(null=True, default=None)
