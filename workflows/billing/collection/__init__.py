"""Collecting payments: submitting charges, and what follows from the gateway's answer."""
