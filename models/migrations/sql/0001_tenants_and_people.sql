-- Who is there: marketplaces, their staff, their keys, their customers.
-- Every tenant's table starts its primary key with marketplace_id, so that no query can forget it.

CREATE TABLE marketplace (
    id                    uuid        PRIMARY KEY DEFAULT uuidv7(),
    slug                  text        NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name                  text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    address               text        NOT NULL DEFAULT '' CHECK (char_length(address) <= 500),
    support_email         text,
    country               text        NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
    time_zone             text        NOT NULL DEFAULT 'UTC',
    currency              text        NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    invoice_prefix        text        NOT NULL DEFAULT 'INV-' CHECK (invoice_prefix ~ '^[A-Za-z0-9-]{0,12}$'),
    tax_id                text,
    sandbox               boolean     NOT NULL DEFAULT false,
    gateway               text        NOT NULL DEFAULT 'sandbox',
    -- A sandbox moves its billing facts by this much; a live marketplace cannot.
    clock_offset          interval    NOT NULL DEFAULT '0' CHECK (sandbox OR clock_offset = '0'::interval),
    logo_digest           text,
    email_button          boolean     NOT NULL DEFAULT true,
    self_cancellation     boolean     NOT NULL DEFAULT false,
    show_address          boolean     NOT NULL DEFAULT false,
    show_support_email    boolean     NOT NULL DEFAULT false,
    social_links          jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(social_links) = 'array'),
    link_lifetime_minutes integer     NOT NULL DEFAULT 60 CHECK (link_lifetime_minutes BETWEEN 10 AND 60),
    created_at            timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE marketplace_logo (
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    digest         text        NOT NULL,
    media_type     text        NOT NULL,
    image          bytea       NOT NULL CHECK (octet_length(image) < 2 * 1024 * 1024),
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, digest)
);

-- People see short numbers, counted per marketplace and series: customer, order, subscription, invoice.
CREATE TABLE number_series (
    marketplace_id uuid   NOT NULL REFERENCES marketplace,
    series         text   NOT NULL,
    last_number    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (marketplace_id, series)
) WITH (fillfactor = 50);

CREATE TABLE staff (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    email          text        NOT NULL,
    name           text        NOT NULL DEFAULT '',
    role           text        NOT NULL CHECK (role IN ('owner', 'support', 'analyst', 'auditor')),
    created_at     timestamptz NOT NULL DEFAULT now(),
    removed_at     timestamptz,
    PRIMARY KEY (marketplace_id, id)
);
CREATE UNIQUE INDEX staff_email ON staff (marketplace_id, lower(email)) WHERE removed_at IS NULL;

CREATE TABLE api_key (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    name           text        NOT NULL,
    hint           text        NOT NULL, -- the key's first characters, to tell keys apart
    digest         bytea       NOT NULL UNIQUE,
    scopes         jsonb       NOT NULL DEFAULT '[]',
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    PRIMARY KEY (marketplace_id, id)
);

CREATE TABLE customer (
    id                uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id    uuid        NOT NULL REFERENCES marketplace,
    number            bigint      NOT NULL,
    reference         text,       -- the merchant's own id, of imported ones
    email             text        NOT NULL CHECK (char_length(email) <= 254),
    name              text        NOT NULL DEFAULT '' CHECK (char_length(name) <= 200),
    address           text        NOT NULL DEFAULT '' CHECK (char_length(address) <= 500),
    country           text,
    tax_id            text,
    locale            text,
    gateway_reference text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, number)
);
CREATE UNIQUE INDEX customer_email ON customer (marketplace_id, lower(email));
CREATE UNIQUE INDEX customer_reference ON customer (marketplace_id, reference) WHERE reference IS NOT NULL;
