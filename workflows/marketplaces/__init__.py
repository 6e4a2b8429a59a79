"""Marketplaces, the tenants: their settings, logo, staff and permissions, and what was changed."""
