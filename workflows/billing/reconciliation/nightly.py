"""The nightly comparison of our books with a gateway's: what differs is written down, never mended (PRODUCT.md 6.6).

What counts as a difference is in compare.py. Three days are compared every night, so that what was in flight
is looked at again.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from models.database import fetch, fetch_all
from workflows.billing.gateway import Gateway, GatewayPayment
from workflows.billing.reconciliation.compare import IN_FLIGHT, PAID, OurCharge, compare
from workflows.billing.reconciliation.differences import note_difference
from workflows.marketplaces.marketplace import MARKETPLACE_COLUMNS
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.logs import logger

LOOKS_BACK = timedelta(days=3)  # a weekend's worth: a night that failed is made up for by the next two
_MADE_AHEAD = timedelta(days=4)  # a charge is made that long before it is submitted, at most
_BATCH = 500
_LOG = logger(__name__)


async def gateways_in_use() -> list[str]:
    """The gateways that marketplaces are paid through, by name."""
    return [row["gateway"] for row in await fetch("SELECT DISTINCT gateway FROM marketplace ORDER BY gateway")]


async def compare_payments(gateway_name: str, gateway: Gateway, at: datetime | None = None) -> int:
    """Compares the last days of all marketplaces of a gateway; answers how many differences there are now.

    All at once, because they share the gateway's account. Harmless to repeat. Raises InDoubt when the gateway's
    books cannot be read: what was found until then is kept.
    """
    at = at or now()
    shops = await _shops_of(gateway_name)
    known: set[UUID] = set()
    differences = 0
    async for payments in _batches(gateway.payments_between(at - LOOKS_BACK, at)):
        charges = await _charges_of(gateway_name, list(shops), payments)
        for theirs in payments:
            ours = _paid_one(charges.get(theirs.idempotency_key or ""), charges.get(theirs.reference))
            if ours is not None:
                known.add(ours.id)
            differences += await _note(shops, ours, theirs, at)
    for shop in shops.values():
        for ours in await _paid_lately(shop, at):
            if ours.id not in known:
                differences += await _note(shops, ours, None, at)
    return differences


async def _shops_of(gateway: str) -> dict[UUID, Marketplace]:
    """The marketplaces paid through a gateway now, or by some of their charges before."""
    shops = await fetch_all(
        Marketplace,
        f"SELECT {MARKETPLACE_COLUMNS} FROM marketplace WHERE gateway = $1"
        " OR EXISTS (SELECT FROM payment_method WHERE marketplace_id = marketplace.id AND gateway = $1)",
        gateway,
    )
    return {shop.id: msgspec.structs.replace(shop, gateway=gateway) for shop in shops}


async def _note(
    shops: dict[UUID, Marketplace], ours: OurCharge | None, theirs: GatewayPayment | None, at: datetime
) -> int:
    found = compare(ours, theirs, at)
    reference = theirs.reference if theirs else ours.gateway_reference or ours.idempotency_key if ours else ""
    for kind, our_words, their_words in found:
        if ours is None and len(shops) != 1:
            # Whose it is, nobody can say: told to who runs the deployment, not to a merchant whom it may not concern.
            _LOG.error("a payment that no marketplace knows", reference=reference, theirs=their_words)
            continue
        marketplace = next(iter(shops.values())) if ours is None else shops[ours.marketplace_id]
        await note_difference(
            marketplace,
            reference=reference,
            kind=kind,
            ours=our_words,
            theirs=their_words,
            charge_id=ours.id if ours else None,
        )
    return len(found)


async def _batches(payments: AsyncIterator[GatewayPayment]) -> AsyncIterator[list[GatewayPayment]]:
    batch: list[GatewayPayment] = []
    async for payment in payments:
        batch.append(payment)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


_SELECT = """
SELECT id, marketplace_id, idempotency_key, gateway_reference, amount_minor, refunded_minor, currency, state,
       moved_at AS settled_at,
       EXISTS (SELECT FROM refund WHERE refund.marketplace_id = charge.marketplace_id AND refund.charge_id = charge.id
           AND refund.status = 'pending') AS refund_pending
FROM charge
"""


async def _charges_of(
    gateway: str, marketplaces: Sequence[UUID], payments: Sequence[GatewayPayment]
) -> dict[str, OurCharge]:
    """The charges that the payments are of, by key and by reference."""
    charges: dict[str, OurCharge] = {}
    for column in ("gateway_reference", "idempotency_key"):  # each by its own index
        by_key = column == "idempotency_key"
        values = [payment.idempotency_key if by_key else payment.reference for payment in payments]
        found = await fetch_all(
            OurCharge,
            f"{_SELECT} WHERE marketplace_id = ANY($1) AND {column} = ANY($2) AND gateway = $3",
            marketplaces,
            [value for value in values if value is not None],
            gateway,
        )
        for one in found:
            name = getattr(one, column)
            charges[name] = _paid_one(charges.get(name), one) or one
    return charges


def _paid_one(first: OurCharge | None, second: OurCharge | None) -> OurCharge | None:
    """Two charges name one payment where a customer confirmed what was given up: the paid one tells of it."""
    if first is None or second is None:
        return first or second
    return second if second.state in PAID else first


async def _paid_lately(shop: Marketplace, at: datetime) -> list[OurCharge]:
    """Charges that the gateway's list must hold. Their ids tell when they were made: the table's own key finds them."""
    return await fetch_all(
        OurCharge,
        f"{_SELECT} WHERE marketplace_id = $1 AND id >= uuidv7($2::interval) AND gateway = $3 AND state = ANY($4)"
        " AND submitted_at BETWEEN $5 AND $6 AND initiator <> 'import' AND amount_minor > 0",
        shop.id,
        -(LOOKS_BACK + _MADE_AHEAD),
        shop.gateway,
        list(PAID),
        at - LOOKS_BACK + IN_FLIGHT,  # the clocks of two machines
        at - IN_FLIGHT,
    )
