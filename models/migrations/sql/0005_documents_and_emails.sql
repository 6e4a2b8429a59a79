-- What leaves the house: invoices, their PDFs, e-mails.

CREATE TABLE invoice (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    customer_id    uuid        NOT NULL,
    charge_id      uuid        NOT NULL,
    kind           text        NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'credit_note')),
    number         text        NOT NULL CHECK (number ~ '^[A-Za-z0-9][A-Za-z0-9./_-]{0,59}$'),
    sequence       bigint,     -- its place in the series; NULL: an imported one keeps the merchant's own number
    snapshot       jsonb       NOT NULL, -- everything the PDF shows, as it was when money moved
    issued_at      timestamptz NOT NULL,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, number),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, charge_id) REFERENCES charge
);
SELECT keep_moves('invoice');
CREATE UNIQUE INDEX invoice_charge ON invoice (marketplace_id, charge_id) WHERE kind = 'invoice' AND state = 'issued';

CREATE FUNCTION refuse_snapshot_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.snapshot, NEW.number, NEW.charge_id, NEW.issued_at) IS DISTINCT FROM (OLD.snapshot, OLD.number, OLD.charge_id, OLD.issued_at) THEN
        RAISE EXCEPTION 'an issued invoice never changes: issue a credit note and a new invoice' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_snapshot BEFORE UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_snapshot_change();

CREATE TABLE document (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    invoice_id     uuid        NOT NULL,
    requested_at   timestamptz NOT NULL DEFAULT now(),
    sha256         bytea,      -- of the PDF
    last_error     text,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, invoice_id),
    FOREIGN KEY (marketplace_id, invoice_id) REFERENCES invoice
);
SELECT keep_moves('document');

CREATE TABLE document_file (
    marketplace_id uuid  NOT NULL,
    document_id    uuid  NOT NULL,
    pdf            bytea NOT NULL,
    PRIMARY KEY (marketplace_id, document_id),
    FOREIGN KEY (marketplace_id, document_id) REFERENCES document
);

CREATE TABLE outgoing_email (
    id              uuid        NOT NULL DEFAULT uuidv7(), -- also what the provider knows it by (CustomID, Message-ID)
    marketplace_id  uuid        NOT NULL REFERENCES marketplace,
    customer_id     uuid,
    staff_id        uuid,
    template        text        NOT NULL,
    cause           text        NOT NULL, -- what happened, e.g. 'charge:<id>'
    recipient       text        NOT NULL,
    access_token_id uuid,       -- the link it carries; its secret is derived when it is sent
    context         jsonb       NOT NULL DEFAULT '{}', -- what the template shows; never a secret
    created_at      timestamptz NOT NULL DEFAULT now(),
    useful_until    timestamptz, -- past this it is dropped, not sent
    submitted_at    timestamptz, -- real time: from here on only the provider knows
    provider_reference text,
    drop_reason     text,
    PRIMARY KEY (marketplace_id, id),
    UNIQUE (marketplace_id, cause, template, recipient),
    FOREIGN KEY (marketplace_id, customer_id) REFERENCES customer,
    FOREIGN KEY (marketplace_id, staff_id) REFERENCES staff,
    FOREIGN KEY (marketplace_id, access_token_id) REFERENCES access_token
);
SELECT keep_moves('outgoing_email');
CREATE INDEX outgoing_email_customer ON outgoing_email (marketplace_id, customer_id, created_at);
