"""Runs sql/0002_transition_log.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "transition log"


async def forwards() -> MigrationManager:
    return script(ID, "0002_transition_log.sql")
