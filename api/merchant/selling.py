"""What a merchant's own checkout sends in: orders, and refunds of what they paid."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, post
from litestar.params import PathParameter

from api.documented import BAD_BODY, example, problems
from api.idempotency import is_not_final
from api.provided import Asking, NewId, OwnMarketplace
from api.strict_json import StrictJSON
from workflows.billing.charges.refunds import RefundShown, refund_charge
from workflows.billing.orders import NewOrder, OrderDeclined, OrderPlaced, OrderUnsettled, place_order
from workflows.marketplaces.gateway_choice import gateway_of_charge
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import InvalidInput, TransitionRefused

_ORDER = example({
    "customer": 12,
    "product": "0198c2a4-5f6e-7000-8000-000000000001",
    "card": {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2030},
})  # fmt: skip


_TOLD_OF_ORDERS = [
    (OrderDeclined("insufficient_funds"), "The first payment was declined; `decline_code` says why. Nothing started."),
    (InvalidInput({"card": "is needed: this order is to be paid."}), "A field breaks its rule; `errors` names each."),
    (
        OrderUnsettled("the order's payment is not settled yet"),
        "The gateway did not answer. The order settles by itself; the same `reference` asks how it went.",
    ),
]
_TOLD_OF_REFUNDS = [
    (
        TransitionRefused("charge", UUID(int=0), "refund", "disputed", "no rule"),
        "Failed, disputed or given back.",
    ),
    (InvalidInput({"amount_minor": "must be 1 to 1900: what is left of this payment."}), "More than is left of it."),
]


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to give back, in minor units; all that is left when not given."""

    amount_minor: int | None = None


class Selling(Controller):
    """Orders start here."""

    tags = ("Orders",)

    @post(
        "/orders",
        dto=StrictJSON[NewOrder],
        return_dto=None,
        opt={"act": "orders.write"},
        responses=problems(401, 402, 403, 404, 503, *BAD_BODY, told=_TOLD_OF_ORDERS),
    )
    async def make_order(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        marketplace: OwnMarketplace,
        new_id: NewId,
        data: Annotated[NewOrder, _ORDER],
    ) -> OrderPlaced:
        """Place an order and take its first payment. 402 with the decline code when it is declined: nothing starts."""
        gateway = request.app.state.gateway_for(marketplace.gateway)
        placed = await place_order(marketplace, data, gateway, caller.actor, new_id)
        if placed.state == "pending":
            is_not_final(request)
        return placed

    @post(
        "/charges/{charge:str}/refunds",
        dto=StrictJSON[RefundRequest],
        return_dto=None,
        opt={"act": "subscriptions.refund"},
        responses=problems(401, 403, 404, 409, *BAD_BODY, told=_TOLD_OF_REFUNDS),
    )
    async def refund(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        marketplace: OwnMarketplace,
        new_id: NewId,
        charge: Annotated[str, PathParameter(description="The charge's id, from its subscription.")],
        data: Annotated[RefundRequest, example({"amount_minor": 500})],
    ) -> RefundShown:
        """Give back a charge, in full or in part; never more than is left of it."""
        charge_id = uuid_of(charge)
        gateway = request.app.state.gateway_for(await gateway_of_charge(marketplace.id, charge_id))
        return await refund_charge(marketplace, charge_id, data.amount_minor, gateway, caller.actor, new_id)
