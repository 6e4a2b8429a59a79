"""Runs sql/0018_mail_events.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000018"
VERSION = "1.38.0"
DESCRIPTION = "mail_events"


async def forwards() -> MigrationManager:
    return script(ID, "0018_mail_events.sql")
