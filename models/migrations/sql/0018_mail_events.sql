-- What e-mail providers tell us of what they took, and whom nothing reaches any more.

ALTER TABLE outgoing_email
    ADD COLUMN asked_for       boolean     NOT NULL DEFAULT false, -- by its recipient, just now: also sent where others come back
    ADD COLUMN bounce          text        CHECK (bounce IN ('refused', 'soft', 'blocked', 'hard', 'complaint')),
    ADD COLUMN bounce_reason   text        CHECK (bounce_reason ~ '^[a-z0-9_.:-]{1,80}$'),
    ADD COLUMN told_at         timestamptz; -- by the provider's clock: what the last event that counted speaks of

-- An event names an e-mail and no marketplace. Ids grow with time: keeping the index costs the last page.
CREATE UNIQUE INDEX outgoing_email_id ON outgoing_email (id);
-- What did not arrive, for the customer's timeline.
CREATE INDEX outgoing_email_lost ON outgoing_email (marketplace_id, customer_id) WHERE state IN ('bounced', 'dropped');

-- One row an event, whatever comes twice. No address and none of the provider's words: they are in the e-mail.
CREATE TABLE mail_event (
    id                uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    provider          text        NOT NULL,
    digest            bytea       NOT NULL, -- of what makes two deliveries one event: message, kind, time, address
    outgoing_email_id uuid        NOT NULL, -- as the provider has it: perhaps nobody's
    message_reference text,
    kind              text        NOT NULL CHECK (kind IN ('delivered', 'soft', 'blocked', 'hard', 'complaint', 'unsubscribed')),
    reason            text        CHECK (reason ~ '^[a-z0-9_.:-]{1,80}$'),
    occurred_at       timestamptz NOT NULL, -- by the provider's clock
    received_at       timestamptz NOT NULL DEFAULT now(),
    applied_at        timestamptz,
    UNIQUE (provider, digest)
);

-- Whom mail no longer reaches. Another address is another chance, whoever writes it.
DO $$
DECLARE
    person regclass;
BEGIN
    FOREACH person IN ARRAY ARRAY['customer', 'staff']::regclass[] LOOP
        EXECUTE format($ddl$
            ALTER TABLE %1$s
                ADD COLUMN undeliverable        text CHECK (undeliverable IN ('hard_bounce', 'complaint')),
                ADD COLUMN undeliverable_reason text CHECK (undeliverable_reason ~ '^[a-z0-9_.:-]{1,80}$'),
                ADD COLUMN undeliverable_since  timestamptz,
                ADD COLUMN tried_again_at       timestamptz, -- what happened before then counts no more
                ADD CHECK ((undeliverable IS NULL) = (undeliverable_since IS NULL))
        $ddl$, person);
    END LOOP;
END $$;

CREATE FUNCTION forget_undeliverable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.undeliverable := NULL; NEW.undeliverable_reason := NULL; NEW.undeliverable_since := NULL;
    NEW.tried_again_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER forget_undeliverable BEFORE UPDATE OF email ON customer FOR EACH ROW
    WHEN (lower(NEW.email) <> lower(OLD.email)) EXECUTE FUNCTION forget_undeliverable();
CREATE TRIGGER forget_undeliverable BEFORE UPDATE OF email ON staff FOR EACH ROW
    WHEN (lower(NEW.email) <> lower(OLD.email)) EXECUTE FUNCTION forget_undeliverable();

GRANT SELECT ON mail_event TO gatehouse_app, gatehouse_auditor;
GRANT INSERT, UPDATE ON mail_event TO gatehouse_app;
