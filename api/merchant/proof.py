"""The log's proof by API: exports and proofs as files for `gatehouse audit verify`, checkpoints and keys to hold."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from litestar.response import Response, Stream

from api.documented import problems
from api.provided import OwnMarketplace
from workflows.access.access_log import note_reading
from workflows.audit.export.export import Wanted, check_wanted, export
from workflows.audit.export.inclusion import prove_consistency, prove_row, published_lines
from workflows.audit.export.request import in_utc, read_entity, read_row
from workflows.marketplaces.short_numbers import number_of

_NDJSON = "application/x-ndjson"


def _file(media_type: str) -> dict[int, ResponseSpec]:
    return {200: ResponseSpec(str, description="The file.", media_type=media_type, generate_examples=False)}


_Instant = Annotated[datetime | None, QueryParameter(description="Whole checkpoints that touch the range; UTC.")]


class ProofRoutes(Controller):
    """Files that prove what the log says."""

    tags = ("Audit",)

    @get("/transitions/export", opt={"act": "audit.read"}, responses={**_file(_NDJSON), **problems(401, 403, 422)})
    async def export(
        self,
        marketplace: OwnMarketplace,
        form: Annotated[Literal["ndjson", "csv"], QueryParameter(name="format", description="The form.")] = "ndjson",
        since: _Instant = None,
        until: _Instant = None,
        entity: Annotated[
            str | None, QueryParameter(description="One entity's rows alone, each proven: MACHINE/ID.")
        ] = None,
    ) -> Stream:
        """The log with its proof (docs/audit-format.md), for `gatehouse audit verify`; streamed, however long it is."""
        of_one = read_entity(entity) if entity is not None else None
        wanted = Wanted(since=in_utc(since), until=in_utc(until), entity=of_one)
        check_wanted(wanted)
        note_reading({"page": "export", "scope": wanted.scope, "entity": entity or ""})
        pieces: AsyncGenerator[bytes] = export(form, [marketplace.id], wanted)
        headers = {"Content-Disposition": f'attachment; filename="log-{marketplace.slug}.{form}"'}
        return Stream(pieces, media_type=_NDJSON if form == "ndjson" else "text/csv", headers=headers)

    @get("/transitions/proof", opt={"act": "audit.read"}, responses={**_file(_NDJSON), **problems(401, 403, 404, 422)})
    async def proof(
        self,
        marketplace: OwnMarketplace,
        row: Annotated[str, QueryParameter(description="MACHINE/ID/SEQ.")],
    ) -> Response[bytes]:
        """The proof that one row is under a checkpoint. 422 while it is not sealed yet."""
        wanted = read_row(row)
        note_reading({"page": "proof", "row": row})
        return Response(b"".join(await prove_row(marketplace.id, *wanted)), media_type=_NDJSON)

    @get("/checkpoints", opt={"act": "audit.read"}, responses={**_file(_NDJSON), **problems(401, 403)})
    async def checkpoints(self, marketplace: OwnMarketplace) -> Response[bytes]:
        """All keys and checkpoints, a line each, as they are published: for somebody to hold."""
        note_reading({"page": "checkpoints"})
        return Response(b"".join(await published_lines(marketplace.id)), media_type=_NDJSON)

    @get(
        "/checkpoints/{older:str}/consistency/{newer:str}",
        opt={"act": "audit.read"},
        responses={**_file(_NDJSON), **problems(401, 403, 404, 422)},
    )
    async def consistency(
        self,
        marketplace: OwnMarketplace,
        older: Annotated[str, PathParameter(description="Number of a checkpoint.")],
        newer: Annotated[str, PathParameter(description="Number of a later one.")],
    ) -> Response[bytes]:
        """The proof that a checkpoint's tree begins with that of an earlier one."""
        lines = await prove_consistency(marketplace.id, number_of(older), number_of(newer))
        note_reading({"page": "consistency", "older": older, "newer": newer})
        return Response(b"".join(lines), media_type=_NDJSON)
