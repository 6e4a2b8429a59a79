"""Proof of the log: what is sealed, signed, published and exported so that others can check it without us."""
