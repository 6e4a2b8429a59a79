"""What an import refuses: each bad row alone, naming its column and the rule, the rows around it imported."""

# ruff: noqa: E501 - tables stay aligned, however wide

import pytest

from models.database import fetch, fetch_value
from tests.factories import a_customer, a_marketplace
from tests.workflows.importing.importing_rows import (
    Row,
    a_purchase,
    a_subscriber,
    charge_row,
    count,
    customer_row,
    imported,
    order_row,
    product_row,
    subscription_row,
)

pytestmark = pytest.mark.usefixtures("database")

A_CARD = {"card_reference": "pm", "card_brand": "visa", "card_last_four": "4242", "card_exp_year": "2031"}


# fmt: off
BAD_CUSTOMERS: list[tuple[Row, str, str]] = [
    (customer_row("", email="j@e.io"),         "reference", "is empty"),
    (customer_row("x" * 201, email="j@e.io"),  "reference", "is longer than 200 characters"),
    (customer_row(email=""),                  "email",     "is empty"),
    (customer_row(email="jane at home"),      "email",     "is not an e-mail address"),
    (customer_row(email="a@b@example.com"),   "email",     "is not an e-mail address"),
    (customer_row(email="x" * 300 + "@e.io"), "email",     "is longer than 254 characters"),
    (customer_row(name="Jane\0Doe"),          "name",      "contains a NUL byte"),
    (customer_row(name="Jane\nDoe"),          "name",      "contains a line break or control character"),
    (customer_row(name="Jane\x1b[2J"),        "name",      "contains a line break or control character"),
    (customer_row(name="J\udce4ne"),          "name",      "is not UTF-8"),
    (customer_row(name="x" * 201),            "name",      "is longer than 200 characters"),
    (customer_row(address="a\x07b"),          "address",   "contains control characters"),
    (customer_row(country="Germany"),         "country",   "is not a country's two capital letters: 'Germany'"),
    (customer_row(locale="!"),                "locale",    "is not a locale like en-US: '!'"),
]
# fmt: on


async def test_bad_customers_among_good_ones() -> None:
    shop = await a_marketplace()

    became = await imported(
        shop, customers=[*(row for row, _, _ in BAD_CUSTOMERS), customer_row("good", email="good@example.com")]
    )

    assert became.reasons == [(column, reason) for _, column, reason in BAD_CUSTOMERS]
    assert await fetch_value("SELECT reference FROM customer") == "good"


async def test_a_report_line_names_file_line_column_and_reason() -> None:
    shop = await a_marketplace()

    became = await imported(shop, customers=[customer_row(), customer_row("c2", email="nonsense")])

    assert [str(row) for row in became.refused] == ["customers.csv: 3: email: is not an e-mail address"]


async def test_all_that_is_wrong_with_a_row_stands_in_one_line() -> None:
    shop = await a_marketplace()

    became = await imported(shop, customers=[customer_row(email="nonsense", country="xx")])

    reason = "is not an e-mail address; country is not a country's two capital letters: 'xx'"
    assert became.reasons == [("email", reason)]


async def test_an_address_belongs_to_one_customer_whatever_its_case() -> None:
    shop = await a_marketplace()
    await a_customer(shop, email="ada@example.com", number=77)
    rows = [
        customer_row("c1", email="Jane@Example.com"),
        customer_row("c2", email="jane@example.COM"),
        customer_row("c3", email="ADA@example.com"),
    ]

    became = await imported(shop, customers=rows)

    taken = "belongs to another customer already"
    assert became.reasons == [
        ("email", f"{taken} (reference c1)"),
        ("email", f"{taken} (number 77, not imported)"),
    ]


async def test_another_marketplaces_customers_and_references_are_no_concern() -> None:
    shop, other = await a_marketplace(), await a_marketplace()
    await imported(other, **a_purchase())

    became = await imported(shop, orders=[order_row()])

    assert became.reasons == [("customer", "is no known customer's reference: c1")]
    assert (await imported(shop, **a_purchase())).refused == []


async def test_a_formula_is_text() -> None:
    shop = await a_marketplace()
    formula = '=HYPERLINK("http://evil.example","Jane")'

    became = await imported(shop, customers=[customer_row(name=formula)])

    assert became.refused == []
    assert await fetch_value("SELECT name FROM customer") == formula


