"""Invariants of charges, invoices, dunning and subscriptions."""
