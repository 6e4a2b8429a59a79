"""What somebody asks of an export, as typed: instants and entities read, and refused with the reason."""

from datetime import UTC, datetime
from uuid import UUID

from workflows.machines import MACHINES
from workflows.runtime.errors import InvalidInput


def read_entity(text: str, field: str = "entity") -> tuple[str, UUID]:
    """`MACHINE/ID`. Raises InvalidInput."""
    machine, _, entity_id = text.partition("/")
    if machine not in {one.name for one in MACHINES}:
        raise InvalidInput({field: "Write MACHINE/ID, where MACHINE is one of docs/state-machines.md."})
    try:
        return machine, UUID(entity_id)
    except ValueError:
        raise InvalidInput({field: "Write MACHINE/ID, where ID is a UUID."}) from None


def read_row(text: str, field: str = "row") -> tuple[str, UUID, int]:
    """`MACHINE/ID/SEQ`. Raises InvalidInput."""
    entity, _, seq = text.rpartition("/")
    if not (seq.isascii() and seq.isdecimal() and len(seq) < 10):
        raise InvalidInput({field: "Write MACHINE/ID/SEQ, where SEQ is a number."})
    return *read_entity(entity, field), int(seq)


def in_utc(at: datetime | None) -> datetime | None:
    """The instant, UTC where no zone was named."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)
