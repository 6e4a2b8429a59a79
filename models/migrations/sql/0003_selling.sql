-- What is sold and what became of it: products, orders, cards, subscriptions, charges, dunning cases.

CREATE TABLE product (
    id                   uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id       uuid        NOT NULL REFERENCES marketplace,
    reference            text,
    name                 text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind                 text        NOT NULL CHECK (kind IN ('one_off', 'recurring', 'limited', 'pay_what_you_want')),
    currency             text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor         bigint      NOT NULL CHECK (amount_minor >= 0), -- of pay_what_you_want: the minimum
    interval_unit        text        CHECK (interval_unit IN ('day', 'week', 'month', 'year')),
    interval_count       integer     CHECK (interval_count BETWEEN 1 AND 366),
    payments             integer     CHECK (payments BETWEEN 1 AND 1200), -- of limited
    trial_days           integer     NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 730),
    initial_amount_minor bigint      CHECK (initial_amount_minor >= 0),  -- the price of the trial; NULL or 0: free
    created_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, id),
    CHECK ((kind IN ('recurring', 'limited')) = (interval_unit IS NOT NULL AND interval_count IS NOT NULL)),
    CHECK ((kind = 'limited') = (payments IS NOT NULL))
);
CREATE UNIQUE INDEX product_reference ON product (marketplace_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE customer_order (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    number         bigint      NOT NULL,
    reference      text,
    customer_id    uuid        NOT NULL,
    product_id     uuid        NOT NULL,
    quantity       integer     NOT NULL DEFAULT 1 CHECK (quantity > 0),
    amount_minor   bigint      NOT NULL CHECK (amount_minor >= 0),
    currency       text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    placed_at      timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, number),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, product_id) REFERENCES product
);
CREATE UNIQUE INDEX customer_order_reference ON customer_order (marketplace_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX customer_order_customer ON customer_order (marketplace_id, customer_id);

-- A card (or other method) at the gateway: what may be shown of it, and the gateway's reference. Never its number.
CREATE TABLE payment_method (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    customer_id    uuid        NOT NULL,
    gateway        text        NOT NULL,
    reference      text        NOT NULL,
    fingerprint    text        NOT NULL, -- the same card is the same fingerprint, across customers
    brand          text        NOT NULL,
    last_four      text        NOT NULL CHECK (last_four ~ '^[0-9]{4}$'),
    exp_month      integer     NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
    exp_year       integer     NOT NULL CHECK (exp_year BETWEEN 1990 AND 2200),
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, id),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer
);
CREATE INDEX payment_method_customer ON payment_method (marketplace_id, customer_id);

