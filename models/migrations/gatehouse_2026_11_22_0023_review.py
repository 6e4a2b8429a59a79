"""Runs sql/0023_review.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000023"
VERSION = "1.38.0"
DESCRIPTION = "review"


async def forwards() -> MigrationManager:
    return script(ID, "0023_review.sql")
