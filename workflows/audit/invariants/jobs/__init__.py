"""Invariants of background work."""
