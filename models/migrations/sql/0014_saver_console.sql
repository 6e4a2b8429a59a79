-- What a merchant makes of the Subscription Saver: its e-mails' texts; its report; who was told of work given up.

-- The merchant's own words for an e-mail. NULL: the default's again. The row stays, so that its version only grows.
CREATE TABLE saver_text (
    marketplace_id uuid        NOT NULL REFERENCES marketplace,
    template       text        NOT NULL CHECK (template IN ('failed_charge', 'final_notice')),
    version        integer     NOT NULL DEFAULT 1 CHECK (version >= 1),
    subject        text        CHECK (char_length(subject) BETWEEN 1 AND 1000),
    heading        text        CHECK (char_length(heading) BETWEEN 1 AND 1000),
    body           text        CHECK (char_length(body) BETWEEN 1 AND 10000),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace_id, template),
    CHECK (num_nulls(subject, heading, body) IN (0, 3))
);

-- The report reads its months and nothing else, from the index alone.
CREATE INDEX dunning_case_report ON dunning_case (marketplace_id, opened_at)
    INCLUDE (id, state, amount_minor, currency);

-- Of a dead row: when the staff were told. Work that was put back and dies again is told of again.
ALTER TABLE outbox ADD COLUMN told_at timestamptz;
CREATE INDEX outbox_untold ON outbox (id) WHERE status = 'dead' AND told_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON saver_text TO gatehouse_app;
GRANT SELECT ON saver_text TO gatehouse_auditor;
