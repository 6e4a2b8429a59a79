-- What must always hold, and where it was found not to; what is kept for how long; who was forgotten.

-- A breach of a fact (workflows/facts/). Written down, never mended. A row while it lasts; another when it comes back.
CREATE TABLE fact_breach (
    id             uuid        PRIMARY KEY DEFAULT uuidv7(),
    marketplace_id uuid        REFERENCES marketplace, -- NULL: of the whole deployment
    fact           text        NOT NULL,
    about          text        NOT NULL, -- the table of what breaks it
    entity         text        NOT NULL, -- its id there
    tells          text        NOT NULL, -- ids, numbers, states: no name, no address
    opened_at      timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    times          integer     NOT NULL DEFAULT 1 CHECK (times >= 1), -- how many checks saw it
    gone_at        timestamptz           -- the first check that did not see it any more
);
CREATE UNIQUE INDEX fact_breach_open ON fact_breach (fact, about, entity) WHERE gone_at IS NULL;
CREATE INDEX fact_breach_newest ON fact_breach (marketplace_id, opened_at, id);

-- When each fact was last looked at.
CREATE TABLE fact_check (
    fact       text        PRIMARY KEY,
    checked_at timestamptz NOT NULL, -- what moved before it was looked at
    full_at    timestamptz,          -- when everything was
    looked_at  bigint      NOT NULL, -- rows, the last time
    seconds    real        NOT NULL
);

ALTER TABLE staff ADD COLUMN wants_broken_fact boolean NOT NULL DEFAULT false;

-- A sandbox's clock jumps: what it made due was not due a moment ago.
ALTER TABLE marketplace ADD COLUMN clock_moved_at timestamptz;

-- What waits for a job, found without reading what does not.
CREATE INDEX outgoing_email_queued ON outgoing_email (moved_at) WHERE state = 'queued';
CREATE INDEX document_requested ON document (moved_at) WHERE state = 'requested';

GRANT SELECT ON fact_breach, fact_check TO gatehouse_app, gatehouse_auditor;
GRANT INSERT, UPDATE ON fact_breach, fact_check TO gatehouse_app;

-- Months of the log that were exported, sealed and dropped. What moved last before then is in their exports.
CREATE TABLE retired_log (
    partition   text        PRIMARY KEY,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    rows        bigint      NOT NULL,
    dropped_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (from_at < to_at)
);
GRANT SELECT ON retired_log TO gatehouse_app, gatehouse_auditor;

-- From when on every move is in the log.
CREATE FUNCTION log_kept_since() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT coalesce(max(to_at), '-infinity') FROM retired_log);
