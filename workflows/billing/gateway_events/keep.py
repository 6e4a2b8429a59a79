"""Storing what a gateway tells us, once each, and staging the job that applies it (apply.py; docs/decisions/0045)."""

import msgspec

from models.database import fetch_value, transaction
from workflows.billing.gateway_events.events import GATEWAY_EVENTS_HEEDED_FOR, GatewayEvent, Ignored
from workflows.engine.outbox import stage
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.logs import logger

_LOG = logger(__name__)
_KEEP = """
INSERT INTO gateway_event (marketplace_id, gateway, event_id, type, subject, payload, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id
"""
_SUBJECTS = ("dispute_reference", "gateway_reference", "setup_reference", "card_reference")


async def keep_event(marketplace: Marketplace, gateway: str, event: GatewayEvent) -> bool:
    """Stores an event that `gateway` sent and stages its job. Returns False, and does nothing, for one that was stored
    before, or that happened so long ago that it may have been applied and deleted since.

    An event that means nothing to us is stored without a job.
    """
    if event.created_at < now() - GATEWAY_EVENTS_HEEDED_FOR:
        _LOG.warning("event too old", gateway=gateway, marketplace=marketplace.slug)
        return False
    ignored = isinstance(event, Ignored)
    async with transaction():
        kept = await fetch_value(
            _KEEP,
            marketplace.id,
            gateway,
            event.event_id,
            type(event).__name__,
            _subject(event),
            None if ignored else msgspec.to_builtins(event),
            event.created_at,
        )
        if kept is not None and not ignored:
            await stage("gateway_event.apply", marketplace.id, id=kept)
    return kept is not None


def _subject(event: GatewayEvent) -> str | None:
    """What it is about: the reference of a dispute, payment, form or card."""
    return next((value for name in _SUBJECTS if (value := getattr(event, name, None)) is not None), None)
