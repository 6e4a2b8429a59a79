"""Tables of invoices and their documents."""
