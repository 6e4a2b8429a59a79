"""Where our books and the gateway's differ: written down and shown, never mended by itself (PRODUCT.md 6.6)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from models.database import execute, fetch_all
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.logs import logger

Kind = Literal["unknown_here", "unknown_there", "amount", "state"]
_SHOWN = 500
_LOG = logger(__name__)


class DifferenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that the two sides tell differently. `reference` is the gateway's, or ours where it knows none.

    `last_seen_at` is the last night that found it; one that is older than that was mended, or is out of the three days
    that a night compares.
    """

    gateway: str
    reference: str
    kind: Kind
    ours: str
    theirs: str
    charge: UUID | None
    order: int | None
    subscription: int | None
    first_seen_at: datetime
    last_seen_at: datetime


async def list_differences(marketplace_id: UUID) -> list[DifferenceShown]:
    """The marketplace's, those seen last first; at most 500."""
    return await fetch_all(
        DifferenceShown,
        "SELECT found.gateway, found.gateway_reference AS reference, found.kind, found.ours, found.theirs,"
        ' found.charge_id AS charge, charge.order_number AS "order", subscription.number AS subscription,'
        " found.first_seen_at, found.last_seen_at FROM reconciliation_difference AS found"
        " LEFT JOIN charge ON charge.marketplace_id = found.marketplace_id AND charge.id = found.charge_id"
        " LEFT JOIN subscription ON subscription.marketplace_id = charge.marketplace_id"
        " AND subscription.id = charge.subscription_id WHERE found.marketplace_id = $1"
        " ORDER BY found.last_seen_at DESC, found.gateway_reference, found.kind LIMIT $2",
        marketplace_id,
        _SHOWN,
    )


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
