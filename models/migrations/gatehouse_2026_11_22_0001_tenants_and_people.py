"""Runs sql/0001_tenants_and_people.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "tenants and people"


async def forwards() -> MigrationManager:
    return script(ID, "0001_tenants_and_people.sql")
