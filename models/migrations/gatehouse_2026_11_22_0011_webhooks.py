"""Runs sql/0011_webhooks.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000011"
VERSION = "1.38.0"
DESCRIPTION = "webhooks"


async def forwards() -> MigrationManager:
    return script(ID, "0011_webhooks.sql")
