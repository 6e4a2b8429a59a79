"""Tables of e-mails and what providers report."""
