"""Runs sql/0005_documents_and_emails.sql."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.sql_migration import script

ID = "2026-11-22T00:00:00:000005"
VERSION = "1.38.0"
DESCRIPTION = "documents and emails"


async def forwards() -> MigrationManager:
    return script(ID, "0005_documents_and_emails.sql")
