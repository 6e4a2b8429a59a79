-- Imports from a merchant's account at a gateway: how far one is, what it has read and not yet stored, what it refused.

CREATE TABLE import_run (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    source         text        NOT NULL CHECK (source IN ('stripe')),
    dry_run        boolean     NOT NULL,
    take_over      boolean     NOT NULL,
    started_by     text        NOT NULL, -- as the log names people and programs
    created_until  timestamptz NOT NULL, -- what is made at the gateway later is for the next import
    step           text        NOT NULL,
    cursor         jsonb,                -- where in the step; NULL: at its beginning
    progress       jsonb       NOT NULL DEFAULT '{}', -- {"customers": {"read": 1, "new": 1, "unchanged": 0, "refused": 0}}
    started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at       timestamptz,
    outcome        text        CHECK (outcome IN ('done', 'stopped')),
    PRIMARY KEY (marketplace_id, id),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX import_run_under_way ON import_run (marketplace_id) WHERE ended_at IS NULL;

-- A row read from the account. Those refused stay, without their content, as the report; the others go with the end.
CREATE TABLE import_row (
    marketplace_id uuid   NOT NULL,
    run_id         uuid   NOT NULL,
    kind           text   NOT NULL,
    place          bigint GENERATED ALWAYS AS IDENTITY,
    reference      text   NOT NULL,
    columns        jsonb  NOT NULL DEFAULT '{}',
    led_by         text   CHECK (led_by IN ('here', 'there')), -- of subscriptions: who charges them
    refused_column text,
    refused_reason text,
    PRIMARY KEY (marketplace_id, run_id, kind, place),
    UNIQUE (marketplace_id, run_id, kind, reference), -- a list that moves while it is read tells some things twice
    FOREIGN KEY (marketplace_id, run_id) REFERENCES import_run
);
CREATE INDEX import_row_refused ON import_row (marketplace_id, run_id, place) WHERE refused_reason IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON import_run TO gatehouse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON import_row TO gatehouse_app;
