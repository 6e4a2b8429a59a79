"""Where checkpoints are published, so that somebody outside holds them: a directory, an object store, a mailbox.

A target keeps each object for good under a name of its own. What it has already is never overwritten: the same bytes
again are a repetition, other bytes are evidence.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from workflows.runtime.errors import WorkflowError
from workflows.runtime.logs import logger

_LOG = logger(__name__)


class PublishedOtherwise(WorkflowError):
    """Raised when a target holds other bytes under that name."""

    code = "published_otherwise"

    def __init__(self, held: bytes) -> None:
        super().__init__("the target holds another object of that name")
        self.held = held


class TargetAway(WorkflowError):
    """Raised when a target does not answer, or not as it should: what was asked may or may not have been done."""

    code = "target_away"


class Target(Protocol):
    """A place that keeps what it is given."""

    async def put(self, name: str, content: bytes) -> str:
        """Keeps an object; answers where. The same again changes nothing. Raises PublishedOtherwise, TargetAway."""
        ...

    async def get(self, name: str) -> bytes | None:
        """An object's bytes, None when there is none of that name. Raises TargetAway."""
        ...


Targets = Mapping[str, Target]  # by name: 'directory', 'object_store'


def name_of(marketplace_id: UUID, number: int) -> str:
    """The object of a checkpoint. Padded, so that listings are in order."""
    return f"{marketplace_id}/{number:012}.json"


def key_name(key_id: str) -> str:
    """The object of a key."""
    return f"keys/{key_id}.json"


def as_object(published: Mapping[str, str]) -> bytes:
    """The bytes of an object: one line of JSON, so that objects put together are a file for `audit verify`."""
    return msgspec.json.encode(published) + b"\n"


async def published_ahead(targets: Targets, marketplace_id: UUID, number: int) -> str | None:
    """The statement that some target holds under a number which is yet to be made; None where none does.

    A target that is away is passed over: publishing will meet what it holds.
    """
    for name, target in targets.items():
        try:
            held = await target.get(name_of(marketplace_id, number))
        except TargetAway as away:
            _LOG.warning("target away", target=name, error=str(away))
            continue
        if held is not None:
            return held.decode(errors="replace")
    return None
