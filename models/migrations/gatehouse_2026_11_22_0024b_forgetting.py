"""Runs sql/0024b_forgetting.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000024b"
VERSION = "1.38.0"
DESCRIPTION = "forgetting"


async def forwards() -> MigrationManager:
    return script(ID, "0024b_forgetting.sql")
