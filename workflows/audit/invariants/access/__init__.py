"""Invariants of links, sessions and erased customers."""
