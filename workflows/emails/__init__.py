"""E-mails: staged with what caused them, written and handed over later. Vendors are in integrations/mailers."""
