"""The shop of benchmarks/subscription_search.py: customers with names as people have them, one subscription each.

One in fifty has a failed charge, one in five has left, one in twenty-five was won back. What is measured is not here.
"""

from uuid import UUID

from models.database import execute
from tests.factories import a_marketplace

_FIRST = (
    "Jane John Maria Ana Wei Mohammed Olga Paul Lucas Emma Noah Mia Liam Sofia Ivan Chen Fatima Peter Laura David"
    " Sarah Daniel Nora Tom Ida Hugo Elena Marc Aisha Oscar Greta Felix Clara Max Anna Leo Eva Jonas Lena Karl"
)
_LAST = (
    "Doe Smith Garcia Muller Rossi Kim Nguyen Silva Novak Haddad Ivanova Jensen Brown Martin Dubois Costa Weber Berg"
    " Moreau Santos Fischer Becker Larsen Lindqvist Okafor Mensah Tanaka Sato Wang Li Zhang Kumar Singh Patel Khan"
    " Ali Hassan Yilmaz Demir Kowalski Nowak Horvat Popescu Ionescu Petrov Sokolov Murphy Walsh Kelly Byrne"
)
_BORN = "moved_trigger, moved_by, moved_reason, moved_at, log_hash"
_BY_IMPORT = "'import', 'import:benchmark', 'test_data', now(), '\\x00'"
_NEW_ONES = "marketplace_id = $1 AND number BETWEEN $2 AND $3"

_CUSTOMERS = """
INSERT INTO customer (marketplace_id, number, name, email)
SELECT $1, n, first || ' ' || last, lower(format('%s.%s.%s@example.com', first, last, n))
FROM generate_series($2::int, $3::int) AS n,
     LATERAL (SELECT ($4::text[])[1 + (hashint4(n) & 65535) % 40] AS first,
                     ($5::text[])[1 + (hashint4(-n) & 65535) % 50] AS last) AS person
"""
_ORDERS = f"""
INSERT INTO customer_order (marketplace_id, number, customer_id, product_id, amount_minor, currency, placed_at)
SELECT $1, number, id, (SELECT id FROM product WHERE marketplace_id = $1), 900, 'USD',
       now() - (number % 1500) * interval '1 day'
FROM customer WHERE {_NEW_ONES}
"""
_SUBSCRIPTIONS = f"""
INSERT INTO subscription (marketplace_id, number, customer_id, product_id, order_id, amount_minor, currency,
                          interval_unit, interval_count, payments_made, started_at, anchor_at, next_period,
                          next_charge_at, ended_at, state, {_BORN})
SELECT $1, number, customer_id, product_id, id, 900, 'USD', 'month', 1, 1, placed_at, placed_at, 1,
       CASE state WHEN 'active' THEN now() + interval '9 days' END, CASE state WHEN 'cancelled' THEN now() END,
       state, {_BY_IMPORT}
FROM customer_order, LATERAL (SELECT CASE WHEN hashint8(number) & 1023 < 20 THEN 'failed_charge'
                                          WHEN number % 5 = 3 THEN 'cancelled' ELSE 'active' END AS state) AS made
WHERE {_NEW_ONES}
"""
_CASES = f"""
INSERT INTO dunning_case (marketplace_id, subscription_id, period, amount_minor, currency, policy, opened_at, closed_at,
                          state, {_BORN})
SELECT $1, id, 1, amount_minor, currency, '{{}}', now() - interval '20 days', now() - (number % 60) * interval '1 day',
       'recovered', {_BY_IMPORT}
FROM subscription WHERE {_NEW_ONES} AND number % 25 = 1
"""
# What the moves' own triggers would have left, which do not run while so many rows are written at once.
_COUNTED = f"""
INSERT INTO tally_step (marketplace_id, name, step)
SELECT marketplace_id, state, count(*) FROM subscription WHERE {_NEW_ONES} GROUP BY marketplace_id, state
"""
_WON_BACK = f"""
INSERT INTO tally_step (marketplace_id, name, day, currency, step)
SELECT marketplace_id, 'recovered', (closed_at AT TIME ZONE 'UTC')::date AS day, currency, sum(won.amount_minor)
FROM dunning_case AS won
WHERE marketplace_id = $1 AND subscription_id IN (SELECT id FROM subscription WHERE {_NEW_ONES})
GROUP BY marketplace_id, day, currency
"""
FILLED = ("customer", "customer_order", "subscription", "dunning_case")


async def a_shop(slug: str) -> UUID:
    """A marketplace with one product of 9.00 a month."""
    shop = (await a_marketplace(slug=slug, name=slug, sandbox=False)).id
    await execute(
        "INSERT INTO product (marketplace_id, name, kind, currency, amount_minor, interval_unit, interval_count)"
        " VALUES ($1, 'Box', 'recurring', 'USD', 900, 'month', 1)",
        shop,
    )
    return shop


async def sell(shop: UUID, first: int, last: int) -> None:
    """Customers of these numbers, each with an order and a subscription of some age and state.

    As a superuser: neither the log's triggers nor those of foreign keys run, for neither is what is measured.
    """
    await execute("SET session_replication_role = replica")
    await execute(_CUSTOMERS, shop, first, last, _FIRST.split(), _LAST.split())
    for statement in (_ORDERS, _SUBSCRIPTIONS, _CASES, _COUNTED, _WON_BACK):
        await execute(statement, shop, first, last)
    for table in FILLED:
        await execute(f"VACUUM ANALYZE {table}")
