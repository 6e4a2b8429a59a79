"""What every request of the API passes: credentials, idempotency, ETags, strict JSON, problems, the logs."""
