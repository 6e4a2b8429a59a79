"""Invoices and credit notes: numbers, snapshots, tax, PDFs."""
