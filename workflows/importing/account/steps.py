"""The steps of an import from a gateway's account: read a page, store some rows, take over a subscription.

First everything is read, then it is stored, by the rules of files (docs/import.md). Each step commits with the place
where the next one begins, so that a killed import goes on where it was. No step asks the gateway inside a transaction.
"""

from collections.abc import Callable

from models.database import transaction
from workflows.importing.account.dry_run import try_all
from workflows.importing.account.migration import migrate_one, only_uncharged
from workflows.importing.account.payments import with_orders
from workflows.importing.account.rows import RefusedObject, keep, refuse, waiting
from workflows.importing.account.run import Progress, Run, advance, claim, count, find_run
from workflows.importing.account.source import Account, Cursor
from workflows.importing.account.store import AT_ONCE, lines, place_for, settle
from workflows.importing.run import only_one_now
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace


def _to_no_one(_: object) -> None: ...


async def take_step(
    run: Run,
    account: Account,
    *,
    told: Callable[[RefusedObject], None] = _to_no_one,
    watch: Callable[[Progress], None] = _to_no_one,
) -> Run:
    """Does the next step of an import that has not ended, and answers with the import as it is then.

    `told` hears of each refused row, `watch` of the progress within a long step. Raises InDoubt (take the same
    step later), StepTaken, ImportUnderWay (files are being imported), NotFound.
    """
    marketplace = await marketplace_by_id(run.marketplace_id)
    verb, _, what = run.step.partition(" ")
    refused: list[RefusedObject] = []
    match verb:
        case "read":
            refused = await _read(run, marketplace, account, what)
        case "store":
            refused = await _store(run, marketplace, what)
        case "hand-over":
            refused = await migrate_one(run, marketplace, account)
        case _:
            await try_all(run, marketplace, told, watch)
    for line in refused:
        told(line)
    return await find_run(run.marketplace_id, run.id)


async def _read(run: Run, marketplace: Marketplace, account: Account, which: str) -> list[RefusedObject]:
    cursor = None if run.cursor is None else Cursor(**run.cursor)
    page = await account.page(which, cursor, run.created_until)
    async with transaction():
        progress = await claim(run)
        rows = page.rows
        if which == "charges":
            rows = await with_orders(run, rows)
        elif which == "subscriptions":
            rows = await only_uncharged(run, marketplace, progress, rows)
        kept = await keep(run, rows)
        for kind, refusal in kept:
            count(progress, kind, "read")
            if refusal is not None:
                count(progress, kind, "refused")
        await advance(run, progress, {"after": page.next.after, "created": page.next.created} if page.next else None)
    return [refusal for _, refusal in kept if refusal is not None]


async def _store(run: Run, marketplace: Marketplace, kind: str) -> list[RefusedObject]:
    after = run.cursor["place"] if run.cursor else 0
    led_there = False if kind == "subscriptions" else None  # the others are handed over first
    async with transaction():
        progress = await claim(run)
        await only_one_now(marketplace)
        rows = await waiting(run, kind, after, led_there=led_there, limit=AT_ONCE)
        refused = await settle(place_for(run, marketplace), kind, rows, progress)
        await refuse(run, kind, refused)
        await advance(run, progress, {"place": rows[-1].place} if len(rows) == AT_ONCE else None)
    return lines(kind, rows, refused)
