"""What a person's own data are, section by section: the SQL of each, a page of it at a time (docs/data.md).

No secret is in one: no token, no digest, no reference that moves money at a gateway.
"""

from collections.abc import Mapping

from workflows.machines import MACHINES

AT_ONCE = 500  # rows

# $1 marketplace, $2 customer, $3 the id to go on behind; `id` is what a section is sorted by.
_PAGE = "{columns} FROM {table} {joined} WHERE {table}.marketplace_id = $1 AND {whose} AND {table}.id > $3"
_ORDERED = f" ORDER BY {{table}}.id LIMIT {AT_ONCE}"


def _own(table: str, columns: str, joined: str = "", whose: str = "") -> str:
    page = "SELECT " + _PAGE + _ORDERED
    named = ", ".join(column if " AS " in column else f"{table}.{column}" for column in columns.split(", "))
    return page.format(table=table, columns=f"{named}", joined=joined, whose=whose or f"{table}.customer_id = $2")


def _same(left: str, column: str, right: str) -> str:
    return f"JOIN {right} ON {right}.marketplace_id = {left}.marketplace_id AND {right}.id = {left}.{column}"


SECTIONS: Mapping[str, str] = {
    "orders": _own(
        "customer_order",
        "id, number, reference, product.name AS product, quantity, amount_minor, currency, placed_at",
        _same("customer_order", "product_id", "product"),
    ),
    "subscriptions": _own(
        "subscription",
        "id, number, state, product.name AS product, amount_minor, currency, interval_unit, interval_count,"
        " payments_made, payments_total, started_at, trial_ends_at, next_charge_at, cancel_at, ended_at",
        _same("subscription", "product_id", "product"),
    ),
    "cards": _own("payment_method", "id, brand, last_four, exp_month, exp_year, created_at"),
    "charges": _own(
        "charge",
        "id, state, order_number, period, initiator, amount_minor, refunded_minor, currency, decline_code,"
        " attempted_at, paid_at",
    ),
    "refunds": _own(
        "refund",
        "id, charge_id, amount_minor, status, requested_at, settled_at",
        _same("refund", "charge_id", "charge"),
        "charge.customer_id = $2",
    ),
    "failed_payments": _own(
        "dunning_case",
        "id, state, subscription.number AS subscription, period, dunning_case.amount_minor AS amount_minor, opened_at,"
        " attempts_made, last_decline_code, closed_at",
        _same("dunning_case", "subscription_id", "subscription"),
        "subscription.customer_id = $2",
    ),
    "invoices": _own("invoice", "id, number, kind, state, issued_at, snapshot AS content"),
    "emails": _own(
        "outgoing_email", "id, template, recipient, state, created_at, submitted_at AS sent_at, context AS facts"
    ),
    "links": _own("access_token", "id, purpose, state, created_at, expires_at"),
    "sessions": _own("portal_session", "id, state, user_agent, started_at, expires_at"),
    "corrections": (
        "SELECT id, at, act, actor_kind, after -> 'fields' AS fields FROM change_log WHERE marketplace_id = $1"
        f" AND subject = 'customer:' || $2::uuid::text AND id > $3 ORDER BY id LIMIT {AT_ONCE}"
    ),
}

_OF_CASES = "subscription_id IN (SELECT id FROM subscription WHERE marketplace_id = $1 AND customer_id = $2)"
_OF_DOCUMENTS = "invoice_id IN (SELECT id FROM invoice WHERE marketplace_id = $1 AND customer_id = $2)"
_OTHERWISE = {"dunning_case": _OF_CASES, "document": _OF_DOCUMENTS}
_NOBODYS = {"webhook_endpoint", "webhook_delivery"}  # the merchant's own

# Every row of theirs that has a life, as they come; for each page the log of its rows, as far back as it is kept.
_LIVES = " UNION ALL ".join(
    f"(SELECT '{machine.name}' AS machine, id FROM {machine.name} WHERE marketplace_id = $1"
    f" AND {_OTHERWISE.get(machine.name, 'customer_id = $2')} AND id > $3 ORDER BY id LIMIT {AT_ONCE})"
    for machine in MACHINES
    if machine.name not in _NOBODYS
)
LOG = f"""
SELECT life.id, log.machine, log.entity_id, log.seq, log.trigger, log.from_state, log.to_state, log.actor_kind,
       log.reason, log.details, log.at, encode(log.hash, 'hex') AS hash
FROM (SELECT * FROM ({_LIVES}) AS lives ORDER BY id LIMIT {AT_ONCE}) AS life
LEFT JOIN transition_log AS log ON log.marketplace_id = $1 AND log.machine = life.machine AND log.entity_id = life.id
ORDER BY life.id, log.seq
"""
