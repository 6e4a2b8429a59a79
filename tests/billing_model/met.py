"""What random lives came across, counted in the database: so that nobody trusts a run in which nothing happened."""

from models.database import fetch_value

_MET = {
    "paid": "charge WHERE state = 'succeeded'",
    "failed": "charge WHERE state = 'failed'",
    "renewals": "charge WHERE initiator = 'schedule'",
    "retries": "charge WHERE initiator = 'retry'",
    "staff's retries": "charge WHERE initiator = 'staff'",
    "new cards charged": "charge WHERE initiator = 'new_card'",
    "recovered": "dunning_case WHERE state = 'recovered'",
    "exhausted": "dunning_case WHERE state = 'exhausted'",
    "abandoned": "dunning_case WHERE state = 'abandoned'",
    "final notices": "dunning_step WHERE channel = 'final_notice'",
    "completed": "subscription WHERE state = 'completed'",
    "refunds": "refund WHERE status = 'succeeded'",
    "disputed": "charge WHERE state = 'disputed'",
    "given up": "charge WHERE state = 'failed' AND moved_trigger = 'withdraw'",
    "webhooks": "gateway_event",
}


async def what_was_met() -> dict[str, int]:
    """How many of each there are, over all lives."""
    return {name: await fetch_value(f"SELECT count(*) FROM {rows}") for name, rows in _MET.items()}
