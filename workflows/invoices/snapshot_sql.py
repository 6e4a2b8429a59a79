"""The SQL that takes an invoice's snapshot from the rows of the day, for invoices of the day and imported ones alike.

    INSERT INTO invoice (…, snapshot, …) SELECT …, {snapshot_sql("row.number")}, … {SNAPSHOT_FROM} WHERE charge.…

Its JSON is read by snapshot.py. Tax is of the product's rate, or else the marketplace's; where neither is set,
nothing is said about it (docs/decisions/0028).
"""

from workflows.invoices.tax import EU_COUNTRIES, included_tax_sql, vat_prefix

_GROSS, _RATE = "charge.amount_minor", "rated.basis_points"
_VAT_PREFIX = "CASE marketplace.country WHEN 'GR' THEN 'EL' ELSE marketplace.country END"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


_PREFIXES = frozenset(vat_prefix(country) for country in EU_COUNTRIES)
_BUYER_OWES = (
    f"marketplace.reverse_charge AND marketplace.country IN ({_listed(EU_COUNTRIES)})"
    f" AND upper(left(trim(customer.tax_id), 2)) IN ({_listed(_PREFIXES)})"
    f" AND upper(left(trim(customer.tax_id), 2)) <> {_VAT_PREFIX}"
)
_UNIT = (
    "CASE WHEN charge.amount_minor % customer_order.quantity = 0 THEN charge.amount_minor / customer_order.quantity END"
)

SNAPSHOT_FROM = f"""
FROM charge
JOIN marketplace ON marketplace.id = charge.marketplace_id
JOIN customer ON customer.marketplace_id = charge.marketplace_id AND customer.id = charge.customer_id
JOIN customer_order ON customer_order.marketplace_id = charge.marketplace_id AND customer_order.id = charge.order_id
JOIN product ON product.marketplace_id = customer_order.marketplace_id AND product.id = customer_order.product_id
LEFT JOIN subscription ON subscription.marketplace_id = charge.marketplace_id
    AND subscription.id = charge.subscription_id
LEFT JOIN payment_method AS card ON card.marketplace_id = charge.marketplace_id AND card.id = charge.payment_method_id
CROSS JOIN LATERAL (SELECT coalesce(product.tax_basis_points, marketplace.tax_basis_points) AS basis_points,
    coalesce({_BUYER_OWES}, false) AS buyer_owes, {_UNIT} AS unit_minor) AS priced
CROSS JOIN LATERAL (SELECT priced.*, priced.buyer_owes AND priced.basis_points IS NOT NULL AS reverse_charge) AS rated
CROSS JOIN LATERAL (SELECT
    CASE WHEN rated.reverse_charge THEN 0 ELSE {included_tax_sql(_GROSS, _RATE)} END AS tax_minor,
    CASE WHEN rated.reverse_charge THEN 0 ELSE {included_tax_sql("rated.unit_minor", _RATE)} END AS unit_tax_minor
) AS taxed
"""


def snapshot_sql(number: str, *, tax_known: bool = True) -> str:
    """The snapshot of the charge in SNAPSHOT_FROM, as a jsonb expression; `number` is SQL for the invoice's number.

    `tax_known` False: of a payment of the past, whose tax nobody told us.
    """
    tax = "'tax', NULL::jsonb, 'tax_note', ''"
    if tax_known:
        tax = """'tax', CASE WHEN rated.basis_points IS NOT NULL THEN jsonb_build_object(
            'basis_points', rated.basis_points, 'reverse_charge', rated.reverse_charge,
            'net_minor', charge.amount_minor - taxed.tax_minor, 'tax_minor', taxed.tax_minor) END,
        'tax_note', marketplace.tax_note"""
    net = (
        "'net_unit_minor', rated.unit_minor - taxed.unit_tax_minor, 'net_minor', charge.amount_minor - taxed.tax_minor,"
    )
    return f"""jsonb_build_object(
        'version', 2, 'kind', 'invoice', 'number', ({number})::text,
        'order_number', charge.order_number, 'subscription_number', subscription.number,
        'currency', charge.currency, 'total_minor', charge.amount_minor, 'paid_at', charge.paid_at,
        'issued_at', charge.paid_at, 'supplied_at', charge.paid_at,
        'lines', jsonb_build_array(jsonb_build_object(
            'description', product.name, 'quantity', customer_order.quantity, 'unit_minor', rated.unit_minor,
            {net if tax_known else ""} 'total_minor', charge.amount_minor)),
        {tax},
        'seller', jsonb_build_object('name', marketplace.name, 'address', marketplace.address,
            'country', marketplace.country, 'tax_id', marketplace.tax_id, 'email', marketplace.support_email),
        'buyer', jsonb_build_object('name', customer.name, 'address', customer.address,
            'country', customer.country, 'tax_id', customer.tax_id, 'email', customer.email),
        'payment', CASE WHEN card.id IS NOT NULL THEN
            jsonb_build_object('brand', card.brand, 'last_four', card.last_four) END,
        'logo_digest', marketplace.logo_digest, 'locale', customer.locale,
        'language', marketplace.language, 'time_zone', marketplace.time_zone)"""