# fmt: off
BAD_PRODUCTS: list[tuple[Row, str, str]] = [
    (product_row(kind="box"),               "kind",     "is 'box', not one of one_off, recurring, limited, pay_what_you_want"),
    (product_row(kind="recurring"),         "interval_unit", "is empty"),
    (product_row(kind="recurring", interval_unit="fortnight"), "interval_unit", "is 'fortnight', not one of day, week, month, year"),
    (product_row(interval_unit="month"),    "interval_unit", "is not for a one_off product"),
    (product_row(payments="3"),             "payments", "is for limited products only"),
    (product_row(currency="Dollars"),       "currency", "is not a currency's three capital letters: 'Dollars'"),
    (product_row(currency="usd"),           "currency", "is not a currency's three capital letters: 'usd'"),
    (product_row(amount="-1"),              "amount",   "is negative: -1"),
    (product_row(amount="1,000.00"),        "amount",   "is not an amount like 1234.56: '1,000.00'"),
    (product_row(amount="1e3"),             "amount",   "is not an amount like 1234.56: '1e3'"),
    (product_row(amount="NaN"),             "amount",   "is not an amount like 1234.56: 'NaN'"),
    (product_row(amount="١٢"),              "amount",   "is not an amount like 1234.56: '١٢'"),
    (product_row(amount="12.345"),          "amount",   "has more decimals than USD has (2)"),
    (product_row(amount="1.5", currency="JPY"), "amount", "has more decimals than JPY has (0)"),
    (product_row(name=""),                  "name",     "is empty"),
]
# fmt: on


async def test_bad_products_among_good_ones() -> None:
    shop = await a_marketplace()

    became = await imported(shop, products=[*(row for row, _, _ in BAD_PRODUCTS), product_row("good")])

    assert became.reasons == [(column, reason) for _, column, reason in BAD_PRODUCTS]
    assert await fetch_value("SELECT reference FROM product") == "good"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("12.3", "USD", 1230), ("500", "JPY", 500), ("1.25", "KWD", 1250)]
)
async def test_amounts_are_kept_in_minor_units(amount: str, currency: str, minor: int) -> None:
    shop = await a_marketplace()

    await imported(shop, products=[product_row(amount=amount, currency=currency)])

    assert await fetch_value("SELECT amount_minor FROM product") == minor


# fmt: off
BAD_ORDERS: list[tuple[Row, str, str]] = [
    (order_row("o2", customer="nobody"),            "customer",  "is no known customer's reference: nobody"),
    (order_row("o2", product="nothing"),            "product",   "is no known product's reference: nothing"),
    (order_row("o2", quantity="0"),                 "quantity",  "is not a whole number from 1 to 1000000: '0'"),
    (order_row("o2", quantity="1.5"),               "quantity",  "is not a whole number from 1 to 1000000: '1.5'"),
    (order_row("o2", placed_at="01/03/2025"),       "placed_at", "is neither a date (2026-03-15) nor an instant (2026-03-15T10:00:00Z): '01/03/2025'"),
    (order_row("o2", placed_at="2025-02-30"),       "placed_at", "is neither a date (2026-03-15) nor an instant (2026-03-15T10:00:00Z): '2025-02-30'"),
    (order_row("o2", placed_at="2025-03-01T10:00"), "placed_at", "is neither a date (2026-03-15) nor an instant (2026-03-15T10:00:00Z): '2025-03-01T10:00'"),
    (order_row("o2", placed_at="0001-01-01"),       "placed_at", "is neither a date (2026-03-15) nor an instant (2026-03-15T10:00:00Z): '0001-01-01'"),
    (order_row("o2", placed_at="2199-01-01"),       "placed_at", "lies in the future: 2199-01-01"),
]
# fmt: on


async def test_bad_orders_among_good_ones() -> None:
    shop = await a_marketplace()
    purchase = a_purchase()

    became = await imported(shop, **{**purchase, "orders": [*(row for row, _, _ in BAD_ORDERS), *purchase["orders"]]})

    assert became.reasons == [(column, reason) for _, column, reason in BAD_ORDERS]
    assert await fetch_value("SELECT reference FROM customer_order") == "o1"


