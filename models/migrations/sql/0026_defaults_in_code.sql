-- A new marketplace's settings and retry policy are written by workflows/operations/marketplace_setup.py, from the
-- defaults in workflows/marketplaces/portal_settings.py and workflows/billing/dunning/retry_policy.py.
ALTER TABLE marketplace
    ALTER COLUMN email_button          DROP DEFAULT,
    ALTER COLUMN self_cancellation     DROP DEFAULT,
    ALTER COLUMN show_address          DROP DEFAULT,
    ALTER COLUMN show_support_email    DROP DEFAULT,
    ALTER COLUMN social_links          DROP DEFAULT,
    ALTER COLUMN link_lifetime_minutes DROP DEFAULT,
    ALTER COLUMN dunning_policy        DROP DEFAULT;
