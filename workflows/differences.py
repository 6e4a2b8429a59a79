"""Where our books and the gateway's differ: written down and shown, never mended by itself (PRODUCT.md 6.6)."""

from typing import Literal
from uuid import UUID

from models.database import execute
from workflows.logs import logger
from workflows.portal_views import Marketplace

Kind = Literal["unknown_here", "unknown_there", "amount", "state"]
_LOG = logger(__name__)


async def note_difference(
    marketplace: Marketplace, *, reference: str, kind: Kind, ours: str, theirs: str, charge_id: UUID | None
) -> None:
    """Writes a difference down, or that it is still there; `reference` is the gateway's for the payment."""
    _LOG.error("books differ", marketplace=marketplace.slug, reference=reference, kind=kind, ours=ours, theirs=theirs)
    await execute(
        "INSERT INTO reconciliation_difference AS known (marketplace_id, gateway, gateway_reference, kind, charge_id,"
        " ours, theirs) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (marketplace_id, gateway, gateway_reference, kind) DO UPDATE"
        " SET ours = excluded.ours, theirs = excluded.theirs, last_seen_at = clock_timestamp()",
        marketplace.id,
        marketplace.gateway,
        reference,
        kind,
        charge_id,
        ours,
        theirs,
    )
