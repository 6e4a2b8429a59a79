"""Orders, payments, products, subscriptions, dunning and the sandbox clock, by API."""
