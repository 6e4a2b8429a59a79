"""Which payment gateway a marketplace is paid through, and when that may still be changed.

One that is paid through the sandbox is a sandbox: no money moves there, and its clock can be moved. A real gateway
makes it live. Cards belong to the gateway that took them, so nothing changes while one of them is to be charged. What
was charged stays with its gateway: it is asked about and given back there.
"""

from typing import Any
from uuid import UUID

from models.database import fetch_one, fetch_value
from models.row import Row
from workflows.runtime.errors import InvalidInput, NotFound
from workflows.runtime.settings import settings

SANDBOX, STRIPE = "sandbox", "stripe"
GATEWAYS = (SANDBOX, STRIPE)


class _Choice(Row, frozen=True):
    gateway: str
    sandbox: bool
    clock_moved: bool


def gateway_problem(name: str) -> str | None:
    """What keeps this deployment from having such a gateway."""
    if name not in GATEWAYS:
        return f"must be one of {', '.join(GATEWAYS)}."
    if name == STRIPE and not settings().stripe_secret_key:
        return "cannot be stripe: this deployment has no STRIPE_SECRET_KEY."
    return None


async def gateway_columns(marketplace_id: UUID, gateway: str) -> dict[str, Any]:
    """The marketplace's columns that go with another gateway; none where it has that one already.

    In the caller's transaction; locks the marketplace's row. Raises InvalidInput where it cannot change now, NotFound.
    """
    row = await fetch_one(
        _Choice,
        "SELECT gateway, sandbox, clock_offset <> '0' AS clock_moved FROM marketplace WHERE id = $1 FOR UPDATE",
        marketplace_id,
    )
    if row is None:
        raise NotFound("no such marketplace")
    if row.gateway == gateway:
        return {}
    if gateway == SANDBOX and not row.sandbox and settings().environment == "production":
        raise InvalidInput({"gateway": "cannot be the sandbox again: this marketplace is live."})
    if row.clock_moved:
        raise InvalidInput({"gateway": "cannot change: this sandbox's clock was moved. Make a new marketplace."})
    if await _cards_in_use_elsewhere(marketplace_id, gateway):
        raise InvalidInput({"gateway": "cannot change: there are subscriptions with cards at another gateway."})
    if await _money_on_its_way(marketplace_id, gateway):
        raise InvalidInput({"gateway": "cannot change now: money is on its way at another gateway."})
    return {"gateway": gateway, "sandbox": gateway == SANDBOX}


async def gateway_of_charge(marketplace_id: UUID, charge_id: UUID) -> str:
    """The gateway that a charge was made for, by name, whichever the marketplace has now. Raises NotFound."""
    return await _gateway_in("charge", marketplace_id, charge_id)


async def gateway_of_refund(marketplace_id: UUID, refund_id: UUID) -> str:
    """The gateway whose payment a refund gives back. Raises NotFound."""
    charge_id = await fetch_value(
        "SELECT charge_id FROM refund WHERE marketplace_id = $1 AND id = $2", marketplace_id, refund_id
    )
    if charge_id is None:
        raise NotFound(f"no refund {refund_id}")
    return await gateway_of_charge(marketplace_id, charge_id)


async def gateway_of_event(marketplace_id: UUID, event_id: UUID) -> str:
    """The gateway that sent an event. Raises NotFound."""
    return await _gateway_in("gateway_event", marketplace_id, event_id)


async def _gateway_in(table: str, marketplace_id: UUID, id_: UUID) -> str:
    name = await fetch_value(f"SELECT gateway FROM {table} WHERE marketplace_id = $1 AND id = $2", marketplace_id, id_)
    if name is None:
        raise NotFound(f"no {table} {id_}")
    return name


async def was_paid_through(marketplace_id: UUID, gateway: str) -> bool:
    """Whether a marketplace is paid through a gateway, or was: then it may still hear of those payments."""
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM marketplace WHERE id = $1 AND gateway = $2)"
        " OR EXISTS (SELECT FROM payment_method WHERE marketplace_id = $1 AND gateway = $2)",
        marketplace_id,
        gateway,
    )


async def _cards_in_use_elsewhere(marketplace_id: UUID, gateway: str) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM subscription JOIN payment_method AS card ON card.marketplace_id ="
        " subscription.marketplace_id AND card.id = subscription.payment_method_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.state IN ('active', 'failed_charge')"
        " AND card.gateway <> $2)",
        marketplace_id,
        gateway,
    )


async def _money_on_its_way(marketplace_id: UUID, gateway: str) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM charge WHERE marketplace_id = $1 AND state IN ('pending', 'action_required')"
        " AND gateway <> $2)"
        " OR EXISTS (SELECT FROM refund WHERE marketplace_id = $1 AND status = 'pending')",
        marketplace_id,
        gateway,
    )
