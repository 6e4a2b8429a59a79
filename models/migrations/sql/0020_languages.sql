-- What a marketplace speaks to customers who asked for no language themselves, by a setting or by their browser.
ALTER TABLE marketplace ADD COLUMN language text NOT NULL DEFAULT 'en'
    CHECK (language IN ('de', 'en', 'es', 'fr', 'pt'));
