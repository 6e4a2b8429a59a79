-- What a review of the log reads, and the book of who came to the door: docs/decisions/0032 and 0033.

-- The log by rule and kind of actor, so that each combination of filters reads in order what it shows and no more; by
-- person where a person's acts are few among the machines'.
CREATE INDEX transition_log_rule ON transition_log (marketplace_id, machine, trigger, from_state, to_state, actor_kind, at);
CREATE INDEX transition_log_person ON transition_log (marketplace_id, actor_kind, actor_id, at)
    WHERE actor_kind IN ('staff', 'api_key');

-- A story finds what hangs on a subscription and on a charge, whatever became of it.
CREATE INDEX dunning_case_subscription ON dunning_case (marketplace_id, subscription_id);
CREATE INDEX invoice_of_charge ON invoice (marketplace_id, charge_id);

-- How often each rule moved something: by day (UTC), and ever. Added up by a job (workflows/audit/review/daily_counts.py).
CREATE TABLE log_day (
    marketplace_id uuid   NOT NULL REFERENCES marketplace,
    day            date   NOT NULL,
    machine        text   NOT NULL,
    trigger        text   NOT NULL,
    from_state     text   NOT NULL, -- '' where the row was made by this move
    to_state       text   NOT NULL,
    actor_kind     text   NOT NULL,
    moves          bigint NOT NULL,
    PRIMARY KEY (marketplace_id, day, machine, trigger, from_state, to_state, actor_kind)
) WITH (fillfactor = 50);
CREATE TABLE log_total (
    marketplace_id uuid   NOT NULL REFERENCES marketplace,
    machine        text   NOT NULL,
    trigger        text   NOT NULL,
    from_state     text   NOT NULL,
    to_state       text   NOT NULL,
    actor_kind     text   NOT NULL,
    moves          bigint NOT NULL,
    PRIMARY KEY (marketplace_id, machine, trigger, from_state, to_state, actor_kind)
) WITH (fillfactor = 50);

-- How far that is done, for each cluster that wrote to the log (a restored database brings rows of another one).
CREATE TABLE log_counted (
    system_identifier bigint      PRIMARY KEY,
    below             xid8        NOT NULL, -- what smaller transactions wrote is counted, all of it and once
    since             timestamptz NOT NULL, -- what is not counted was written at this time or later
    seen_xid          xid8        NOT NULL, -- the next transaction of seen_at: once `below` is past it, since becomes seen_at
    seen_at           timestamptz NOT NULL,
    counted_at        timestamptz NOT NULL
);

-- Who asked for what, from where, and what came of it: acts that were done, attempts that were refused, readings of the
-- log. Added to by the application, changed by nobody, forgotten after 13 months: it holds what points at people.
CREATE TABLE access_log (
    id             uuid        PRIMARY KEY DEFAULT uuidv7(),
    marketplace_id uuid        REFERENCES marketplace, -- NULL: nobody's, e.g. an API key that never was one
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome        text        NOT NULL CHECK (outcome IN ('done', 'refused', 'read')),
    act            text        NOT NULL, -- of the table of acts, or what is done at the door
    route          text        NOT NULL, -- the method and the route's template; never a path, which may hold a secret
    reason         text        NOT NULL, -- of a refusal: a code
    status         integer     NOT NULL, -- of the answer
    actor_kind     text,                 -- NULL: nobody known
    actor_id       text,
    session_id     uuid,
    request_id     text        NOT NULL,
    client         bytea       NOT NULL CHECK (octet_length(client) = 16), -- of the address, keyed: it cannot be read back
    entity_id      uuid,
    attempts       integer     NOT NULL DEFAULT 1 CHECK (attempts >= 1), -- so many attempts alike, this one the last
    details        jsonb       NOT NULL DEFAULT '{}', -- of a reading: what was filtered by
    CHECK ((actor_kind IS NULL) = (actor_id IS NULL))
);
CREATE INDEX access_log_outcome ON access_log (marketplace_id, outcome, at, id);
CREATE INDEX access_log_client  ON access_log (marketplace_id, client, at, id);
CREATE INDEX access_log_request ON access_log (request_id);
CREATE INDEX access_log_entity  ON access_log (marketplace_id, entity_id, at) WHERE entity_id IS NOT NULL;
CREATE INDEX access_log_old     ON access_log USING brin (at) WITH (autosummarize = on);

CREATE FUNCTION access_kept_for() RETURNS interval LANGUAGE sql IMMUTABLE RETURN interval '13 months';
CREATE FUNCTION refuse_access_log_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - access_kept_for() THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the access log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION refuse_access_log_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the access log is append-only: TRUNCATE refused' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_rows BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_access_log_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_access_log_truncate();
ALTER TABLE access_log ENABLE ALWAYS TRIGGER refuse_rows, ENABLE ALWAYS TRIGGER refuse_truncate;

-- The one way in which a row leaves: by its age, as the owner, at most so many at a time.
CREATE FUNCTION forget_accesses(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    forgotten integer;
BEGIN
    DELETE FROM access_log WHERE id IN
        (SELECT id FROM access_log WHERE at < now() - access_kept_for() ORDER BY at LIMIT most);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
REVOKE EXECUTE ON FUNCTION forget_accesses FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE ON log_day, log_total, log_counted TO gatehouse_app;
GRANT SELECT, INSERT ON access_log TO gatehouse_app;
GRANT EXECUTE ON FUNCTION forget_accesses TO gatehouse_app;
GRANT SELECT ON log_day, log_total, log_counted, access_log TO gatehouse_auditor;
