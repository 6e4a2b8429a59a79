"""For operators: health, metrics, and what a production deployment must not be."""
