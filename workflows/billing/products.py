"""A marketplace's products: made, read, renamed and repriced."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from models.database import execute, fetch_one, fetch_row, transaction
from workflows.engine.actor import Actor
from workflows.languages.formatting import CURRENCIES
from workflows.languages.typed_text import one_line
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.short_numbers import id_in
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput, NotFound

Kind = Literal["one_off", "recurring", "limited", "pay_what_you_want"]
Unit = Literal["day", "week", "month", "year"]

LONGEST_TRIAL = timedelta(days=730)  # two years: the longest that is sold, and short of a mistyped century
LONGEST_INTERVAL = 366  # of the unit: days, weeks, months or years
MOST_PAYMENTS = 1200  # of a limited product: a hundred years of months
LARGEST_AMOUNT = 99_999_999  # minor units: what card networks take in one payment, less would refuse real invoices


class NewProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a product is sold as. Amounts are minor units of `currency` (the marketplace's when not given).

    `amount_minor` of pay_what_you_want is the minimum. `interval_*` are of recurring and limited ones (a quarter is
    three months), `payments` of limited ones. `initial_amount_minor` is the price of the trial, nothing when left out.
    `tax_basis_points` is the tax rate that its prices include (1900 is 19 %), the marketplace's when left out.
    """

    name: str
    kind: Kind
    amount_minor: int
    currency: str | None = None
    interval_unit: Unit | None = None
    interval_count: int | None = None
    payments: int | None = None
    trial_days: int = 0
    initial_amount_minor: int | None = None
    tax_basis_points: int | None = None


class ProductChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is. Other terms are another product.

    `amount_minor` counts for orders from now on: nobody's plan changes under them.
    `tax_basis_points` counts for invoices from now on.
    """

    name: str | UnsetType = UNSET
    amount_minor: int | UnsetType = UNSET
    tax_basis_points: int | UnsetType | None = UNSET


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product, as it is."""

    id: UUID
    name: str
    kind: Kind
    amount_minor: int
    currency: str
    interval_unit: Unit | None
    interval_count: int | None
    payments: int | None
    trial_days: int
    initial_amount_minor: int | None
    tax_basis_points: int | None

    @property
    def subscribes(self) -> bool:
        """Whether an order of it starts a subscription."""
        return self.kind in ("recurring", "limited")


PRODUCT_COLUMNS = ", ".join(Product.__struct_fields__)


async def create_product(marketplace_id: UUID, new: NewProduct, currency: str, new_id: UUID | None = None) -> Product:
    """Makes a product; with `new_id` once under that id. Raises InvalidInput naming each field that breaks its rule."""
    values: dict[str, Any] = {**msgspec.structs.asdict(new), "name": one_line(new.name)}
    values["currency"] = currency if new.currency is None else new.currency
    if new.kind in ("recurring", "limited") and new.interval_count is None:
        values["interval_count"] = 1
    if problems := dict(_problems(values)):
        raise InvalidInput(problems)
    places = ", ".join(f"${position}" for position in range(3, len(values) + 3))
    row = await fetch_row(
        f"INSERT INTO product (marketplace_id, id, {', '.join(values)}) VALUES ($1, coalesce($2, uuidv7()), {places})"
        f" ON CONFLICT (marketplace_id, id) DO NOTHING RETURNING {PRODUCT_COLUMNS}",
        marketplace_id,
        new_id,
        *values.values(),
    )
    return await find_product(marketplace_id, str(new_id)) if row is None else Product(**row)


async def find_product(marketplace_id: UUID, product: str) -> Product:
    """The product of that id, or of the merchant's own reference. Raises NotFound."""
    found = None
    if "\0" not in product:  # PostgreSQL's text cannot hold it
        found = await fetch_one(
            Product,
            f"SELECT {PRODUCT_COLUMNS} FROM product WHERE marketplace_id = $1 AND (id = $2 OR reference = $3)",
            marketplace_id,
            id_in(product),
            product,
        )
    if found is None:
        raise NotFound(f"no product {product}")
    return found


async def change_product(
    marketplace_id: UUID, product: str, change: ProductChange, by: Actor, expected: frozenset[str] | None = None
) -> Product:
    """Changes what was given, which is written down.

    Raises NotFound, InvalidInput naming every field that breaks its rule, and ChangedMeanwhile when the product is none
    of the `expected` versions.
    """
    found = await find_product(marketplace_id, product)
    async with transaction():
        before = await fetch_one(
            Product,
            f"SELECT {PRODUCT_COLUMNS} FROM product WHERE marketplace_id = $1 AND id = $2 FOR NO KEY UPDATE",
            marketplace_id,
            found.id,
        )
        assert before is not None, "it was found, and products are never deleted"
        check_version(before, expected)
        after = msgspec.structs.replace(before, **_given(change))
        if problems := dict(_problems(msgspec.structs.asdict(after))):
            raise InvalidInput(problems)
        await execute(
            "UPDATE product SET name = $3, amount_minor = $4, tax_basis_points = $5"
            " WHERE marketplace_id = $1 AND id = $2",
            marketplace_id,
            found.id,
            after.name,
            after.amount_minor,
            after.tax_basis_points,
        )
        was, is_ = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
        await record_change(marketplace_id, by, f"product:{found.id}", "changed", was, is_)
    return after


def _given(change: ProductChange) -> dict[str, Any]:
    given = {name: getattr(change, name) for name in change.__struct_fields__}
    return {name: one_line(v) if isinstance(v, str) else v for name, v in given.items() if v is not UNSET}


def _problems(given: dict[str, Any]) -> list[tuple[str, str]]:
    subscribes = given["kind"] in ("recurring", "limited")
    smallest = 1 if given["kind"] in ("one_off", "recurring", "limited") else 0
    # fmt: off
    rules: list[tuple[str, bool, str]] = [
        ("name", 1 <= len(given["name"]) <= 200, "must have 1 to 200 characters."),
        ("amount_minor", smallest <= given["amount_minor"] <= LARGEST_AMOUNT,
         f"must be a whole number of minor units, {smallest} to {LARGEST_AMOUNT}."),
        ("currency", given["currency"] in CURRENCIES, "must be an ISO 4217 code, like USD."),
        ("interval_unit", (given["interval_unit"] is not None) == subscribes,
         "is needed for recurring and limited products, and for no others."),
        ("interval_count", (given["interval_count"] is None) if not subscribes
         else 1 <= (given["interval_count"] or 0) <= LONGEST_INTERVAL,
         f"must be 1 to {LONGEST_INTERVAL} for recurring and limited products, and is not for others."),
        ("payments", 1 <= (given["payments"] or 0) <= MOST_PAYMENTS if given["kind"] == "limited"
         else given["payments"] is None, f"must be 1 to {MOST_PAYMENTS} for limited products, and is not for others."),
        ("trial_days", 0 <= given["trial_days"] <= (LONGEST_TRIAL.days if subscribes else 0),
         f"must be 0 to {LONGEST_TRIAL.days}, and is for recurring and limited products only."),
        ("initial_amount_minor", given["initial_amount_minor"] is None
         or (given["trial_days"] > 0 and 0 <= given["initial_amount_minor"] <= LARGEST_AMOUNT),
         "is the price of a trial: give trial_days too, and an amount in minor units."),
        ("tax_basis_points", 0 <= (given["tax_basis_points"] or 0) <= 10_000,
         "must be 0 to 10000 basis points: 1900 is 19 %."),
    ]
    # fmt: on
    return [(field, problem) for field, holds, problem in rules if not holds]
