-- Winning failed charges back, giving money back, hearing from gateways.

ALTER TABLE marketplace ADD COLUMN dunning_policy jsonb NOT NULL
    DEFAULT '{"version": 1, "attempt_days": [1, 4, 8, 15], "end": "cancel"}'
    CHECK (jsonb_typeof(dunning_policy -> 'attempt_days') = 'array' AND dunning_policy ->> 'end' IN ('cancel', 'leave'));

-- The card's fingerprint as it was: network limits count by card, across subscriptions.
ALTER TABLE charge ADD COLUMN card_fingerprint text;
CREATE INDEX charge_card_retries ON charge (marketplace_id, card_fingerprint, attempted_at)
    WHERE initiator IN ('retry', 'staff') AND card_fingerprint IS NOT NULL;

-- A sandbox's clock runs ahead: what is due there is looked for by marketplace.
CREATE INDEX subscription_due_in ON subscription (marketplace_id, next_charge_at)
    WHERE state = 'active' AND next_charge_at IS NOT NULL;
CREATE INDEX subscription_trial ON subscription (trial_ends_at) WHERE state = 'active' AND next_period = 0;

-- What was done for a case: stage 1 is the failed charge itself. One row a stage and channel, whatever runs twice.
CREATE TABLE dunning_step (
    marketplace_id    uuid        NOT NULL,
    dunning_case_id   uuid        NOT NULL,
    stage             integer     NOT NULL CHECK (stage >= 1),
    channel           text        NOT NULL CHECK (channel IN ('charge', 'email', 'final_notice')),
    charge_id         uuid,
    outgoing_email_id uuid,
    at                timestamptz NOT NULL, -- by the marketplace's clock
    PRIMARY KEY (marketplace_id, dunning_case_id, stage, channel),
    FOREIGN KEY (marketplace_id, dunning_case_id) REFERENCES dunning_case,
    FOREIGN KEY (marketplace_id, charge_id) REFERENCES charge,
    FOREIGN KEY (marketplace_id, outgoing_email_id) REFERENCES outgoing_email,
    CHECK ((channel = 'charge') = (charge_id IS NOT NULL))
);

-- Money on its way back. Committed before the gateway hears of it; the charge moves when the gateway has answered.
CREATE TABLE refund (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    charge_id       uuid        NOT NULL,
    amount_minor    bigint      NOT NULL CHECK (amount_minor > 0),
    status          text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
    requested_by    text        NOT NULL,
    requested_at    timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    PRIMARY KEY (marketplace_id, id),
    FOREIGN KEY (marketplace_id, charge_id) REFERENCES charge
);
CREATE INDEX refund_charge ON refund (marketplace_id, charge_id);

-- What a gateway told us, once each, in whatever order it came.
CREATE TABLE gateway_event (
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    gateway        text        NOT NULL,
    event_id       text        NOT NULL,
    type           text        NOT NULL,
    subject        text,                 -- what it was about: a payment's, card's or dispute's reference
    created_at     timestamptz NOT NULL, -- by the gateway's clock
    received_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, gateway, event_id)
);
CREATE INDEX gateway_event_subject ON gateway_event (marketplace_id, subject) WHERE subject IS NOT NULL;
CREATE INDEX charge_gateway_reference ON charge (marketplace_id, gateway_reference) WHERE gateway_reference IS NOT NULL;
CREATE INDEX payment_method_reference ON payment_method (marketplace_id, reference);

-- Where our books and the gateway's differ, found by the nightly comparison. Shown, never mended by itself.
CREATE TABLE reconciliation_difference (
    marketplace_id    uuid        NOT NULL REFERENCES marketplace,
    gateway           text        NOT NULL,
    gateway_reference text        NOT NULL,
    kind              text        NOT NULL CHECK (kind IN ('unknown_here', 'unknown_there', 'amount', 'state')),
    charge_id         uuid,
    ours              text        NOT NULL,
    theirs            text        NOT NULL,
    first_seen_at     timestamptz NOT NULL DEFAULT now(),
    last_seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, gateway, gateway_reference, kind)
);

GRANT SELECT ON dunning_step, refund, gateway_event, reconciliation_difference TO gatehouse_app, gatehouse_auditor;
GRANT INSERT ON dunning_step, gateway_event TO gatehouse_app;
GRANT INSERT, UPDATE ON refund, reconciliation_difference TO gatehouse_app;
GRANT DELETE ON reconciliation_difference TO gatehouse_app;
