"""Runs sql/0006_work.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000006"
VERSION = "1.38.0"
DESCRIPTION = "work"


async def forwards() -> MigrationManager:
    return script(ID, "0006_work.sql")
