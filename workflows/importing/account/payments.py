"""What payments were for: their invoices' subscription, or, of those that have none, an order of their own.

Gateways know payments that nothing was ordered by: each becomes an order of "Payment", a product of the import's own.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from workflows.importing.account.rows import invoices_of
from workflows.importing.account.run import Run
from workflows.importing.account.source import AccountObjects

_OF_INVOICE = ("subscription", "invoice_number", "period_start")


async def with_orders(run: Run, rows: Sequence[AccountObjects]) -> list[AccountObjects]:
    """A page's charges, each with its order: the subscription's, or one that comes before it as a row."""
    payments = [row.columns["payment"] for row in rows if row.problem is None]
    invoices = await invoices_of(run, payments)
    return [found for row in rows for found in _with_order(run, row, invoices)]


def _with_order(run: Run, row: AccountObjects, invoices: Mapping[str, Mapping[str, str]]) -> Iterator[AccountObjects]:
    if row.problem is not None:
        yield row
        return
    own = {name: value for name, value in row.columns.items() if name not in ("payment", "customer")}
    invoice = invoices.get(row.columns["payment"], {})
    own |= {name: invoice[name] for name in _OF_INVOICE if name in invoice}
    if own["state"] == "failed":
        own.pop("invoice_number", None)
    if "subscription" not in own:
        yield from _order(run, row)
    own["order"] = own.get("subscription", row.reference)
    yield msgspec.structs.replace(row, columns=own)


def _order(run: Run, row: AccountObjects) -> Iterator[AccountObjects]:
    currency = row.columns["currency"]
    product = f"{run.source}-payments-{currency.lower()}"
    about = {"name": "Payment", "kind": "one_off", "currency": currency, "amount": "0"}
    yield AccountObjects(kind="products", reference=product, columns=about)
    bought = {name: row.columns[name] for name in ("customer", "amount", "currency")}
    yield AccountObjects(
        kind="orders",
        reference=row.reference,
        columns={**bought, "product": product, "placed_at": row.columns["attempted_at"]},
    )
