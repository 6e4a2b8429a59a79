"""Subscriptions: lists and views, cancellation, restart."""
