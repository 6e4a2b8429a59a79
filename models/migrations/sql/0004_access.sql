-- How people get in: requests for a link, the links, the sessions.

-- What somebody typed on a login page. Written for any address, in the same way; the worker finds out whose it is.
CREATE TABLE link_request (
    id              uuid        PRIMARY KEY DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    email           text,       -- as typed; NULL when an earlier link stands for it
    access_token_id uuid,       -- "send a new link to j***@example.com": that of the earlier link
    browser_digest  bytea       NOT NULL,
    return_to       text,       -- a path of the portal
    request_id      text,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access_token (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    purpose         text        NOT NULL CHECK (purpose IN ('portal', 'card_update', 'staff')),
    customer_id     uuid,
    staff_id        uuid,
    subscription_id uuid,       -- card_update: the one subscription whose card it replaces
    dunning_case_id uuid,       -- a Subscription Saver link lives as long as its case
    nonce           bytea       NOT NULL CHECK (octet_length(nonce) = 16),
    key_id          text        NOT NULL, -- of the server key the secret derives from
    browser_digest  bytea,      -- of the browser that asked; cleared when redeemed
    return_to       text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, id),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, staff_id) REFERENCES staff,
    FOREIGN KEY (marketplace_id, subscription_id) REFERENCES subscription,
    FOREIGN KEY (marketplace_id, dunning_case_id) REFERENCES dunning_case,
    CHECK ((purpose = 'staff') = (staff_id IS NOT NULL)),
    CHECK ((purpose = 'staff') = (customer_id IS NULL)),
    CHECK ((purpose = 'card_update') = (subscription_id IS NOT NULL))
);
SELECT keep_moves('access_token');
CREATE INDEX access_token_due ON access_token (expires_at) WHERE state = 'issued';
CREATE INDEX access_token_customer ON access_token (marketplace_id, customer_id, created_at);

CREATE TABLE portal_session (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    customer_id     uuid,
    staff_id        uuid,
    access_token_id uuid        NOT NULL,
    digest          bytea       NOT NULL UNIQUE, -- SHA-256 of the cookie's 256-bit token
    user_agent      text        NOT NULL DEFAULT '' CHECK (char_length(user_agent) <= 300),
    started_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, access_token_id), -- one link, one session: the database's own word on it
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, staff_id) REFERENCES staff,
    FOREIGN KEY (marketplace_id, access_token_id) REFERENCES access_token,
    CHECK ((customer_id IS NULL) <> (staff_id IS NULL))
);
SELECT keep_moves('portal_session');
CREATE INDEX portal_session_due ON portal_session (expires_at) WHERE state = 'active';
CREATE INDEX portal_session_customer ON portal_session (marketplace_id, customer_id) WHERE state = 'active';
