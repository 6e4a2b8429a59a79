"""Whose rows make a story: everything that hangs on one subscription, or on one customer, with the span of its moves.

Each is a CTE `thing (machine, id, since, until, amount_minor, currency, what)`; $1 is the marketplace, $2 the subject.
The span keeps partitions of the log out in which nothing of the thing can be.
"""

from workflows.machines import MACHINES

_SINCE = "uuid_extract_timestamp({0}.id) - interval '1 day', '2000-01-01Z'"
_SPAN = "greatest({0}) AS since, {1}.moved_at AS until"


def _entity_sql(machine: str, source: str, amount: str = "NULL::bigint, NULL::text", what: str = "NULL::text") -> str:
    span = _SPAN.format(_SINCE.format(machine), machine)
    return f"SELECT '{machine}', {machine}.id, {span}, {amount}, {what} FROM {source}"


_MONEY = "{0}.amount_minor, {0}.currency"
_SUBSCRIPTION = _entity_sql("subscription", "subscription")
_CASE = _entity_sql("dunning_case", "dunning_case", _MONEY.format("dunning_case"))
_CHARGE = _entity_sql("charge", "charge", _MONEY.format("charge"))
_MAIL = _entity_sql("outgoing_email", "outgoing_email", what="outgoing_email.template")
_LINK = _entity_sql("access_token", "access_token", what="access_token.purpose")
_BY_CHARGE = "about JOIN invoice ON invoice.marketplace_id = $1 AND invoice.charge_id = about.id"
_INVOICE = _entity_sql("invoice", _BY_CHARGE, what="invoice.number")
_DOCUMENT = _entity_sql(
    "document",
    f"{_BY_CHARGE} JOIN document ON document.marketplace_id = $1 AND document.invoice_id = invoice.id",
    what="invoice.number",
)

_CORE = f"""{_SUBSCRIPTION} WHERE marketplace_id = $1 AND id = $2
    UNION ALL {_CASE} WHERE marketplace_id = $1 AND subscription_id = $2
    UNION ALL {_CHARGE} WHERE marketplace_id = $1 AND subscription_id = $2"""

# What staff look for first: what was charged, and which e-mails to the customer did not arrive.
TIMELINE_OF_SUBSCRIPTION = f"""
thing (machine, id, since, until, amount_minor, currency, what) AS MATERIALIZED (
    {_CORE}
    UNION ALL {_MAIL} WHERE marketplace_id = $1 AND state IN ('bounced', 'dropped')
        AND customer_id = (SELECT customer_id FROM subscription WHERE marketplace_id = $1 AND id = $2)
)
"""

