"""Cards kept for charging: what may be shown of them, and the gateway's reference."""

from uuid import UUID

from models.database import execute, fetch_value
from workflows.billing.gateway import Card
from workflows.marketplaces.tenant import Marketplace


async def keep_card(marketplace: Marketplace, customer_id: UUID, card: Card) -> UUID:
    """Keeps a card of the marketplace's gateway for a customer, in the caller's transaction; answers with its id."""
    if card.customer_reference is not None:
        await execute(
            "UPDATE customer SET gateway_reference = $3 WHERE marketplace_id = $1 AND id = $2",
            marketplace.id,
            customer_id,
            card.customer_reference,
        )
    return await fetch_value(
        "INSERT INTO payment_method (marketplace_id, customer_id, gateway, reference, fingerprint, brand, last_four,"
        " exp_month, exp_year) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        marketplace.id,
        customer_id,
        marketplace.gateway,
        card.reference,
        card.fingerprint,
        card.brand,
        card.last_four,
        card.exp_month,
        card.exp_year,
    )
