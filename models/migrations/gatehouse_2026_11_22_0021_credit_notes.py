"""Runs sql/0021_credit_notes.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000021"
VERSION = "1.38.0"
DESCRIPTION = "credit_notes"


async def forwards() -> MigrationManager:
    return script(ID, "0021_credit_notes.sql")