CREATE TABLE subscription (
    id                uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id    uuid        NOT NULL REFERENCES marketplace,
    number            bigint      NOT NULL,
    reference         text,
    customer_id       uuid        NOT NULL,
    product_id        uuid        NOT NULL,
    order_id          uuid        NOT NULL,
    payment_method_id uuid,
    amount_minor      bigint      NOT NULL CHECK (amount_minor >= 0),
    currency          text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    interval_unit     text        NOT NULL CHECK (interval_unit IN ('day', 'week', 'month', 'year')),
    interval_count    integer     NOT NULL CHECK (interval_count BETWEEN 1 AND 366),
    payments_total    integer     CHECK (payments_total >= 1), -- NULL: until cancelled
    payments_made     integer     NOT NULL DEFAULT 0 CHECK (payments_made >= 0),
    started_at        timestamptz NOT NULL,
    trial_ends_at     timestamptz,
    anchor_at         timestamptz NOT NULL, -- the first regular charge; its local day is the billing day
    next_period       integer     NOT NULL DEFAULT 0 CHECK (next_period >= 0), -- periods charged since the anchor
    next_charge_at    timestamptz,          -- NULL: nothing more is due by itself
    cancel_at         timestamptz,          -- a cancellation on a date, until then undoable
    ended_at          timestamptz,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, number),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, product_id) REFERENCES product,
    FOREIGN KEY (marketplace_id, order_id) REFERENCES customer_order,
    FOREIGN KEY (marketplace_id, payment_method_id) REFERENCES payment_method,
    CHECK (payments_total IS NULL OR payments_made <= payments_total)
);
SELECT keep_moves('subscription');
CREATE UNIQUE INDEX subscription_reference ON subscription (marketplace_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX subscription_customer ON subscription (marketplace_id, customer_id, number);
CREATE INDEX subscription_due ON subscription (next_charge_at) WHERE state = 'active' AND next_charge_at IS NOT NULL;
CREATE INDEX subscription_cancel_due ON subscription (cancel_at) WHERE cancel_at IS NOT NULL AND ended_at IS NULL;

CREATE TABLE dunning_case (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    subscription_id uuid        NOT NULL,
    period          integer     NOT NULL,
    amount_minor    bigint      NOT NULL CHECK (amount_minor > 0), -- what is owed
    currency        text        NOT NULL,
    policy          jsonb       NOT NULL,  -- pinned: {"attempt_days": [1, 4, 8, 15], "end": "cancel"}
    opened_at       timestamptz NOT NULL,  -- Day 1
    attempts_made   integer     NOT NULL DEFAULT 0 CHECK (attempts_made >= 0), -- by the policy; staff's own do not count
    next_attempt_at timestamptz,           -- NULL: nothing is tried before a new card comes
    last_decline_code text,
    closed_at       timestamptz,
    PRIMARY KEY (marketplace_id, id),
    FOREIGN KEY (marketplace_id, subscription_id) REFERENCES subscription
);
SELECT keep_moves('dunning_case');
CREATE UNIQUE INDEX dunning_case_open ON dunning_case (marketplace_id, subscription_id) WHERE state = 'open';
CREATE INDEX dunning_case_due ON dunning_case (next_attempt_at) WHERE state = 'open' AND next_attempt_at IS NOT NULL;

CREATE TABLE charge (
    id                uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id    uuid        NOT NULL REFERENCES marketplace,
    reference         text,
    customer_id       uuid        NOT NULL,
    order_id          uuid        NOT NULL,
    order_number      bigint      NOT NULL, -- the order's, here for the payment history's sort
    subscription_id   uuid,
    period            integer,
    dunning_case_id   uuid,
    payment_method_id uuid,
    initiator         text        NOT NULL DEFAULT 'schedule' CHECK (initiator IN ('order', 'schedule', 'retry', 'new_card', 'staff', 'import')),
    amount_minor      bigint      NOT NULL CHECK (amount_minor >= 0),
    refunded_minor    bigint      NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    currency          text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    gateway           text        NOT NULL,
    idempotency_key   text        NOT NULL DEFAULT uuidv7()::text,
    gateway_reference text,
    decline_code      text,
    attempted_at      timestamptz NOT NULL,
    submitted_at      timestamptz, -- real time: from here on only the gateway knows
    paid_at           timestamptz,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, idempotency_key),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, order_id) REFERENCES customer_order,
    FOREIGN KEY (marketplace_id, subscription_id) REFERENCES subscription,
    FOREIGN KEY (marketplace_id, dunning_case_id) REFERENCES dunning_case,
    FOREIGN KEY (marketplace_id, payment_method_id) REFERENCES payment_method,
    CHECK ((subscription_id IS NULL) = (period IS NULL))
);
SELECT keep_moves('charge');
-- The customer's word for a charge that moved money; NULL for one that did not, which is no payment.
ALTER TABLE charge ADD COLUMN payment_status text GENERATED ALWAYS AS (CASE state
    WHEN 'succeeded' THEN 'paid' WHEN 'refunded' THEN 'refunded'
    WHEN 'partially_refunded' THEN 'partially refunded' WHEN 'disputed' THEN 'disputed' END) STORED;
ALTER TABLE charge ADD CHECK (payment_status IS NULL OR paid_at IS NOT NULL);
CREATE UNIQUE INDEX charge_period ON charge (marketplace_id, subscription_id, period)
    WHERE state <> 'failed' AND subscription_id IS NOT NULL;
CREATE UNIQUE INDEX charge_reference ON charge (marketplace_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX charge_pending ON charge (submitted_at) WHERE state = 'pending';
CREATE INDEX charge_subscription ON charge (marketplace_id, subscription_id, attempted_at) WHERE subscription_id IS NOT NULL;
-- The payment history's four sorts, each read in order from its own index (FACTS: 0.2-0.9 ms at any depth).
CREATE INDEX charge_by_date   ON charge (marketplace_id, customer_id, paid_at, id)        WHERE payment_status IS NOT NULL;
CREATE INDEX charge_by_price  ON charge (marketplace_id, customer_id, amount_minor, id)   WHERE payment_status IS NOT NULL;
CREATE INDEX charge_by_order  ON charge (marketplace_id, customer_id, order_number, id)   WHERE payment_status IS NOT NULL;
CREATE INDEX charge_by_status ON charge (marketplace_id, customer_id, payment_status, id) WHERE payment_status IS NOT NULL;
