"""Runs sql/0016_saver_report.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000016"
VERSION = "1.38.0"
DESCRIPTION = "saver_report"


async def forwards() -> MigrationManager:
    return script(ID, "0016_saver_report.sql")
