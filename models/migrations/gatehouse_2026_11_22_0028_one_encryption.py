"""Runs sql/0028_one_encryption.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000028"
VERSION = "1.38.0"
DESCRIPTION = "one_encryption"


async def forwards() -> MigrationManager:
    return script(ID, "0028_one_encryption.sql")
