"""Runs sql/0024_kept_and_forgotten.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000024"
VERSION = "1.38.0"
DESCRIPTION = "kept_and_forgotten"


async def forwards() -> MigrationManager:
    return script(ID, "0024_kept_and_forgotten.sql")
