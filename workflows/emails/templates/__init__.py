"""What e-mails say: templates, their variables, a merchant's own texts."""
