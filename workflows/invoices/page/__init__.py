"""What an invoice looks like: a self-contained HTML page made from its snapshot and nothing else."""

from workflows.invoices.page.page import invoice_html

__all__ = ["invoice_html"]
