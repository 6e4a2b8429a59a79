"""Attempts to take money, decline codes, refunds, the payment history."""
