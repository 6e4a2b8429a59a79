"""Console pages of the marketplace's settings and the portal's preview."""
