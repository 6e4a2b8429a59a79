-- What the merchant's API and its lists need: requests that may be repeated, search by the beginning of a word, counts.

-- A write that came with an Idempotency-Key: claimed before anything is done, kept with its answer for a day.
CREATE TABLE idempotent_request (
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    scope          bytea       NOT NULL, -- SHA-256 of who asked, of what route, under which key
    id             uuid        NOT NULL DEFAULT uuidv7(), -- what the request makes gets it: twice is impossible
    principal      text        NOT NULL, -- 'api_key:<id>' or 'staff:<id>'
    route          text        NOT NULL, -- the route's template, for whoever looks
    fingerprint    bytea       NOT NULL, -- of the request itself, under the server's key: bodies may hold card numbers
    key_id         text        NOT NULL, -- that key's
    claim          uuid        NOT NULL, -- of the run that acts
    claimed_until  timestamptz NOT NULL, -- past this a run that never answered is held to be dead
    status         integer,              -- of the answer; NULL: there is none yet
    headers        jsonb,
    body           bytea,                -- NULL beside a status: it held a secret, which is shown once
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, scope)
);
CREATE INDEX idempotent_request_created ON idempotent_request (created_at);

-- Search by the beginning of an address, of a name or of any of its first four words (docs/decisions/0013): each read
-- in order, so that a page costs the same whatever how many match.
CREATE FUNCTION name_from(name text, word integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN nullif(lower(array_to_string((regexp_split_to_array(btrim(name), '\s+'))[word:], ' ')), '');
CREATE INDEX customer_by_email  ON customer (marketplace_id, (lower(email) COLLATE "C"), id);
CREATE INDEX customer_by_name   ON customer (marketplace_id, (name_from(name, 1) COLLATE "C"), id) WHERE name_from(name, 1) IS NOT NULL;
CREATE INDEX customer_by_name_2 ON customer (marketplace_id, (name_from(name, 2) COLLATE "C"), id) WHERE name_from(name, 2) IS NOT NULL;
CREATE INDEX customer_by_name_3 ON customer (marketplace_id, (name_from(name, 3) COLLATE "C"), id) WHERE name_from(name, 3) IS NOT NULL;
CREATE INDEX customer_by_name_4 ON customer (marketplace_id, (name_from(name, 4) COLLATE "C"), id) WHERE name_from(name, 4) IS NOT NULL;

CREATE INDEX subscription_by_start       ON subscription (marketplace_id, started_at, id);
CREATE INDEX subscription_by_state_start ON subscription (marketplace_id, state, started_at, id);

-- The data cards: counts that cost the same at any size. Each move leaves a step; a job adds the steps up.
CREATE TABLE tally (
    marketplace_id uuid   NOT NULL REFERENCES marketplace,
    name           text   NOT NULL, -- 'active', 'failed_charge', …: subscriptions in that state; 'recovered': minor units
    day            date   NOT NULL, -- UTC, of what is counted by day; else -infinity
    currency       text   NOT NULL, -- of money; else ''
    value          bigint NOT NULL,
    PRIMARY KEY (marketplace_id, name, day, currency)
) WITH (fillfactor = 50);

CREATE TABLE tally_step (
    marketplace_id uuid   NOT NULL,
    name           text   NOT NULL,
    day            date   NOT NULL DEFAULT '-infinity',
    currency       text   NOT NULL DEFAULT '',
    step           bigint NOT NULL
);

CREATE TABLE tally_sum (
    only_one  boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    summed_at timestamptz NOT NULL -- what happened later is not in tally yet
);

CREATE FUNCTION step_tally() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'dunning_case' THEN
        INSERT INTO tally_step (marketplace_id, name, day, currency, step)
        VALUES (NEW.marketplace_id, 'recovered', (coalesce(NEW.closed_at, NEW.moved_at) AT TIME ZONE 'UTC')::date,
                NEW.currency, NEW.amount_minor);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO tally_step (marketplace_id, name, step) VALUES (NEW.marketplace_id, NEW.state, 1);
    ELSE
        INSERT INTO tally_step (marketplace_id, name, step)
        VALUES (NEW.marketplace_id, OLD.state, -1), (NEW.marketplace_id, NEW.state, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER step_tally_made AFTER INSERT ON subscription FOR EACH ROW EXECUTE FUNCTION step_tally();
CREATE TRIGGER step_tally_moved AFTER UPDATE ON subscription FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION step_tally();
CREATE TRIGGER step_tally_made AFTER INSERT ON dunning_case FOR EACH ROW
    WHEN (NEW.state = 'recovered') EXECUTE FUNCTION step_tally();
CREATE TRIGGER step_tally_moved AFTER UPDATE ON dunning_case FOR EACH ROW
    WHEN (NEW.state = 'recovered' AND OLD.state <> 'recovered') EXECUTE FUNCTION step_tally();

INSERT INTO tally_step (marketplace_id, name, step)
    SELECT marketplace_id, state, count(*) FROM subscription GROUP BY marketplace_id, state;
INSERT INTO tally_step (marketplace_id, name, day, currency, step)
    SELECT marketplace_id, 'recovered', (coalesce(closed_at, moved_at) AT TIME ZONE 'UTC')::date AS day, currency,
           sum(amount_minor) FROM dunning_case WHERE state = 'recovered' GROUP BY marketplace_id, day, currency;

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_request TO gatehouse_app; -- not for the auditor: it holds answers
GRANT SELECT, INSERT, UPDATE ON tally, tally_sum TO gatehouse_app;
GRANT SELECT, INSERT, DELETE ON tally_step TO gatehouse_app;
GRANT SELECT ON tally, tally_step, tally_sum TO gatehouse_auditor;
