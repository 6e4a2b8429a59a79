"""E-mails about money: receipts, upcoming payments, dunning."""
