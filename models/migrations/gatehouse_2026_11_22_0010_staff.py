"""Runs sql/0010_staff.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000010"
VERSION = "1.38.0"
DESCRIPTION = "staff"


async def forwards() -> MigrationManager:
    return script(ID, "0010_staff.sql")
