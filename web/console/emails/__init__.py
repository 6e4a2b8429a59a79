"""Console pages of the e-mails and their texts."""
