-- Stand-ins for vendors, for development and sandbox marketplaces: what the "provider" and the "gateway" remember.

CREATE TABLE captured_email (
    id        uuid        PRIMARY KEY, -- the outgoing_email's id: a second delivery of the same is known
    sender    text        NOT NULL,
    recipient text        NOT NULL,
    reply_to  text,
    subject   text        NOT NULL,
    html      text        NOT NULL,
    plain     text        NOT NULL,
    template  text        NOT NULL,
    sent_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX captured_email_sent ON captured_email (sent_at DESC, id DESC);

CREATE TABLE sandbox_card (
    reference   text        PRIMARY KEY,
    outcome     text        NOT NULL, -- what charges of it meet; see integrations/gateways
    fingerprint text        NOT NULL,
    brand       text        NOT NULL,
    last_four   text        NOT NULL,
    exp_month   integer     NOT NULL,
    exp_year    integer     NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE sandbox_payment (
    idempotency_key text        PRIMARY KEY,
    reference       text        NOT NULL UNIQUE,
    card_reference  text        NOT NULL REFERENCES sandbox_card,
    amount_minor    bigint      NOT NULL CHECK (amount_minor > 0),
    refunded_minor  bigint      NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    currency        text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('succeeded', 'failed', 'action_required')),
    decline_code    text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