# An e-mail says by its cause what it is about; a link by its subscription, a session by the link that began it.
OF_SUBSCRIPTION = f"""
core (machine, id, since, until, amount_minor, currency, what) AS MATERIALIZED (
    {_CORE}
),
about AS MATERIALIZED (SELECT id FROM core WHERE machine = 'charge'),
owner AS MATERIALIZED (SELECT customer_id, order_id FROM subscription WHERE marketplace_id = $1 AND id = $2),
cause AS MATERIALIZED (
    SELECT 'charge:' || id AS begins FROM about UNION SELECT 'receipt:' || id || ':' FROM about
    UNION SELECT 'refund:' || refund.id FROM about JOIN refund ON refund.marketplace_id = $1
                                                              AND refund.charge_id = about.id
    UNION SELECT machine || ':' || id || ':' FROM core WHERE machine <> 'charge'
    UNION SELECT 'order:' || order_id FROM owner
),
link AS MATERIALIZED (
    SELECT access_token.id FROM owner JOIN access_token ON access_token.marketplace_id = $1
    AND access_token.customer_id = owner.customer_id WHERE access_token.subscription_id = $2
),
mail AS MATERIALIZED (
    SELECT outgoing_email.* FROM owner JOIN outgoing_email ON outgoing_email.marketplace_id = $1
    AND outgoing_email.customer_id = owner.customer_id
    WHERE outgoing_email.access_token_id IN (SELECT id FROM link)
       OR EXISTS (SELECT FROM cause WHERE starts_with(outgoing_email.cause, cause.begins))
),
acted AS MATERIALIZED (
    SELECT DISTINCT log.request_id FROM core JOIN transition_log AS log ON log.marketplace_id = $1
    AND log.machine = core.machine AND log.entity_id = core.id AND log.at >= core.since AND log.at <= core.until
    WHERE log.actor_kind IN ('customer', 'staff') AND log.request_id IS NOT NULL
),
sign_in AS MATERIALIZED (
    SELECT DISTINCT session_id AS id FROM acted JOIN access_log ON access_log.request_id = acted.request_id
    WHERE access_log.marketplace_id = $1 AND session_id IS NOT NULL
),
began AS MATERIALIZED (
    SELECT portal_session.* FROM sign_in JOIN portal_session ON portal_session.marketplace_id = $1
    AND portal_session.id = sign_in.id
),
thing AS MATERIALIZED (
    SELECT * FROM core
    UNION ALL {_INVOICE}
    UNION ALL {_DOCUMENT}
    UNION ALL {_entity_sql("outgoing_email", "mail AS outgoing_email", what="outgoing_email.template")}
    UNION ALL {_entity_sql("portal_session", "began AS portal_session")}
    UNION ALL {_LINK} WHERE marketplace_id = $1 AND id IN
        (SELECT id FROM link UNION SELECT access_token_id FROM mail UNION SELECT access_token_id FROM began)
)
"""

# Charges by their subscriptions or by the money that they moved, sessions by their links: there are indexes for these.
OF_CUSTOMER = f"""
owned AS MATERIALIZED (SELECT id FROM subscription WHERE marketplace_id = $1 AND customer_id = $2),
about AS MATERIALIZED (
    SELECT id FROM charge WHERE marketplace_id = $1 AND subscription_id IN (SELECT id FROM owned)
    UNION SELECT id FROM charge WHERE marketplace_id = $1 AND customer_id = $2 AND payment_status IS NOT NULL
),
thing (machine, id, since, until, amount_minor, currency, what) AS MATERIALIZED (
    {_SUBSCRIPTION} WHERE marketplace_id = $1 AND customer_id = $2
    UNION ALL {_CASE} WHERE marketplace_id = $1 AND subscription_id IN (SELECT id FROM owned)
    UNION ALL {_CHARGE} WHERE marketplace_id = $1 AND id IN (SELECT id FROM about)
    UNION ALL {_INVOICE}
    UNION ALL {_DOCUMENT}
    UNION ALL {_MAIL} WHERE marketplace_id = $1 AND customer_id = $2
    UNION ALL {_LINK} WHERE marketplace_id = $1 AND customer_id = $2
    UNION ALL {_entity_sql("portal_session", "portal_session")} WHERE marketplace_id = $1 AND access_token_id IN
        (SELECT id FROM access_token WHERE marketplace_id = $1 AND customer_id = $2)
)
"""

_ANY = " UNION ALL ".join(
    f"{_entity_sql(machine.name, machine.name)} WHERE marketplace_id = $1 AND id = $2" for machine in MACHINES
)

# One thing, whatever it is. A delivery that arrived is forgotten after a while (workflows/privacy/retention.py); its
# moves stay
# in the log, and are looked for where nothing else has the id.
OF_ENTITY = f"""
found (machine, id, since, until, amount_minor, currency, what) AS MATERIALIZED ({_ANY}),
thing AS MATERIALIZED (
    SELECT * FROM found
    UNION ALL SELECT 'webhook_delivery', $2, greatest(uuid_extract_timestamp($2) - interval '1 day', '2000-01-01Z'),
        'infinity', NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM found)
)
"""
