"""Runs sql/0019_email_texts.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000019"
VERSION = "1.38.0"
DESCRIPTION = "email_texts"


async def forwards() -> MigrationManager:
    return script(ID, "0019_email_texts.sql")