async def test_a_date_alone_is_noon_where_the_marketplace_is() -> None:
    shop = await a_marketplace(time_zone="Asia/Tokyo")

    await imported(shop, **a_purchase())

    assert (await fetch_value("SELECT placed_at FROM customer_order")).isoformat() == "2025-03-01T03:00:00+00:00"


# fmt: off
BAD_SUBSCRIPTIONS: list[tuple[Row, str, str]] = [
    (subscription_row(order="nothing"),          "order",         "is no known order's reference: nothing"),
    (subscription_row(state="trialing"),         "state",         "is 'trialing', not one of active, failed_charge, completed, cancelled"),
    (subscription_row(ended_at=""),              "ended_at",      "is empty, and the state is cancelled"),
    (subscription_row(next_charge_at="2199-01-01"), "next_charge_at", "is not for state cancelled"),
    (subscription_row(state="active", ended_at=""), "next_charge_at", "is empty, and the state is active"),
    (subscription_row(state="active", ended_at="", next_charge_at="2025-01-01"), "next_charge_at", "lies in the past: it would happen at once"),
    (subscription_row(currency="EUR"),           "currency",      "is not its order's: USD"),
    (subscription_row(payments_total="2"),       "payments_made", "is more than payments_total (2)"),
    (subscription_row(state="completed", payments_total="6"), "payments_made", "is not all of payments_total, and the state is completed"),
    (subscription_row(**A_CARD, card_exp_month="13"), "card_exp_month", "is not a whole number from 1 to 12: '13'"),
    (subscription_row(**{**A_CARD, "card_last_four": "4242424242424242"}, card_exp_month="1"), "card_last_four", "is not four digits: '4242424242424242'"),
    (subscription_row(state="failed_charge", ended_at="", failed_at="2025-06-01", amount="0"), "amount", "is 0, and the state is failed_charge"),
]
# fmt: on


async def test_bad_subscriptions_among_good_ones() -> None:
    shop = await a_marketplace()

    became = await imported(
        shop, **a_subscriber(), subscriptions=[*(row for row, _, _ in BAD_SUBSCRIPTIONS), subscription_row("good")]
    )

    assert became.reasons == [(column, reason) for _, column, reason in BAD_SUBSCRIPTIONS]
    assert await fetch_value("SELECT reference FROM subscription") == "good"


async def test_a_product_bought_once_has_no_subscription() -> None:
    shop = await a_marketplace()

    became = await imported(shop, **a_purchase(), subscriptions=[subscription_row()])

    assert became.reasons == [("order", "is for a one_off product, which has no subscriptions")]


# fmt: off
BAD_CHARGES: list[tuple[Row, str, str]] = [
    (charge_row(order="nothing"),               "order",    "is no known order's reference: nothing"),
    (charge_row(state="pending"),               "state",    "is 'pending', not one of succeeded, refunded, partially_refunded, disputed, failed"),
    (charge_row(paid_at=""),                    "paid_at",  "is empty"),
    (charge_row(paid_at="2199-01-01"),          "paid_at",  "lies in the future: 2199-01-01"),
    (charge_row(amount="-12.00"),               "amount",   "is negative: -12.00"),
    (charge_row(amount="0"),                    "amount",   "is 0: no money moved, and only a pay-what-you-want product can be had for nothing"),
    (charge_row(currency="EUR"),                "currency", "is not its order's: USD"),
    (charge_row(refunded="1.00"),               "refunded", "is not for state succeeded"),
    (charge_row(state="refunded", refunded="1.00"), "refunded", "is not the whole amount, and the state is refunded"),
    (charge_row(state="partially_refunded"),    "refunded", "is empty"),
    (charge_row(state="partially_refunded", refunded="12.00"), "refunded", "is not a part of the amount, and the state is partially_refunded"),
    (charge_row(state="disputed", refunded="13"), "refunded", "is more than the amount"),
    (charge_row(state="failed"),                "paid_at",  "is not for state failed; attempted_at is empty"),
    (charge_row(period="1"),                    "period",   "goes with a subscription, and a subscription with a period"),
    (charge_row(subscription="nothing", period="1"), "subscription", "is no known subscription's reference: nothing"),
    (charge_row(invoice_number="../etc"),       "invoice_number", "can only have letters, digits and . / _ - (at most 60 characters)"),
]
# fmt: on


