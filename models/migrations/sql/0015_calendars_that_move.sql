-- A merchant's staff move the billing day, and restart what was cancelled: periods keep their numbers, and are counted on
-- from a new anchor (docs/decisions/0016).

ALTER TABLE subscription
    ADD COLUMN anchor_period integer NOT NULL DEFAULT 0 CHECK (anchor_period >= 0); -- the period that is due at anchor_at
