"""Invariants of documents and their numbers."""
