"""What every request may need: pages of a list, versions of what was seen, idempotency keys."""
