"""Imports from a merchant's account at a gateway, and the rows that they have read."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class ImportRun(Table, db=DB):
    """One import: `step` and `cursor` are where it goes on. `ended_at` None: under way, or broken off."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    source = Text()
    dry_run = Boolean()
    take_over = Boolean()
    started_by = Text()
    created_until = Timestamptz()
    step = Text()
    cursor = JSONB(null=True, default=None)
    progress = JSONB(default=dict)
    started_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None)


class ImportRow(Table, db=DB):
    """A row as it was read, until it is stored; a refused one stays, emptied, as a line of the report."""

    marketplace_id = UUID()
    run_id = UUID()
    kind = Text()
    place = BigInt(primary_key=True)
    reference = Text()
    columns = JSONB(default=dict)
    led_by = Text(null=True, default=None)
    refused_column = Text(null=True, default=None)
    refused_reason = Text(null=True, default=None)
