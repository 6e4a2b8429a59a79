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


def command(
    *, check: Annotated[bool, typer.Option(help="Change nothing; fail when the schema differs.")] = False
) -> None:
    """Bring the database at OWNER_DATABASE_URL to this version's schema and rules."""
    url = os.environ.get("OWNER_DATABASE_URL")
    if not url:
        raise typer.BadParameter("set OWNER_DATABASE_URL: the database's address as its owner, gatehouse_owner")
    try:
        differences = asyncio.run(_differences(url) if check else migrate(url))
    except (schema.SchemaUnready, OSError) as problem:
        print(problem, file=sys.stderr)
        raise typer.Exit(1) from None
    for difference in differences or ():
        print(difference)
    if differences:
        raise typer.Exit(1)


async def migrate(owner_url: str) -> None:
    """Brings the database at `owner_url` to this version's schema and rules; harmless when it has them.

    Raises models.schema.SchemaUnready, OSError, asyncpg.PostgresError.
    """
    await schema.migrate(owner_url, machine_rules())


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
