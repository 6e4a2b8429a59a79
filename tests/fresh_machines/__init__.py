"""Gatehouse tried on bare machines, as a newcomer does: `python -m tests.fresh_machines`."""
