"""Customers of a marketplace: records, addresses, search, language."""
