"""When an invariant calls something overdue: 15 minutes after its time (PRODUCT.md 6.6)."""

from datetime import timedelta

OVERDUE_AFTER = timedelta(minutes=15)  # a busy queue and a restart need less
GRACE = f"interval '{OVERDUE_AFTER.total_seconds():.0f} seconds'"  # the same, in SQL
