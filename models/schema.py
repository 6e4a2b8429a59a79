"""Brings a database to the schema of this version, and tells processes that hold too much power to stop.

One migration at a time, under a lock, each together with the note that it ran: Piccolo itself has neither.
The rules of the state machines are published here as rows, and handed in: models know no workflow.
"""

import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from typing import Any

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager, run_forwards
from piccolo.apps.migrations.tables import Migration

from models.database import execute, fetch, fetch_value, single_connection, transaction
from models.piccolo_app import APP_CONFIG
from models.roles import ROLES

__all__ = ["MachineRule", "SchemaUnready", "migrate", "pending", "publish_rules"]

MachineRule = tuple[str, str, str, str]
"""machine, state it leaves ("" when it makes a row), trigger, state it enters."""

_OLDEST_SERVER = 18  # uuidv7(), and virtual columns kept apart from stored ones
_LOCK = 0x6761_7465  # "gate": any number, as long as it never changes
_MONTHS_AHEAD = 3  # partitions of the log; the schedule makes more, this helps a database that slept for long


class SchemaUnready(RuntimeError):
    """Raised when a database cannot be migrated as it is: an old server, a role that nobody made."""


async def migrate(owner_url: str, rules: Iterable[MachineRule]) -> list[str]:
    """Runs what has not run yet as the database's owner, publishes `rules`, answers with the ids of what ran.

    Any number may call this at once: they wait for each other, and all but the first find nothing to do.
    Raises SchemaUnready; what a failed migration changed is undone, those before it stay.
    """
    async with single_connection(owner_url) as connection:
        await _check_server(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        ran = await pending()
        for migration_id in ran:
            await _run(migration_id)
        await publish_rules(rules)
        await execute("SELECT extend_transition_log($1)", _MONTHS_AHEAD)
    return ran


async def publish_rules(rules: Iterable[MachineRule]) -> None:
    """Makes `machine_rule` hold exactly `rules`, in one transaction: what is no longer defined is refused."""
    wanted = set(rules)
    async with transaction():
        known = {tuple(row) for row in await fetch("SELECT machine, from_state, trigger, to_state FROM machine_rule")}
        for rule in sorted(known - wanted):
            await execute(
                "DELETE FROM machine_rule WHERE (machine, from_state, trigger, to_state) = ($1, $2, $3, $4)", *rule
            )
        for rule in sorted(wanted - known):
            await execute(
                "INSERT INTO machine_rule (machine, from_state, trigger, to_state) VALUES ($1, $2, $3, $4)", *rule
            )


async def pending() -> list[str]:
    """The ids of the migrations that have not run here, in order. Changes nothing."""
    manager = ForwardsMigrationManager(app_name=APP_CONFIG.app_name)
    known = manager.get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    if not await Migration.table_exists():
        return sorted(known)
    return sorted(set(known) - set(await Migration.get_migrations_which_ran(app_name=APP_CONFIG.app_name)))


async def _run(migration_id: str) -> None:
    async with transaction():
        with redirect_stdout(io.StringIO()):  # Piccolo narrates
            await run_forwards(APP_CONFIG.app_name, migration_id)


async def _check_server(connection: Any) -> None:
    major = connection.get_server_version().major
    if major < _OLDEST_SERVER:
        raise SchemaUnready(f"PostgreSQL {_OLDEST_SERVER} or newer is needed; this server is {major}")
    there = (
        await fetch_value("SELECT array_agg(rolname::text) FROM pg_roles WHERE rolname = ANY($1)", list(ROLES)) or []
    )
    if missing := [role for role in ROLES if role not in there]:
        raise SchemaUnready(
            f"roles missing: {', '.join(missing)}; let the administrator run CREATE ROLE … LOGIN NOSUPERUSER for each"
        )
    owner = await fetch_value(
        "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
        " AND NOT pg_has_role(current_user, datdba, 'MEMBER')"
    )
    if owner is not None:
        raise SchemaUnready(
            f"this role does not own the database: migrate connects as {owner}, its owner (OWNER_DATABASE_URL)"
        )
