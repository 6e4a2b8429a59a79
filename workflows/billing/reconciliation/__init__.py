"""Differences between our records and a gateway's, found every night."""
