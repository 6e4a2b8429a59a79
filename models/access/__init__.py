"""Tables of access: links, sessions, API keys, second factor, access log."""
