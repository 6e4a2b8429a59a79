"""What the marketplace sells, by API: make, list, see, rename and reprice."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import PathParameter

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.etags import TAGGED, tagged
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import Asking, Expected, NewId, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.billing.products import (
    NewProduct,
    Product,
    ProductChange,
    change_product,
    create_product,
    find_product,
)
from workflows.billing.subscriptions.staff_lists import ProductPage, list_products

_NEW = example({
    "name": "Monthly box",
    "kind": "recurring",
    "amount_minor": 2400,
    "currency": "USD",
    "interval_unit": "month",
    "interval_count": 1,
})  # fmt: skip
_CHANGE = example({"amount_minor": 2600})
_READ = {"act": "subscriptions.read"}
_WRITE = {"act": "products.write"}

ProductId = Annotated[str, PathParameter(description="The product's id, or your own reference.")]


class Products(Controller):
    """What is sold."""

    path = "/products"
    tags = ("Products",)

    @get(opt=_READ, responses=problems(401, 403, 422))
    async def list(
        self, marketplace: OwnMarketplace, after: After = None, before: Before = None, limit: Limit = None
    ) -> ProductPage:
        """List the products, the newest first."""
        return await list_products(marketplace.id, asked(after, before, limit))

    @post(dto=StrictJSON[NewProduct], return_dto=None, opt=_WRITE, responses=problems(401, 403, *BAD_BODY))
    async def make(self, marketplace: OwnMarketplace, new_id: NewId, data: Annotated[NewProduct, _NEW]) -> Product:
        """Make a product."""
        return await create_product(marketplace.id, data, marketplace.currency, new_id)

    @get("/{product:str}", opt={**_READ, **TAGGED}, responses=problems(401, 403, 404))
    async def read(
        self, request: Request[Any, Any, Any], marketplace: OwnMarketplace, product: ProductId
    ) -> Response[Product]:
        """See one product."""
        return tagged(request, await find_product(marketplace.id, product))

    @patch(
        "/{product:str}",
        dto=StrictJSON[ProductChange],
        return_dto=None,
        opt={**_WRITE, **TAGGED},
        responses=problems(401, 403, 404, *BAD_BODY),
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        product: ProductId,
        data: Annotated[ProductChange, _CHANGE],
    ) -> Response[Product]:
        """Rename a product, or give it another price for orders from now on. Who subscribed keeps theirs."""
        return tagged(request, await change_product(caller.marketplace_id, product, data, caller.actor, expected))
