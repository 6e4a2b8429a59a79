"""Signing in: link requests, sessions, the second factor, API keys, the access log."""
