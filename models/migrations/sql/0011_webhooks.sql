-- What the merchant's own systems are told of: where to, what happened, what was sent, what they answered.

CREATE TABLE webhook_endpoint (
    id                    uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id        uuid        NOT NULL REFERENCES marketplace,
    url                   text        NOT NULL CHECK (char_length(url) <= 2000),
    description           text        NOT NULL DEFAULT '' CHECK (char_length(description) <= 200),
    event_types           jsonb       CHECK (jsonb_typeof(event_types) = 'array'), -- NULL: all
    sealed_secret         bytea       NOT NULL, -- by a key that the database does not have
    key_id                text        NOT NULL, -- that key's
    previous_secret       bytea,                -- signs too while a rotation is under way; sealed likewise
    previous_key_id       text,
    previous_until        timestamptz,
    failing_since         timestamptz,          -- the first failure since something was delivered
    created_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, id),
    CHECK ((previous_secret IS NULL) = (previous_key_id IS NULL) AND (previous_secret IS NULL) = (previous_until IS NULL))
);
SELECT keep_moves('webhook_endpoint');
-- Every move that makes an event asks it whether anybody listens.
CREATE INDEX webhook_endpoint_enabled ON webhook_endpoint (marketplace_id) WHERE state = 'enabled';

-- Written by the statement of the move that it tells of. Kept as it was told: a delivery years later says the same.
CREATE TABLE webhook_event (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    type           text        NOT NULL,
    data           jsonb       NOT NULL, -- ids, numbers, states, amounts: no name, no address, no secret
    occurred_at    timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, id)
);

CREATE TABLE webhook_delivery (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    endpoint_id     uuid        NOT NULL,
    event_id        uuid        NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- all of them
    tries           integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),    -- since it was staged or last resent
    tried_since     timestamptz,         -- the first of those tries
    next_attempt_at timestamptz,         -- by this server's clock; NULL: at once
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, endpoint_id, event_id),
    FOREIGN KEY (marketplace_id, endpoint_id) REFERENCES webhook_endpoint,
    FOREIGN KEY (marketplace_id, event_id) REFERENCES webhook_event
);
SELECT keep_moves('webhook_delivery');
CREATE INDEX webhook_delivery_endpoint ON webhook_delivery (marketplace_id, endpoint_id, id);
CREATE INDEX webhook_delivery_undelivered ON webhook_delivery (marketplace_id, state, id) WHERE state <> 'delivered';

-- What an endpoint made of a delivery, try by try. Forgotten after a month: an answer may hold anything.
CREATE TABLE webhook_attempt (
    marketplace_id uuid        NOT NULL,
    delivery_id    uuid        NOT NULL,
    number         integer     NOT NULL CHECK (number >= 1),
    at             timestamptz NOT NULL,
    duration_ms    integer     NOT NULL CHECK (duration_ms >= 0),
    status         integer,              -- NULL: no answer came
    error          text,                 -- a code, where none came
    answer         text        NOT NULL DEFAULT '', -- its beginning
    PRIMARY KEY (marketplace_id, delivery_id, number),
    FOREIGN KEY (marketplace_id, delivery_id) REFERENCES webhook_delivery
);
CREATE INDEX webhook_attempt_at ON webhook_attempt (at);

-- An instant as events say it (RFC 3339), whatever the session's time zone.
CREATE FUNCTION rfc3339(instant timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

GRANT SELECT, INSERT, UPDATE ON webhook_endpoint, webhook_delivery TO gatehouse_app;
GRANT SELECT, INSERT ON webhook_event TO gatehouse_app;
GRANT SELECT, INSERT, DELETE ON webhook_attempt TO gatehouse_app;
GRANT SELECT ON webhook_event, webhook_delivery TO gatehouse_auditor;
