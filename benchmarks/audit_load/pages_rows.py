"""The log of benchmarks/audit_pages.py: a year of every rule's moves by everybody, and one subscription with a history.

Hashes are dummies, and neither triggers nor foreign keys run: what is measured is reading. Nothing of that is here.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.database import execute, fetch_value
from workflows.audit.review.daily_counts import count_transitions, counted
from workflows.audit.review.filters import MADE, defined_rules

MONTHS = 12
RARE_WORKER, RARE_STAFF = "rare.job", UUID("0198c2a4-5f6e-7000-8000-0000000000aa")
STORY_PERIODS = 12

_ID_AT = """
CREATE OR REPLACE FUNCTION id_at(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN
    overlay(overlay(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || md5(n::text)
            PLACING '7' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1)::varchar(32)::uuid
"""
# The log refuses to be emptied; its partitions are made anew.
_PARTITIONS = f"""
DO $$ DECLARE first date; part regclass; BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'transition_log'::regclass LOOP
        EXECUTE format('DROP TABLE %s', part);
    END LOOP;
    FOR ago IN -2 .. {MONTHS} LOOP
        first := (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago))::date;
        EXECUTE format('CREATE TABLE %I PARTITION OF transition_log FOR VALUES FROM (%L) TO (%L)',
            'transition_log_' || to_char(first, 'YYYY_MM'), first::text || ' 00:00:00+00',
            (first + interval '1 month')::date::text || ' 00:00:00+00');
        EXECUTE format('GRANT SELECT ON %I TO gatehouse_app', 'transition_log_' || to_char(first, 'YYYY_MM'));
    END LOOP;
END $$
"""
_LOG_COLUMNS = (
    "marketplace_id, machine, entity_id, seq, trigger, from_state, to_state, actor_kind, actor_id, reason, request_id,"
    " at, previous_hash, hash"
)
_HASHES = "CASE WHEN seq > 1 THEN sha256('before') END, sha256('now')"
# One in a thousand rows is a dispute, or a cancellation by the rare member of the staff; one in a hundred a rendering
# by the rare worker. Each rule has its own kind of actor, as in life: a longer log is longer, not more varied.
_MOVES = f"""
INSERT INTO transition_log ({_LOG_COLUMNS})
SELECT $1, rule[1], id_at(at, n), seq, rule[2], nullif(rule[3], '{MADE}'), rule[4], kind,
       CASE WHEN n % 100 = 1 THEN '{RARE_WORKER}' WHEN n % 1000 = 2 THEN '{RARE_STAFF}'
            WHEN kind = 'customer' THEN id_at(at, -n)::text
            WHEN kind = 'staff' THEN id_at('2026-01-01', n % 5)::text
            WHEN kind = 'api_key' THEN id_at('2026-01-01', n % 3)::text ELSE 'job' END,
       'benchmark', 'request-' || n, at, {_HASHES}
FROM (SELECT n, now() - (1 - (n - $2 + 1)::float8 / ($3 - $2 + 2)) * interval '330 days' AS at,
             string_to_array(CASE WHEN n % 1000 = 0 THEN 'charge|dispute|succeeded|disputed'
                             WHEN n % 100 = 1 THEN 'document|render|requested|rendered'
                             WHEN n % 1000 = 2 THEN 'subscription|cancel|active|cancelled'
                             ELSE ($4::text[])[1 + (hashint8(n) & 65535) % cardinality($4::text[])] END, '|') AS rule
      FROM generate_series($2::bigint, $3::bigint) AS n) AS made,
     LATERAL (SELECT CASE WHEN rule[3] = '{MADE}' THEN 1 ELSE 2 END AS seq,
                     CASE WHEN n % 100 = 1 THEN 'worker' WHEN n % 1000 = 2 THEN 'staff'
                          ELSE ('{{worker,worker,customer,clock,gateway,mailer,staff,api_key}}'::text[])
                               [1 + (hashtext(rule::text) & 7)] END AS kind) AS place
"""
_ACCESSES = """
INSERT INTO access_log (id, marketplace_id, at, outcome, act, route, reason, status, request_id, client)
SELECT id_at(at, n), $1, at, (ARRAY['done', 'refused', 'read'])[1 + n % 3], '', 'POST /', '', 200,
       'request-' || n * 100, substr(sha256((n % 50)::text::bytea), 1, 16)
FROM (SELECT n, now() - (1 - (n - $2 + 1)::float8 / ($3 - $2 + 2)) * interval '330 days' AS at
      FROM generate_series($2::bigint, $3::bigint) AS n) AS made
"""
# These triggers always run, and would write their own log, of today.
_UNWATCHED = [
    f"ALTER TABLE {table} DISABLE TRIGGER USER"
    for table in ("subscription", "charge", "invoice", "document", "outgoing_email")
]
# One subscription of a year: each month a charge with its invoice, its PDF and its e-mail, and every move of these.
_BORN = "state, moved_trigger, moved_by, moved_reason, moved_at, log_hash"
_BY = "'worker:job', 'benchmark'"
_MONTH = "now() - ($3 - n) * interval '1 month' - interval '1 day'"
_STORY = (
    f"""INSERT INTO charge (id, marketplace_id, customer_id, order_id, order_number, subscription_id, period,
        amount_minor, currency, gateway, attempted_at, paid_at, {_BORN})
        SELECT id_at({_MONTH}, n), $1, customer_id, order_id, 1, id, n, 900, 'USD', 'sandbox', {_MONTH}, {_MONTH},
        'succeeded', 'succeed', {_BY}, {_MONTH} + interval '1 hour', sha256('now')
        FROM subscription, generate_series(1, $3::int) AS n WHERE marketplace_id = $1 AND id = $2""",
    f"""INSERT INTO invoice (id, marketplace_id, customer_id, charge_id, number, snapshot, issued_at, {_BORN})
        SELECT id_at(paid_at, 1000 + period), $1, customer_id, id, 'B-' || period, '{{}}', paid_at, 'issued',
        'issue', {_BY}, moved_at, sha256('now') FROM charge
        WHERE marketplace_id = $1 AND subscription_id = $2 AND $3 > 0""",
    f"""INSERT INTO document (id, marketplace_id, invoice_id, {_BORN})
        SELECT id_at(paid_at, 2000 + period), $1, invoice.id, 'rendered', 'render', {_BY}, charge.moved_at,
        sha256('now')
        FROM charge JOIN invoice ON invoice.charge_id = charge.id WHERE charge.marketplace_id = $1
        AND charge.subscription_id = $2 AND $3 > 0""",
    f"""INSERT INTO outgoing_email (id, marketplace_id, customer_id, template, cause, recipient, {_BORN})
        SELECT id_at(paid_at, 3000 + period), $1, customer_id, 'renewal_receipt', 'charge:' || id, 'jane@example.com',
        'sent', 'deliver', {_BY}, moved_at, sha256('now') FROM charge
        WHERE marketplace_id = $1 AND subscription_id = $2 AND $3 > 0""",
)
_OF_STORY = " UNION ALL ".join(
    f"SELECT '{machine}', thing.id, seq, trigger, from_state, to_state, "
    f" thing.moved_at + (seq - 2) * interval '1 minute' FROM {source},"
    f" (VALUES {moves}) AS move (seq, trigger, from_state, to_state)"
    for machine, source, moves in (
        ("charge", "about AS thing", "(1, 'attempt', NULL, 'pending'), (2, 'succeed', 'pending', 'succeeded')"),
        ("invoice", "invoice AS thing", "(1, 'issue', NULL, 'issued')"),
        ("document", "document AS thing", "(1, 'request', NULL, 'requested'), (2, 'render', 'requested', 'rendered')"),
        ("outgoing_email", "outgoing_email AS thing", "(1, 'queue', NULL, 'queued'), (2, 'deliver', 'queued', 'sent')"),
    )
)
_STORY_LOG = f"""
WITH about AS (SELECT * FROM charge WHERE marketplace_id = $1 AND subscription_id = $2)
INSERT INTO transition_log ({_LOG_COLUMNS})
SELECT $1, machine, id, seq, trigger, from_state, to_state, 'worker', 'job', 'benchmark', NULL, at, {_HASHES}
FROM ({_OF_STORY}) AS told (machine, id, seq, trigger, from_state, to_state, at)
"""


async def a_subscription_with_a_history(shop: UUID) -> UUID:
    """As a superuser: of a year, number 1, with an order and a customer of its own."""
    await execute("SET session_replication_role = replica")
    for statement in (_ID_AT, *_UNWATCHED):
        await execute(statement)
    subscription: UUID = await fetch_value(
        f"""INSERT INTO subscription (id, marketplace_id, number, customer_id, product_id, order_id, amount_minor,
            currency, interval_unit, interval_count, started_at, anchor_at, {_BORN})
            SELECT id_at(now() - interval '11 months', 1), $1, 1, customer.id, uuidv7(), uuidv7(), 900, 'USD', 'month',
            1, now(), now(), 'active', 'start', {_BY}, now() - interval '11 months', sha256('now')
            FROM customer WHERE marketplace_id = $1 AND number = 1 RETURNING id""",
        shop,
    )
    for statement in _STORY:
        await execute(statement, shop, subscription, STORY_PERIODS)
    return subscription


async def log_moves(shop: UUID, subscription: UUID, rows: int) -> None:
    """As a superuser, into an empty log: so many moves over the year and the subscription's, a tenth of accesses."""
    await execute("SET session_replication_role = replica")
    rules = sorted("|".join(rule) for rule in defined_rules() if rule.trigger != "dispute")
    await execute(_PARTITIONS)
    await execute("TRUNCATE log_counted, log_day, log_total")
    await execute("ALTER TABLE access_log DISABLE TRIGGER refuse_truncate")
    await execute("TRUNCATE access_log")
    await execute(_MOVES, shop, 1, rows, rules)
    await execute(_STORY_LOG, shop, subscription)
    await execute(_ACCESSES, shop, 1, rows // 10)
    while (await counted()).uncounted_since < datetime.now(UTC) - timedelta(days=1):
        await count_transitions()  # until nothing is open that was open when the rows were written
    for table in ("transition_log", "access_log", "log_day", "log_total"):
        await execute(f"VACUUM ANALYZE {table}")
