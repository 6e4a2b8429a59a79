"""Runs sql/0029_gateway_events_by_job.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000029"
VERSION = "1.38.0"
DESCRIPTION = "gateway_events_by_job"


async def forwards() -> MigrationManager:
    return script(ID, "0029_gateway_events_by_job.sql")
