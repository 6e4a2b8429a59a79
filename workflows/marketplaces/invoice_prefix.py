"""The prefix of a marketplace's invoice numbers, and how credit notes differ from it."""

CREDIT_NOTE_SUFFIX = "CN-"  # after the marketplace's own prefix, which cannot end so: no number is in both series


def prefix_clashes(prefix: str) -> bool:
    """Whether invoices of this prefix would look like credit notes."""
    return prefix.endswith(CREDIT_NOTE_SUFFIX)
