-- A merchant's own words for every e-mail to customers, by language; their colour.

ALTER TABLE saver_text RENAME TO email_text;
ALTER TABLE email_text DROP CONSTRAINT saver_text_template_check;
ALTER TABLE email_text ADD CONSTRAINT email_text_template_check CHECK (template ~ '^[a-z_]{1,60}$');
-- '': in every language that has no words of its own. It is part of the key, so it is never NULL.
ALTER TABLE email_text ADD COLUMN language text NOT NULL DEFAULT '' CHECK (language ~ '^([a-z]{2})?$');
ALTER TABLE email_text ADD COLUMN preheader text CHECK (char_length(preheader) <= 1000);
ALTER TABLE email_text DROP CONSTRAINT saver_text_pkey;
ALTER TABLE email_text ADD PRIMARY KEY (marketplace_id, template, language);
ALTER TABLE email_text DROP CONSTRAINT saver_text_check;
-- Where there is no line for the inbox, the first paragraph serves.
UPDATE email_text SET preheader = '' WHERE subject IS NOT NULL;
ALTER TABLE email_text ADD CONSTRAINT email_text_whole CHECK (num_nulls(subject, preheader, heading, body) IN (0, 4));

-- What a test e-mail is written in. NULL: the language of whom it goes to.
ALTER TABLE outgoing_email ADD COLUMN language text CHECK (language ~ '^[a-z]{2}$');

-- NULL: ours. How much of it reads is computed (workflows/marketplaces/colors.py).
ALTER TABLE marketplace ADD COLUMN accent_color text CHECK (accent_color ~ '^#[0-9a-f]{6}$');
