"""The SQL that writes an event beside the change it tells of. Pure text without values: the engine puts it into moves.

The changed rows are in a CTE called `moved`. What an event says of one is taken from it there and then; rows that it
points to are read as they were when the statement began. Only where somebody listens is anything written.
"""

from collections.abc import Mapping

from workflows.engine.event_types import EVENT_TYPES


def _number(table: str, column: str) -> str:
    return (
        f"(SELECT number FROM {table} WHERE {table}.marketplace_id = moved.marketplace_id"
        f" AND {table}.id = moved.{column})"
    )


def _same(columns: str) -> dict[str, str]:
    return {name: f"moved.{name}" for name in columns.split()}


def _instants(columns: str) -> dict[str, str]:
    return {name: f"rfc3339(moved.{name})" for name in columns.split()}


_CUSTOMER = {"customer": _number("customer", "customer_id")}
_ORDER = {"order": _number("customer_order", "order_id")}
_BECAUSE = {"because": "moved.moved_reason", "by": "split_part(moved.moved_by, chr(58), 1)"}  # chr(58): a colon

# What is said of a row, by its table. Numbers as people see them, ids where they have none; amounts in minor units.
DATA: Mapping[str, Mapping[str, str]] = {
    "subscription": {
        **_same("id number reference state"),
        **_CUSTOMER,
        **_ORDER,
        "product": "moved.product_id",
        **_same("amount_minor currency interval_unit interval_count payments_made payments_total"),
        **_instants("started_at trial_ends_at next_charge_at cancel_at ended_at"),
        **_BECAUSE,
    },
    "charge": {
        **_same("id reference state"),
        **_CUSTOMER,
        "order": "moved.order_number",
        "subscription": _number("subscription", "subscription_id"),
        **_same("period amount_minor refunded_minor currency initiator decline_code"),
        **_instants("attempted_at paid_at"),
        **_BECAUSE,
    },
    "invoice": {
        **_same("kind number state"),
        **_CUSTOMER,
        "order": "moved.snapshot -> 'order_number'",
        "subscription": "moved.snapshot -> 'subscription_number'",
        "charge": "moved.charge_id",
        "earlier": "moved.snapshot -> 'earlier' -> 'number'",
        "total_minor": "moved.snapshot -> 'total_minor'",
        "currency": "moved.snapshot -> 'currency'",
        **_instants("issued_at"),
        **_BECAUSE,
    },
    "customer": _same("id number reference"),
}


def events_of(table: str, conditions: Mapping[str, str], at: str = "moved.moved_at") -> str:
    """INSERT … RETURNING marketplace_id, id: an event of each type for the rows in `moved` that meet its condition.

    Raises KeyError for a table of which nothing is said, and for a type that is not published.
    """
    fields = ", ".join(f"'{name}', {value}" for name, value in DATA[table].items())
    selected = " UNION ALL ".join(
        f"SELECT moved.marketplace_id, '{_published(name)}', jsonb_build_object({fields}), {at}"
        f" FROM moved WHERE {_has_subscriber(name)} AND {condition}"
        for name, condition in conditions.items()
    )
    return (
        f"INSERT INTO webhook_event (marketplace_id, type, data, occurred_at) {selected} RETURNING marketplace_id, id"
    )


def _published(name: str) -> str:
    EVENT_TYPES[name]
    return name


def _has_subscriber(name: str) -> str:
    return (
        "EXISTS (SELECT FROM webhook_endpoint AS listening WHERE listening.marketplace_id = moved.marketplace_id"
        f" AND listening.state = 'enabled' AND (listening.event_types IS NULL OR listening.event_types ? '{name}'))"
    )
