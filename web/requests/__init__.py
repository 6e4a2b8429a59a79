"""How a page's request is read: cookies, forms, uploads, origin, the visitor."""
