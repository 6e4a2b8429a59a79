"""API keys and team members, by API."""
