-- The merchant's people: how they get in, their second factor, what they want to hear of, what they changed.

ALTER TABLE link_request ADD COLUMN purpose text NOT NULL DEFAULT 'portal' CHECK (purpose IN ('portal', 'staff'));

ALTER TABLE staff
    ADD COLUMN wants_failed_charge     boolean NOT NULL DEFAULT false,
    ADD COLUMN wants_self_cancellation boolean NOT NULL DEFAULT false,
    ADD COLUMN wants_failed_job        boolean NOT NULL DEFAULT false;

CREATE INDEX outgoing_email_staff ON outgoing_email (marketplace_id, staff_id, created_at) WHERE staff_id IS NOT NULL;
CREATE INDEX access_token_staff ON access_token (marketplace_id, staff_id) WHERE staff_id IS NOT NULL AND state = 'issued';
CREATE INDEX portal_session_staff ON portal_session (marketplace_id, staff_id, started_at) WHERE staff_id IS NOT NULL;

-- A secret shared with an authenticator app (RFC 6238), sealed by a key that the database does not have.
CREATE TABLE second_factor (
    marketplace_id uuid        NOT NULL,
    staff_id       uuid        NOT NULL,
    sealed_secret  bytea       NOT NULL,
    last_step      bigint      NOT NULL DEFAULT 0, -- the time step of the last code taken: none is taken twice
    created_at     timestamptz NOT NULL DEFAULT now(),
    confirmed_at   timestamptz,                    -- from here on it is asked for
    PRIMARY KEY (marketplace_id, staff_id),
    FOREIGN KEY (marketplace_id, staff_id) REFERENCES staff
);

CREATE TABLE recovery_code (
    marketplace_id uuid        NOT NULL,
    staff_id       uuid        NOT NULL,
    digest         bytea       NOT NULL, -- SHA-256 of 80 random bits
    used_at        timestamptz,
    PRIMARY KEY (marketplace_id, staff_id, digest),
    FOREIGN KEY (marketplace_id, staff_id) REFERENCES staff
);

-- What staff and keys changed that is no life cycle: settings, roles, keys. Added to, never changed.
CREATE TABLE change_log (
    id             uuid        NOT NULL DEFAULT uuidv7(),
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_kind     text        NOT NULL,
    actor_id       text        NOT NULL,
    request_id     text,
    subject        text        NOT NULL, -- what was changed, e.g. 'staff:<id>', 'portal_settings'
    act            text        NOT NULL, -- a code, e.g. 'invited', 'changed'
    before         jsonb       NOT NULL DEFAULT '{}', -- of the fields that changed; never a secret
    after          jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (marketplace_id, id)
);
CREATE INDEX change_log_subject ON change_log (marketplace_id, subject, id);

CREATE FUNCTION refuse_change_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the change log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_rows BEFORE UPDATE OR DELETE ON change_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change_log_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON change_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_log_change();
ALTER TABLE change_log ENABLE ALWAYS TRIGGER refuse_rows, ENABLE ALWAYS TRIGGER refuse_truncate;

GRANT SELECT, INSERT, UPDATE, DELETE ON second_factor, recovery_code TO gatehouse_app;
GRANT SELECT, INSERT ON change_log TO gatehouse_app;
GRANT SELECT ON change_log TO gatehouse_auditor;
