"""Webhooks that providers call: Stripe's and Mailjet's events."""
