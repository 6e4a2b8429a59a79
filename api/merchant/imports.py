"""Imports from a gateway's account by API: begun here, done in the background, watched, stopped."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import PathParameter, QueryParameter

from api.documented import BAD_BODY, example, problems
from api.provided import Asking, NewId, OwnMarketplace
from api.strict_json import StrictJSON
from workflows.importing.account import run as account_run
from workflows.importing.account.progress import ImportShown, RefusedPage, import_shown, refused_page
from workflows.marketplaces.short_numbers import number_of, uuid_of

_IMPORT = {"act": "import"}

ImportId = Annotated[str, PathParameter(description="The import's id.")]
After = Annotated[str | None, QueryParameter(description="`after` of the page before.")]


class ImportWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dry_run`: check everything, change nothing. `take_over`: have the gateway stop charging its subscriptions, so
    that Gatehouse can; without it they are left there, so that nobody is charged twice."""

    dry_run: bool = False
    take_over: bool = False


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
        return await import_shown(run)

    @get(opt=_IMPORT, responses=problems(401, 403))
    async def list(self, caller: Asking) -> list[ImportShown]:
        """The latest 50 imports, the last one first."""
        return [await import_shown(run) for run in await account_run.list_runs(caller.marketplace_id)]

    @get("/{run:str}", opt=_IMPORT, responses=problems(401, 403, 404))
    async def read(self, caller: Asking, run: ImportId) -> ImportShown:
        """How far an import is, or what became of it."""
        return await import_shown(await account_run.find_run(caller.marketplace_id, uuid_of(run)))

    @get("/{run:str}/refused", opt=_IMPORT, responses=problems(401, 403, 404))
    async def refused(self, caller: Asking, run: ImportId, after: After = None) -> RefusedPage:
        """The report: a line for each row that was refused, with what to do about it, 100 a page."""
        found = await account_run.find_run(caller.marketplace_id, uuid_of(run))
        return await refused_page(found, 0 if after is None else number_of(after))

    @post("/{run:str}/resume", status_code=202, opt=_IMPORT, responses=problems(401, 403, 404))
    async def resume(self, caller: Asking, run: ImportId) -> ImportShown:
        """Let one that was broken off go on in the background; nothing where it is going on, or has ended."""
        found = await account_run.find_run(caller.marketplace_id, uuid_of(run))
        await account_run.go_on(found)
        return await import_shown(found)

    @post("/{run:str}/stop", status_code=200, opt=_IMPORT, responses=problems(401, 403, 404))
    async def stop(self, caller: Asking, run: ImportId) -> ImportShown:
        """End one where it is. What it has stored, and taken over, stays; another import adds the rest."""
        return await import_shown(await account_run.stop(caller.marketplace_id, uuid_of(run), caller.actor))
