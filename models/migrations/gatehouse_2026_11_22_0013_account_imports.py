"""Runs sql/0013_account_imports.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000013"
VERSION = "1.38.0"
DESCRIPTION = "account imports"


async def forwards() -> MigrationManager:
    return script(ID, "0013_account_imports.sql")
