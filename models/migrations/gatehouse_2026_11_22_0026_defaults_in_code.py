"""Runs sql/0026_defaults_in_code.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000026"
VERSION = "1.38.0"
DESCRIPTION = "defaults in code"


async def forwards() -> MigrationManager:
    return script(ID, "0026_defaults_in_code.sql")
