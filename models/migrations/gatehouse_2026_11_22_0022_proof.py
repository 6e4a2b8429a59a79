"""Runs sql/0022_proof.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000022"
VERSION = "1.38.0"
DESCRIPTION = "proof"


async def forwards() -> MigrationManager:
    return script(ID, "0022_proof.sql")
