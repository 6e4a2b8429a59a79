"""Runs sql/0025_retention.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000025"
VERSION = "1.38.0"
DESCRIPTION = "retention"


async def forwards() -> MigrationManager:
    return script(ID, "0025_retention.sql")
