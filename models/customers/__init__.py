"""Tables of customers."""
