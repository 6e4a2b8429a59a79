"""Tables of outgoing webhooks."""
