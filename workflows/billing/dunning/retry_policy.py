"""The retry policy as a merchant sets it: on which days what failed is charged again, and how it ends (PRODUCT.md 4.3).

A new marketplace begins with the default. Each change is a new version. A case keeps the policy that it began with;
what is done by it is in cases.py.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import fetch_value, transaction
from workflows.billing.dunning.card_retry_limits import CARD_RETRIES, CARD_WINDOW
from workflows.billing.emails.dunning import CASE_LINK_LIFETIME
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.marketplace import set_columns
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput

End = Literal["cancel", "leave"]  # what follows the last day: the subscription is cancelled, or left as it is

DEFAULT_ATTEMPT_DAYS = (1, 4, 8, 15)  # two weeks: a card that is over its limit pays again after payday
DEFAULT_END: End = "cancel"
LAST_DAY = CASE_LINK_LIFETIME.days  # no case outlasts the links in its e-mails
CHANGES = "saver_policy"  # the subject of its changes
_WINDOW = CARD_WINDOW.days


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as it is pinned to a case. Day 1 is the failed charge itself; `end` says what follows the last day. Its
    defaults are those of a new marketplace."""

    attempt_days: tuple[int, ...] = DEFAULT_ATTEMPT_DAYS
    end: End = DEFAULT_END
    version: int = 1


class SaverPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of cases that open from now on. Day 1 is the failed charge itself; `end`: what follows the last day,
    the subscription is cancelled or left in `failed_charge`. `version` grows with each change."""

    attempt_days: list[int]
    end: End
    version: int


class SaverPolicyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The policy to be."""

    attempt_days: list[int]
    end: End


def policy_of(row: Any) -> Policy:
    """The policy pinned to a case, or set for a marketplace (its JSON)."""
    return msgspec.convert(row, Policy)


async def saver_policy(marketplace_id: UUID) -> SaverPolicy:
    """The marketplace's policy."""
    return await _read(marketplace_id, "")


async def change_policy(
    marketplace_id: UUID, change: SaverPolicyChange, by: Actor, expected: frozenset[str] | None = None
) -> SaverPolicy:
    """Sets the policy and answers with it; one that is the same already stays the version it is.

    Raises InvalidInput naming `attempt_days`, and ChangedMeanwhile when it is none of the `expected` versions.
    """
    if problem := days_problem(change.attempt_days):
        raise InvalidInput({"attempt_days": problem})
    async with transaction():
        before = await _read(marketplace_id, " FOR NO KEY UPDATE")
        check_version(before, expected)
        if (before.attempt_days, before.end) == (change.attempt_days, change.end):
            return before
        after = SaverPolicy(attempt_days=change.attempt_days, end=change.end, version=before.version + 1)
        stored = msgspec.structs.asdict(after)
        await set_columns(marketplace_id, {"dunning_policy": stored})
        await record_change(marketplace_id, by, CHANGES, "changed", msgspec.structs.asdict(before), stored)
    return after


def days_problem(days: Sequence[int]) -> str | None:
    """Why these are no days to try on, as a sentence for people; None when they are.

    At most one attempt a day and 8 in any 30 days, far below what the card networks allow (PRODUCT.md 4.5).
    """
    if not days or days[0] != 1:
        return "must begin with 1: Day 1 is the failed charge itself."
    if any(later <= earlier for earlier, later in pairwise(days)):
        return "must be in ascending order, each day once."
    if days[-1] > LAST_DAY:
        return f"must end by day {LAST_DAY}."
    for first in days:
        within = [day for day in days if first <= day < first + _WINDOW]
        if len(within) > CARD_RETRIES:
            return (
                f"must hold at most {CARD_RETRIES} attempts in any {_WINDOW} days, as the card networks' limits ask:"
                f" from day {first} on there are {len(within)}."
            )
    return None


def days_of(text: str) -> list[int]:
    """The days that somebody typed, e.g. `1, 4, 8, 15`. Raises InvalidInput for anything but whole numbers."""
    parts = text.replace(",", " ").replace(";", " ").split()
    if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        raise InvalidInput({"attempt_days": "must be whole numbers with commas between them, like 1, 4, 8, 15."})
    return [int(part) for part in parts]


async def _read(marketplace_id: UUID, lock: str) -> SaverPolicy:
    row = await fetch_value(f"SELECT dunning_policy FROM marketplace WHERE id = $1{lock}", marketplace_id)
    return msgspec.convert({"version": 1, **row}, SaverPolicy)
