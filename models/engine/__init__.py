"""Tables of the engine: outbox, schedule, transition log."""
