"""What pages and API tell of an import from a gateway's account: how far it is, and its report."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from workflows.importing.account.rows import RefusedObject, list_refused
from workflows.importing.account.run import Run, trouble_of

_KINDS = ("products", "customers", "invoices", "orders", "subscriptions", "charges")
_PAGE = 100  # lines of the report


class ImportedKind(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind: read so far, and of those new, known already, and refused."""

    kind: str
    read: int = 0
    new: int = 0
    unchanged: int = 0
    refused: int = 0


class ImportShown(msgspec.Struct, frozen=True, kw_only=True):
    """An import. `step` is what comes next, after `steps_done` of `steps`; `trouble` what kept it from being done: it
    is tried again for some hours, and after `resume`. `still_charged_there`: how many subscriptions the gateway charged
    by itself when it was read."""

    id: UUID
    source: str
    dry_run: bool
    take_over: bool
    step: str
    steps_done: int
    steps: int
    kinds: list[ImportedKind]
    still_charged_there: int
    trouble: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["done", "stopped"] | None


class RefusedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of the report, in the order in which the account was read; send `after` for more, None ends it."""

    refused: list[RefusedObject]
    after: str | None


async def import_shown(run: Run) -> ImportShown:
    """The import as it is told of."""
    kinds = [
        ImportedKind(kind=kind, **{name: count for name, count in tally.items() if name != "led_there"})
        for kind in _KINDS
        if (tally := run.progress.get(kind)) is not None
    ]
    told = {name: getattr(run, name) for name in ImportShown.__struct_fields__ if hasattr(run, name)}
    told |= {"steps_done": run.steps.index(run.step), "steps": len(run.steps) - 1, "kinds": kinds}
    there = run.progress.get("subscriptions", {}).get("led_there", 0)
    trouble = await trouble_of(run) if run.ended_at is None else None
    return ImportShown(**told, still_charged_there=there, trouble=trouble)


async def refused_page(run: Run, after: int) -> RefusedPage:
    """The next 100 lines of the report behind the place `after`; 0 begins it."""
    rows = await list_refused(run.marketplace_id, run.id, after, _PAGE)
    last = str(rows[-1][0]) if len(rows) == _PAGE else None
    return RefusedPage(refused=[line for _, line in rows], after=last)