async def test_bad_charges_among_good_ones() -> None:
    shop = await a_marketplace()

    became = await imported(shop, **a_purchase(), charges=[*(row for row, _, _ in BAD_CHARGES), charge_row("good")])

    assert became.reasons == [(column, reason) for _, column, reason in BAD_CHARGES]
    assert await fetch_value("SELECT reference FROM charge") == "good"


async def test_an_invoice_number_is_nobody_elses() -> None:
    shop = await a_marketplace()
    purchase = a_purchase()
    purchase["orders"].append(order_row("o2"))
    charges = [charge_row(invoice_number="A-1"), charge_row("p2", order="o2", invoice_number="A-1")]

    became = await imported(shop, **purchase, charges=charges)

    assert became.reasons == [("invoice_number", "is taken by another invoice: A-1")]
    assert [await count("charge"), await count("invoice")] == [1, 1]


async def test_a_period_is_paid_once_and_not_before_its_time() -> None:
    shop = await a_marketplace()
    charges = [
        charge_row("p1", subscription="s1", period="0", amount="24.00"),
        charge_row("p2", subscription="s1", period="0", amount="24.00", invoice_number="again"),
        charge_row("p3", subscription="s1", period="3", amount="24.00"),
    ]

    became = await imported(shop, **a_subscriber(), subscriptions=[subscription_row()], charges=charges)

    assert became.reasons == [
        ("period", "is paid by another charge already"),
        ("period", "was not charged yet: the subscription's next is 3"),
    ]


async def test_nothing_can_be_paid_for_what_is_paid_as_one_wants() -> None:
    shop = await a_marketplace()
    purchase = a_purchase()
    purchase["products"] = [product_row(kind="pay_what_you_want", amount="0")]
    purchase["orders"] = [order_row(amount="0")]

    became = await imported(shop, **purchase, charges=[charge_row(amount="0")])

    assert became.refused == []
    assert [await count("charge"), await count("invoice")] == [1, 1]


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("products", product_row(amount="13.00"), "amount"),
        ("customers", customer_row(email="other@example.com"), "email"),
        ("orders", order_row(placed_at="2025-03-02"), "placed_at"),
        ("charges", charge_row(amount="11.00"), "amount"),
        ("charges", charge_row(state="disputed"), "state"),
        ("charges", charge_row(invoice_number="other"), "invoice_number"),
    ],
)
async def test_a_known_reference_with_other_content_is_refused_and_nothing_overwritten(
    kind: str, row: Row, column: str
) -> None:
    shop = await a_marketplace()
    await imported(shop, **a_purchase(), charges=[charge_row()])
    before = [await fetch(f"SELECT * FROM {table}") for table in ("product", "customer", "customer_order", "charge")]

    became = await imported(shop, **{kind: [row]})

    assert became.reasons == [(column, "differs from what was imported under this reference")]
    after = [await fetch(f"SELECT * FROM {table}") for table in ("product", "customer", "customer_order", "charge")]
    assert after == before


async def test_what_the_database_alone_refuses_is_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await a_marketplace()
    monkeypatch.setattr("workflows.importing.customers._INSERT", _WITHOUT_C7)

    became = await imported(shop, customers=[customer_row(f"c{number}") for number in range(20)])

    constraint = 'null value in column "name" of relation "customer" violates not-null constraint'
    assert [(row.line, row.reason) for row in became.refused] == [(9, f"is refused by the database: {constraint}")]
    assert await count("customer") == 19


_WITHOUT_C7 = """
INSERT INTO customer (marketplace_id, number, reference, email, name, address, country, tax_id, locale)
SELECT $1, $2 + place - 1, reference, email, CASE reference WHEN 'c7' THEN NULL ELSE name END, address,
       country, tax_id, locale
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[])
     WITH ORDINALITY AS given (reference, email, name, address, country, tax_id, locale, gateway_reference, place)
"""
