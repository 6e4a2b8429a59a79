"""Tables of the log's proof and of invariants."""
