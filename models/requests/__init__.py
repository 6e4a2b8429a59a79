"""Tables of repeatable requests."""
