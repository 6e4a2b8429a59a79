"""Runs sql/0015_calendars_that_move.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000015"
VERSION = "1.38.0"
DESCRIPTION = "calendars that move"


async def forwards() -> MigrationManager:
    return script(ID, "0015_calendars_that_move.sql")
