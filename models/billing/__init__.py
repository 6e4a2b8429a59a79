"""Tables of billing: products, orders, subscriptions, charges, dunning."""
