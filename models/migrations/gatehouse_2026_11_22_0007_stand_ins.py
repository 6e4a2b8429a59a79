"""Runs sql/0007_stand_ins.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000007"
VERSION = "1.38.0"
DESCRIPTION = "stand ins"


async def forwards() -> MigrationManager:
    return script(ID, "0007_stand_ins.sql")
