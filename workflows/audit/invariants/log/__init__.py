"""Invariants of the transition log."""
