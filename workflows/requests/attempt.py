"""What a request attempts: who asks, in which marketplace, and the outcome, as far as each is known.

The outermost layer of a request opens an `Attempt`; later layers note on it what they learn. The access log writes it.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from workflows.engine.actor import Actor

Outcome = Literal["done", "refused", "read"]


@dataclass(slots=True)
class Attempt:
    """What one request is, as far as it is known: filled on the way in and out."""

    marketplace_id: UUID | None = None
    actor: Actor | None = None
    session_id: UUID | None = None
    outcome: Outcome | None = None
    reason: str = ""
    entity_id: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def note_marketplace(marketplace_id: UUID) -> None:
    """Notes the marketplace that the request addresses."""
    if (one := attempt.get()) is not None:
        one.marketplace_id = marketplace_id


def note_person(marketplace_id: UUID, actor: Actor, session_id: UUID | None = None) -> None:
    """Notes the authenticated actor and their session."""
    if (one := attempt.get()) is not None:
        one.marketplace_id, one.actor, one.session_id = marketplace_id, actor, session_id


def note_nothing_done() -> None:
    """Notes that the request changed nothing and needs no row, for example a sign-out after the session's end."""
    if (one := attempt.get()) is not None:
        one.marketplace_id = None
