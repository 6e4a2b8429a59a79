"""The subscriptions of benchmarks/renewals.py, written many at a time. What is measured is not here."""

import os
from uuid import UUID

from models.database import execute, fetch_value, single_connection
from workflows.marketplaces.marketplace import MarketplaceChange
from workflows.operations.marketplace_setup import create_marketplace

_BORN = "moved_trigger, moved_by, moved_reason, moved_at, log_hash"
_BY_IMPORT = "'import', 'import:benchmark', 'test_data', now(), '\\x00'"
_CUSTOMERS = """
INSERT INTO customer (marketplace_id, number, email)
SELECT $1, n, format('jane.%s@example.com', n) FROM generate_series(1, $2::int) AS n
"""
_OF_EACH_CUSTOMER = (
    """
    INSERT INTO payment_method (marketplace_id, customer_id, gateway, reference, fingerprint, brand, last_four,
                                exp_month, exp_year)
    SELECT $1, id, 'sandbox', 'card_' || number, 'card_' || number, 'visa', '4242', 12, 2055
    FROM customer WHERE marketplace_id = $1 ORDER BY number
    """,
    """
    INSERT INTO customer_order (marketplace_id, number, customer_id, product_id, amount_minor, currency, placed_at)
    SELECT $1, customer.number, customer.id, product.id, 900, 'USD', now() - interval '40 days'
    FROM customer JOIN product USING (marketplace_id) WHERE marketplace_id = $1 ORDER BY customer.number
    """,
    f"""
    INSERT INTO subscription (marketplace_id, number, customer_id, product_id, order_id, payment_method_id,
                              amount_minor, currency, interval_unit, interval_count, payments_made, started_at,
                              anchor_at, next_period, next_charge_at, state, {_BORN})
    SELECT $1, bought.number, bought.customer_id, bought.product_id, bought.id, card.id, 900, 'USD', 'month', 1, 1,
           bought.placed_at, bought.placed_at, 1, now() + interval '1 day' + random() * interval '29 days', 'active',
           {_BY_IMPORT}
    FROM customer_order AS bought
    JOIN payment_method AS card ON card.marketplace_id = $1 AND card.customer_id = bought.customer_id
    WHERE bought.marketplace_id = $1 ORDER BY bought.number
    """,
)


async def a_shop(slug: str) -> UUID:
    """A marketplace with one product of 9.00 a month."""
    made = await create_marketplace(slug, "owner@example.com", MarketplaceChange(name=slug, currency="USD"))
    await execute(
        "INSERT INTO product (marketplace_id, name, kind, currency, amount_minor, interval_unit, interval_count)"
        " VALUES ($1, 'Box', 'recurring', 'USD', 900, 'month', 1)",
        made.marketplace.id,
    )
    return made.marketplace.id


async def sell(shop: UUID, subscriptions: int, *, logged: bool = True) -> None:
    """So many customers, each with an order, a card and an active subscription that is due within the next month.

    Not `logged`, the subscriptions' triggers rest meanwhile: for rows whose history nobody reads.
    """
    async with single_connection(os.environ["OWNER_DATABASE_URL"]):
        await execute(_CUSTOMERS, shop, subscriptions)
        if not logged:
            await execute("ALTER TABLE subscription DISABLE TRIGGER USER")
        for statement in _OF_EACH_CUSTOMER:
            await execute("ANALYZE")  # else foreign keys are checked as if tables were still empty
            await execute(statement, shop)
        await execute("ALTER TABLE subscription ENABLE TRIGGER USER")


async def pay_first(shop: UUID, every: int = 1) -> None:
    """The first payment of every so manieth subscription: whoever is due again has been charged before."""
    await execute(
        "INSERT INTO charge (marketplace_id, customer_id, order_id, order_number, subscription_id, period, initiator,"
        f" amount_minor, currency, gateway, attempted_at, paid_at, state, {_BORN})"
        " SELECT $1, customer_id, order_id, number, id, 0, 'order', 900, 'USD', 'sandbox', started_at, started_at,"
        f" 'succeeded', {_BY_IMPORT} FROM subscription WHERE marketplace_id = $1 AND number % $2 = 0 ORDER BY number",
        shop,
        every,
    )


async def tidy() -> None:
    """What autovacuum does within a minute of so many new rows."""
    async with single_connection(os.environ["OWNER_DATABASE_URL"]):
        await execute("VACUUM ANALYZE")


def email_of(number: int) -> str:
    """The address of the subscriber of that number."""
    return f"jane.{number}@example.com"


async def make_due(shop: UUID, every: int = 1) -> int:
    """Makes every so manieth subscription due since some instant of the last minute; answers how many that is."""
    return await execute(
        "UPDATE subscription SET next_charge_at = now() - random() * interval '1 minute'"
        " WHERE marketplace_id = $1 AND number % $2 = 0 AND state = 'active'",
        shop,
        every,
    )


async def charged(shop: UUID) -> int:
    """How many renewals were paid."""
    paid: int = await fetch_value("SELECT count(*) FROM charge WHERE marketplace_id = $1 AND state = 'succeeded'", shop)
    return paid
