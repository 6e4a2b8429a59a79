"""Runs sql/0012_merchant_api.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000012"
VERSION = "1.38.0"
DESCRIPTION = "merchant_api"


async def forwards() -> MigrationManager:
    return script(ID, "0012_merchant_api.sql")
