"""How e-mails leave: staged, written, delivered, and what providers report."""
