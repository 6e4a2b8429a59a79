"""Subscriptions that the gateway charges by itself: never both it and Gatehouse (docs/decisions/0018).

They are left where they are, or, where the import takes over, the gateway is made to stop before one is stored.
"""

from collections.abc import Sequence

from models.database import fetch, transaction
from workflows.importing.account.rows import RefusedObject, Waiting, refuse, waiting
from workflows.importing.account.run import Progress, Run, advance, claim, count
from workflows.importing.account.source import Account, AccountObjects
from workflows.importing.account.store import lines, place_for, settle
from workflows.importing.run import only_one_now, rolled_back
from workflows.importing.shapes import Problem
from workflows.marketplaces.tenant import Marketplace

_STILL_THERE = (
    "is still charged by {source}, and was left there so that nobody pays twice: import with take_over (--take-over)"
    " to have {source} stop"
)
_BOTH_CHARGE = (
    "is here, and {source} charges it too: nobody should pay twice. Import with take_over (--take-over) to have"
    " {source} stop, or cancel it at one of the two"
)


async def only_uncharged(
    run: Run, marketplace: Marketplace, progress: Progress, rows: Sequence[AccountObjects]
) -> list[AccountObjects]:
    """A page's rows without those of subscriptions that are Gatehouse's own since an earlier import (counted as
    unchanged: from there on Gatehouse leads); refuses those that the gateway charges, unless the import takes over."""
    known = await _known(marketplace, [row.reference for row in rows if row.led_by is not None])
    ours = {row.reference for row in rows if row.led_by == "here" and row.reference in known}
    theirs = {row.reference for row in rows if row.led_by == "there" and not run.take_over}
    theirs -= {row.reference for row in rows if row.problem is not None and row.reference not in known}
    for _ in (row for row in rows if row.led_by == "there"):
        count(progress, "subscriptions", "led_there")
    for _ in ours:
        count(progress, "subscriptions", "read")
        count(progress, "subscriptions", "unchanged")
    left = [row for row in rows if row.kind == "products" or row.reference not in ours]
    left = [row for row in left if row.kind != "orders" or row.reference not in theirs]
    return [_left_there(run, row, known) if row.reference in theirs else row for row in left]


async def _known(marketplace: Marketplace, references: Sequence[str]) -> set[str]:
    sql = "SELECT reference FROM subscription WHERE marketplace_id = $1 AND reference = ANY($2)"
    return {row["reference"] for row in await fetch(sql, marketplace.id, list(references))}


def _left_there(run: Run, row: AccountObjects, known: set[str]) -> AccountObjects:
    reason = (_BOTH_CHARGE if row.reference in known else _STILL_THERE).format(source=run.source.capitalize())
    return AccountObjects(kind=row.kind, reference=row.reference, problem=Problem("", reason), led_by="there")


async def migrate_one(run: Run, marketplace: Marketplace, account: Account) -> list[RefusedObject]:
    """The next subscription that the gateway still charges: tried here first, then taken over there, then stored.

    Killed in between, nobody charges it until the import goes on. Late is better than twice.
    """
    rows = await waiting(run, "subscriptions", run.cursor["place"] if run.cursor else 0, led_there=True, limit=1)
    place = place_for(run, marketplace)
    async with rolled_back():
        refused = await settle(place, "subscriptions", rows, {})
    if rows and not refused:
        found = await account.take_over(rows[0].reference)
        refused = [] if found.problem is None else [(rows[0].place, found.problem)]
        rows = [Waiting(place=rows[0].place, reference=found.reference, columns=found.columns)]
    async with transaction():
        progress = await claim(run)
        await only_one_now(marketplace)
        if refused:
            count(progress, "subscriptions", "refused")
        else:
            refused = [_stopped(one) for one in await settle(place, "subscriptions", rows, progress)]
        await refuse(run, "subscriptions", refused)
        await advance(run, progress, {"place": rows[0].place} if rows else None)
    return lines("subscriptions", rows, refused)


def _stopped(refused: tuple[int, Problem]) -> tuple[int, Problem]:
    """It fitted when it was tried, and the gateway's last word did not: nobody charges it now."""
    at, (column, reason) = refused
    return at, Problem(column, f"{reason} (the gateway has stopped charging it: import again)")
