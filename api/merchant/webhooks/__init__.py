"""Webhook endpoints and their deliveries, by API."""
