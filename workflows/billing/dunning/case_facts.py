"""What the decision about a case is made of, read in the caller's transaction with the rows already locked."""

from typing import Any

from models.database import fetch_value
from workflows.billing.charges.declines import severity
from workflows.billing.dunning.card_retry_limits import CARD_WINDOW, card_retries
from workflows.billing.dunning.next_step import CaseState


async def state_of_case(case: Any, fingerprint: str | None) -> CaseState:
    """The facts of an open case; `fingerprint` is the present card's, None when there is no card."""
    under_way = await fetch_value(
        "SELECT EXISTS (SELECT FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'pending')",
        case["marketplace_id"],
        case["subscription_id"],
    )
    retries = await card_retries(case["marketplace_id"], fingerprint, case["opened_at"] - CARD_WINDOW)
    automatic = [row["attempted_at"] for row in retries if row["initiator"] == "retry"]
    return CaseState(
        opened_at=case["opened_at"],
        attempts_made=case["attempts_made"],
        last_decline=severity(case["last_decline_code"]),
        charge_under_way=under_way,
        card_retries_at=tuple(row["attempted_at"] for row in retries),
        card_last_automatic_at=max(automatic, default=None),
    )
