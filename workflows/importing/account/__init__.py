"""Importing from a merchant's account at a gateway."""
