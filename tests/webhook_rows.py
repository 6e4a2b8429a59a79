"""Endpoints, events and deliveries for tests, written without asking the network where a URL leads."""

import secrets
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch_row, fetch_value
from tests.factories import BY_WORKER
from workflows.engine.fire import create
from workflows.machines import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from workflows.marketplaces.tenant import Marketplace
from workflows.webhooks.secrets import encrypt_secret, shown


async def an_endpoint(
    marketplace: Marketplace, url: str = "https://shop.example.com/webhooks", **columns: Any
) -> tuple[Record, str]:
    """An enabled endpoint for all events, and its secret as the merchant keeps it."""
    secret = secrets.token_bytes(32)
    encrypted = encrypt_secret(marketplace.id, secret)
    given = {"marketplace_id": marketplace.id, "url": url, "sealed_secret": encrypted.box, "key_id": encrypted.key_id}
    return await create(WEBHOOK_ENDPOINT, {**given, **columns}, BY_WORKER), shown(secret)


async def an_event(marketplace_id: UUID, event_type: str = "customer.updated") -> UUID:
    return await fetch_value(
        "INSERT INTO webhook_event (marketplace_id, type, data, occurred_at)"
        " VALUES ($1, $2, $3, clock_timestamp()) RETURNING id",
        marketplace_id,
        event_type,
        {"number": 12, "reference": "täglich"},
    )


async def a_delivery(endpoint: Record, **columns: Any) -> Record:
    """A pending delivery to an endpoint, and nothing staged but itself."""
    await execute("DELETE FROM outbox WHERE queue = 'webhooks'")
    given = {
        "marketplace_id": endpoint["marketplace_id"],
        "endpoint_id": endpoint["id"],
        "event_id": await an_event(endpoint["marketplace_id"]),
    }
    return await create(WEBHOOK_DELIVERY, {**given, **columns}, BY_WORKER)


async def delivery_now(delivery: Record) -> Record:
    """The delivery as it is by now."""
    row = await fetch_row("SELECT * FROM webhook_delivery WHERE id = $1", delivery["id"])
    assert row is not None
    return row


async def endpoint_now(endpoint: Record) -> Record:
    """The endpoint as it is by now."""
    row = await fetch_row("SELECT * FROM webhook_endpoint WHERE id = $1", endpoint["id"])
    assert row is not None
    return row
