-- Secrets of second factors are encrypted as those of webhooks are, and name their key. NULL: a Fernet token, as before;
-- the nightly second_factor.sweep encrypts it anew.
ALTER TABLE second_factor ADD COLUMN key_id text;
