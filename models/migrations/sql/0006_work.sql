-- Work that happens later. PostgreSQL is the queue of record; Valkey and Dramatiq only carry it.

CREATE TABLE outbox (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    marketplace_id uuid,
    queue          text        NOT NULL,
    actor          text        NOT NULL,
    args           jsonb       NOT NULL DEFAULT '{}', -- ids only
    status         text        NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'running', 'dead')),
    wanted_at      timestamptz NOT NULL DEFAULT clock_timestamp(), -- when it should start: a backlog's age counts from here
    due_at         timestamptz NOT NULL DEFAULT clock_timestamp(), -- when the dispatcher looks at it next
    attempts       integer     NOT NULL DEFAULT 0,
    lease          uuid,
    request_id     text,
    last_error     text,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX outbox_due ON outbox (queue, due_at) WHERE status <> 'dead';
CREATE INDEX outbox_sent ON outbox (queue) WHERE status = 'sent';
CREATE INDEX outbox_dead ON outbox (id) WHERE status = 'dead';

CREATE TABLE schedule (
    name        text        PRIMARY KEY,
    actor       text        NOT NULL,
    queue       text        NOT NULL,
    every       interval    NOT NULL CHECK (every >= interval '1 second'),
    next_run_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Processes report here that they are alive: what /health/ready reads.
CREATE TABLE heartbeat (
    process text        PRIMARY KEY,
    kind    text        NOT NULL, -- dispatcher, worker
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
