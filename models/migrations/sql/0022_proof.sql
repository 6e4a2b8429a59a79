-- Proof of the log: what was sealed, by which key, where it was published, and what did not fit (docs/audit-format.md).

-- Public keys. The first signs itself in; each later one is signed in by the one before.
CREATE TABLE audit_key (
    key_id     text        PRIMARY KEY,
    public_key bytea       NOT NULL,
    statement  text        NOT NULL, -- the signed bytes
    signed_by  text        NOT NULL,
    signature  bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A state of a marketplace's tree (RFC 6962): `size` leaves, the log's rows in the order of their checkpoints and in
-- each by (at, entity_id, seq). Which rows are a checkpoint's own is said by its spans: of a system's rows, those whose
-- transaction is at least `from` and less than `below`.
CREATE TABLE checkpoint (
    marketplace_id    uuid        NOT NULL REFERENCES marketplace,
    number            bigint      NOT NULL CHECK (number > 0),
    id                uuid        NOT NULL DEFAULT uuidv7() UNIQUE,
    size              bigint      NOT NULL CHECK (size > 0),
    root              bytea       NOT NULL,
    frontier          bytea       NOT NULL, -- roots of the complete subtrees, the largest first, 32 bytes each
    statement         text        NOT NULL, -- the signed bytes; SHA-256 of them is what the next one names
    key_id            text        NOT NULL REFERENCES audit_key,
    signature         bytea       NOT NULL,
    system_identifier bigint      NOT NULL,
    below_xid         xid8        NOT NULL,
    spans             jsonb       NOT NULL,
    first_at          timestamptz NOT NULL, -- of its own rows
    last_at           timestamptz NOT NULL,
    sealed_at         timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, number)
);

-- A run of the sealer that got through all marketplaces: what later ones need not look at again.
CREATE TABLE sealing (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_identifier bigint      NOT NULL,
    below_xid         xid8        NOT NULL,
    snapshot_xmax     xid8        NOT NULL,
    at                timestamptz NOT NULL
);

CREATE TABLE checkpoint_publication (
    marketplace_id uuid        NOT NULL,
    number         bigint      NOT NULL,
    target         text        NOT NULL,
    reference      text        NOT NULL, -- where the target keeps it
    published_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (marketplace_id, number, target),
    FOREIGN KEY (marketplace_id, number) REFERENCES checkpoint
);

-- What the sealer and the publisher found that must not be: never mended, never forgotten.
CREATE TABLE audit_finding (
    id             uuid        PRIMARY KEY DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    kind           text        NOT NULL CHECK (kind IN ('published_ahead', 'published_otherwise', 'system_changed')),
    number         bigint      NOT NULL, -- of the checkpoint that it is about
    details        jsonb       NOT NULL,
    found_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (marketplace_id, kind, number)
);

DO $$
DECLARE
    book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['audit_key', 'checkpoint', 'checkpoint_publication', 'audit_finding'] LOOP
        EXECUTE format('CREATE TRIGGER refuse_rows BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_log_change()', book);
        PERFORM protect_log_table(book::regclass);
    END LOOP;
END $$;

GRANT SELECT ON audit_key, checkpoint, sealing, checkpoint_publication, audit_finding TO gatehouse_app, gatehouse_auditor;
GRANT INSERT ON audit_key, checkpoint, checkpoint_publication, audit_finding TO gatehouse_app;
GRANT INSERT, DELETE ON sealing TO gatehouse_app;
