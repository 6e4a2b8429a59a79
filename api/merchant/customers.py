"""The marketplace's customers by API: make, list and search, see, correct."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.etags import TAGGED, tagged
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import Asking, Expected, NewId, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.access.access_log import note_reading
from workflows.billing.subscriptions.staff_lists import CustomerPage, list_customers
from workflows.customers.addresses import CustomerErased
from workflows.customers.records import (
    CustomerAmbiguous,
    CustomerChange,
    CustomerExists,
    CustomerRecord,
    NewCustomer,
    change_customer,
    create_customer,
    find_customer,
    find_customer_for_sure,
)
from workflows.emails.delivery.suppression import try_again
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.data_export import JSON_TYPE, ZIP_TYPE, customer_archive, customer_data
from workflows.privacy.erasure import ErasureRefused, ErasureShown, erase_customer, look_before_erasing

_NEW = example({"email": "jane@example.com", "name": "Jane Doe"})
_CORRECTED = example({"email": "jane.doe@example.com"})
_TAKEN = [(CustomerExists(12), "There is one of this e-mail already.")]
_READ = {"act": "subscriptions.read"}
_WRITE = {"act": "customers.write"}
_EXPORT = {"act": "export"}
_ERASE = {"act": "customers.erase"}
EITHER = [(CustomerAmbiguous("12 is one customer's number and another's reference"), "Name the customer by their id.")]
_GONE = [(CustomerErased("customer 12"), "They were erased."), *EITHER]
_LIVES = [
    *EITHER,
    (
        ErasureRefused(["Subscription 1042 is not ended: cancel it first."]),
        "A subscription lives, or money is not settled: `detail` says what to do first.",
    ),
]

CustomerNumber = Annotated[str, PathParameter(description="The customer's number, id, or your own reference.")]
Search = Annotated[
    str | None,
    QueryParameter(description="A number or id, or the beginning of an address, a name, or a word of a name."),
]


def _saved_as(marketplace: Marketplace, customer: CustomerRecord, ending: str) -> dict[str, str]:
    name = f"customer-{marketplace.slug}-{customer.number}.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _file(shape: Any, media_type: str) -> dict[int, ResponseSpec]:
    return {200: ResponseSpec(shape, description="The file.", media_type=media_type, generate_examples=False)}


class Customers(Controller):
    """Who buys."""

    path = "/customers"
    tags = ("Customers",)

    @get(opt=_READ, responses=problems(401, 403, 422))
    async def list(
        self,
        marketplace: OwnMarketplace,
        search: Search = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> CustomerPage:
        """List the customers, the newest first; or whom a search finds, in the order of what it found."""
        return await list_customers(marketplace.id, search, asked(after, before, limit))

    @post(
        dto=StrictJSON[NewCustomer],
        return_dto=None,
        opt=_WRITE,
        responses=problems(401, 403, 409, *BAD_BODY, told=_TAKEN),
    )
    async def make(
        self, marketplace: OwnMarketplace, new_id: NewId, data: Annotated[NewCustomer, _NEW]
    ) -> CustomerRecord:
        """Make a customer. 409 when the marketplace has one of that e-mail."""
        return await create_customer(marketplace.id, data, new_id)

    @get("/{customer:str}", opt={**_READ, **TAGGED}, responses=problems(401, 403, 404))
    async def read(
        self, request: Request[Any, Any, Any], marketplace: OwnMarketplace, customer: CustomerNumber
    ) -> Response[CustomerRecord]:
        """See one customer."""
        return tagged(request, await find_customer(marketplace.id, customer))

    @patch(
        "/{customer:str}",
        dto=StrictJSON[CustomerChange],
        return_dto=None,
        opt={**_WRITE, **TAGGED},
        responses=problems(401, 403, 404, 409, *BAD_BODY, told=_GONE),
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        customer: CustomerNumber,
        data: Annotated[CustomerChange, _CORRECTED],
    ) -> Response[CustomerRecord]:
        """Correct an address, a name or the language that they are spoken to in.

        Another e-mail ends the customer's links and sessions; 409 when it is taken."""
        found = await find_customer_for_sure(caller.marketplace_id, customer)
        changed = await change_customer(caller.marketplace_id, str(found.id), data, caller.actor, expected)
        return tagged(request, changed)

    @post(
        "/{customer:str}/try-again",
        status_code=200,
        opt={**_WRITE, **TAGGED},
        responses=problems(401, 403, 404, 409, told=EITHER),
    )
    async def try_again(
        self, request: Request[Any, Any, Any], caller: Asking, customer: CustomerNumber
    ) -> Response[CustomerRecord]:
        """Send mail to the customer's address again, after it came back for good or they complained. Nothing where it
        goes there anyway."""
        found = await find_customer_for_sure(caller.marketplace_id, customer)
        return tagged(request, await try_again(caller.marketplace_id, str(found.id), caller.actor))

    @get("/{customer:str}/erasure", opt=_ERASE, responses=problems(401, 403, 404, 409, told=EITHER))
    async def look_before_erasing(self, marketplace: OwnMarketplace, customer: CustomerNumber) -> ErasureShown:
        """See what stands in the way of erasing a customer, and how much the law makes you keep."""
        found = await find_customer_for_sure(marketplace.id, customer)
        return await look_before_erasing(marketplace.id, str(found.id))

    @post("/{customer:str}/erase", status_code=200, opt=_ERASE, responses=problems(401, 403, 404, 409, told=_LIVES))
    async def erase(self, caller: Asking, customer: CustomerNumber) -> ErasureShown:
        """Forget who a customer was, for good: name, addresses, tax id, cards on file, what e-mails said, browsers.

        Links and sessions end. Invoices, and what the books and the log say in ids and amounts, stay. Erasing twice is
        erasing once."""
        found = await find_customer_for_sure(caller.marketplace_id, customer)
        return await erase_customer(caller.marketplace_id, str(found.id), caller.actor)

    @get(
        "/{customer:str}/export",
        opt=_EXPORT,
        responses={**_file(dict[str, Any], JSON_TYPE), **problems(401, 403, 404, 409, told=EITHER)},
    )
    async def export(self, marketplace: OwnMarketplace, customer: CustomerNumber) -> Stream:
        """Give a person all that is here about them, as one JSON document (docs/data.md). No secret is in it."""
        found = await find_customer_for_sure(marketplace.id, customer)
        note_reading({"page": "customer", "customer": str(found.number)})
        headers = _saved_as(marketplace, found, "json")
        return Stream(customer_data(marketplace.id, found), media_type=JSON_TYPE, headers=headers)

    @get(
        "/{customer:str}/archive",
        opt=_EXPORT,
        responses={**_file(str, ZIP_TYPE), **problems(401, 403, 404, 409, told=EITHER)},
    )
    async def archive(self, marketplace: OwnMarketplace, customer: CustomerNumber) -> Stream:
        """The same document and the PDFs of their invoices, in a ZIP file."""
        found = await find_customer_for_sure(marketplace.id, customer)
        note_reading({"page": "customer", "customer": str(found.number)})
        headers = _saved_as(marketplace, found, "zip")
        return Stream(customer_archive(marketplace.id, found), media_type=ZIP_TYPE, headers=headers)
