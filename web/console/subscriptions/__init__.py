"""Console pages of the subscriptions: the list, the Summary, and what staff do there."""
