"""`gatehouse migrate`: the database's schema, and the rules of the state machines beside it."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from models import schema
from models.database import single_connection
from models.drift import drift
from workflows.engine.machine import NEW
from workflows.machines import MACHINES
from workflows.runtime.setting_files import load_secret_files


def command(
    *, check: Annotated[bool, typer.Option(help="Change nothing; fail when the schema differs.")] = False
) -> None:
    """Bring the database at OWNER_DATABASE_URL to this version's schema and rules."""
    problems = load_secret_files()
    url = os.environ.get("OWNER_DATABASE_URL")
    if problems or not url:
        missing = "OWNER_DATABASE_URL is missing: the database's address as its owner, gatehouse_owner."
        print("\n".join(problems or [missing]), file=sys.stderr)
        raise typer.Exit(2)
    if not check:
        ran = asyncio.run(migrate(url))
        print("\n".join(f"applied {migration_id}" for migration_id in ran) or "nothing to apply")
        print(f"The schema is this version's, with the rules of {len(MACHINES)} state machines.")
        return
    differences = asyncio.run(_differences(url))
    print("\n".join(differences) or "The schema is this version's.")
    if differences:
        raise typer.Exit(1)


async def migrate(owner_url: str) -> list[str]:
    """Brings the database at `owner_url` to this version's schema and rules. Returns the ids of what ran.

    Raises models.schema.SchemaUnready, models.database.DatabaseUnreachable, asyncpg.PostgresError.
    """
    return await schema.migrate(owner_url, machine_rules())


def machine_rules() -> list[schema.MachineRule]:
    """Every move that some machine allows, imports included, as the database keeps them."""
    return [
        (machine.name, "" if rule.source == NEW else rule.source, rule.trigger, rule.target)
        for machine in MACHINES
        for rule in (*machine.creations, *(rule for rule in machine.rules if rule.source != NEW))
    ]


async def _differences(owner_url: str) -> list[str]:
    async with single_connection(owner_url):
        return [f"not yet run: {migration_id}" for migration_id in await schema.pending()] + await drift()
