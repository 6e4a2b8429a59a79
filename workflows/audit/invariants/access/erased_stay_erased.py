"""docs/data.md: of an erased customer nothing is here, nothing is sent to them, and nothing is charged."""

from workflows.audit.invariants.invariant import Invariant, same

ERASED_STAY_ERASED = Invariant(
    name="erased_stay_erased",
    says="Of a customer who was erased no address, no session, no e-mail and no live subscription is here.",
    about="customer",
    breaches=f"""
    SELECT customer.marketplace_id, customer.id AS entity, format('customer %s was erased, and %s', customer.number,
        CASE WHEN customer.email NOT LIKE '%@erased.invalid' OR customer.name <> '' THEN 'has an address or a name'
             WHEN living.number IS NOT NULL THEN format('subscription %s is live', living.number)
             WHEN session.id IS NOT NULL THEN format('session %s is active', session.id)
             ELSE format('e-mail %s has a recipient', email.id) END) AS tells
    FROM customer
    LEFT JOIN LATERAL (SELECT number FROM subscription WHERE {same("subscription", "customer")}
        AND customer_id = customer.id AND state IN ('active', 'failed_charge') LIMIT 1) AS living ON true
    LEFT JOIN LATERAL (SELECT id FROM portal_session WHERE {same("portal_session", "customer")}
        AND customer_id = customer.id AND state = 'active' LIMIT 1) AS session ON true
    LEFT JOIN LATERAL (SELECT id FROM outgoing_email WHERE {same("outgoing_email", "customer")}
        AND customer_id = customer.id AND recipient NOT LIKE '%@erased.invalid' LIMIT 1) AS email ON true
    WHERE customer.erased_at IS NOT NULL AND (customer.email NOT LIKE '%@erased.invalid' OR customer.name <> ''
        OR living.number IS NOT NULL OR session.id IS NOT NULL OR email.id IS NOT NULL)
    """,
)
