"""The customer's portal (PRODUCT.md §1 and §2): a page or two a file."""
