"""Runs sql/0009_saver.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000009"
VERSION = "1.38.0"
DESCRIPTION = "saver"


async def forwards() -> MigrationManager:
    return script(ID, "0009_saver.sql")
