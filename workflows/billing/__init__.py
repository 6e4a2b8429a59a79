"""Billing: subscriptions, orders, charges and their recovery."""
