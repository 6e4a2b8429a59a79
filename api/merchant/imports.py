"""Imports from a gateway's account by API: begun here, done in the background, watched, stopped."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import PathParameter, QueryParameter

from api.documented import BAD_BODY, example, problems
from api.paths import number_of, uuid_of
from api.provided import Asking, NewId, OwnMarketplace
from api.strict_json import StrictJSON
from workflows.importing import account_run
from workflows.importing.account_rows import RefusedObject, list_refused
from workflows.importing.account_run import Run

_IMPORT = {"act": "import"}
_PAGE = 100
_KINDS = ("products", "customers", "invoices", "orders", "subscriptions", "charges")

ImportId = Annotated[str, PathParameter(description="The import's id.")]
After = Annotated[str | None, QueryParameter(description="`after` of the page before.")]


class ImportWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dry_run`: check everything, change nothing. `take_over`: have the gateway stop charging its subscriptions, so
    that Gatehouse can; without it they are left there, so that nobody is charged twice."""

    dry_run: bool = False
    take_over: bool = False


class ImportedKind(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind: read so far, and of those new, known already, and refused."""

    kind: str
    read: int = 0
    new: int = 0
    unchanged: int = 0
    refused: int = 0


class ImportShown(msgspec.Struct, frozen=True, kw_only=True):
    """An import. `step` is what comes next, `trouble` what kept it from being done: it is tried again for some hours,
    and after `resume`. `still_charged_there`: how many subscriptions the gateway charged by itself when it was read."""

    id: UUID
    source: str
    dry_run: bool
    take_over: bool
    step: str
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


async def _shown(run: Run) -> ImportShown:
    kinds = [
        ImportedKind(kind=kind, **{name: count for name, count in tally.items() if name != "led_there"})
        for kind in _KINDS
        if (tally := run.progress.get(kind)) is not None
    ]
    same = {name: getattr(run, name) for name in ImportShown.__struct_fields__ if hasattr(run, name)}
    there = run.progress.get("subscriptions", {}).get("led_there", 0)
    trouble = await account_run.trouble_of(run) if run.ended_at is None else None
    return ImportShown(**same, kinds=kinds, still_charged_there=there, trouble=trouble)


class Imports(Controller):
    """A merchant's past, from where they were before."""

    path = "/imports"
    tags = ("Imports",)

    @post(
        "/stripe",
        dto=StrictJSON[ImportWanted],
        return_dto=None,
        status_code=202,
        opt=_IMPORT,
        responses=problems(401, 403, 409, *BAD_BODY),
    )
    async def begin(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        new_id: NewId,
        data: Annotated[ImportWanted, example({"dry_run": True})],
    ) -> ImportShown:
        """Begin to import the deployment's Stripe account into a marketplace that is paid through it. It goes on in the
        background. 409 while another one has not ended, or where that account is not this marketplace's alone."""
        run = await account_run.begin(
            marketplace,
            "stripe",
            dry_run=data.dry_run,
            take_over=data.take_over,
            by=caller.actor,
            in_background=True,
            new_id=new_id,
        )
        return await _shown(run)

    @get(opt=_IMPORT, responses=problems(401, 403))
    async def list(self, caller: Asking) -> list[ImportShown]:
        """The latest 50 imports, the last one first."""
        return [await _shown(run) for run in await account_run.list_runs(caller.marketplace_id)]

    @get("/{run:str}", opt=_IMPORT, responses=problems(401, 403, 404))
    async def read(self, caller: Asking, run: ImportId) -> ImportShown:
        """How far an import is, or what became of it."""
        return await _shown(await account_run.find_run(caller.marketplace_id, uuid_of(run)))

    @get("/{run:str}/refused", opt=_IMPORT, responses=problems(401, 403, 404))
    async def refused(self, caller: Asking, run: ImportId, after: After = None) -> RefusedPage:
        """The report: a line for each row that was refused, with what to do about it, 100 a page."""
        found = await account_run.find_run(caller.marketplace_id, uuid_of(run))
        start = 0 if after is None else number_of(after)
        rows = await list_refused(caller.marketplace_id, found.id, start, _PAGE)
        last = str(rows[-1][0]) if len(rows) == _PAGE else None
        return RefusedPage(refused=[line for _, line in rows], after=last)

    @post("/{run:str}/resume", status_code=202, opt=_IMPORT, responses=problems(401, 403, 404))
    async def resume(self, caller: Asking, run: ImportId) -> ImportShown:
        """Let one that was broken off go on in the background; nothing where it is going on, or has ended."""
        found = await account_run.find_run(caller.marketplace_id, uuid_of(run))
        await account_run.go_on(found)
        return await _shown(found)

    @post("/{run:str}/stop", status_code=200, opt=_IMPORT, responses=problems(401, 403, 404))
    async def stop(self, caller: Asking, run: ImportId) -> ImportShown:
        """End one where it is. What it has stored, and taken over, stays; another import adds the rest."""
        return await _shown(await account_run.stop(caller.marketplace_id, uuid_of(run), caller.actor))
