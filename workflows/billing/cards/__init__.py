"""Cards: links to replace one, forms, stored payment methods."""
