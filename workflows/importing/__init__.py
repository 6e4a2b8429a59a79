"""A merchant's past, read from rows of text: products, customers, orders, subscriptions, charges.

Each kind has a file that names its columns, reads one row, and stores a chunk of rows by set-based SQL.
Everything is known by the merchant's own `reference`, so that importing twice changes nothing (docs/import.md).
No e-mail, webhook or document comes from here: what is imported happened long ago.
"""
