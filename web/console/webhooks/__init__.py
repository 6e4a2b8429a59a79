"""Console pages of webhook endpoints and deliveries."""
