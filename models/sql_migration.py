"""Turns one file of migrations/sql/ into a Piccolo migration.

It goes to the server as it is written: Piccolo would read braces as placeholders, and take one statement only.
"""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from models.database import connection

FOLDER = Path(__file__).parent / "migrations" / "sql"


def script(migration_id: str, file: str) -> MigrationManager:
    """The migration that runs `sql/<file>`, many statements long, in the transaction of models/schema.py."""
    manager = MigrationManager(migration_id=migration_id, app_name="gatehouse", description=file)

    async def run() -> None:
        async with connection() as current:
            await current.execute((FOLDER / file).read_text())

    manager.add_raw(run)
    return manager
