"""`gatehouse migrate`: the database's schema, and the rules of the state machines beside it."""

from models import schema
from workflows.machine import NEW
from workflows.machines import MACHINES


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
