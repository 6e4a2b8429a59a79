"""Console pages of the staff member's own account, API keys and the team."""
