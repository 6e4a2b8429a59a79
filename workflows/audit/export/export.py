"""Exports: the log with its proof, in one file that `gatehouse audit verify` reads without us (docs/audit-format.md).

Whole checkpoints, in order: rows, then the checkpoint that seals them; the rows not yet sealed come last. An export of
one entity holds its rows alone, each with the hashes that prove its place.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import fetch_pairs, fetch_value
from workflows.audit.export.inclusion import inclusion_lines
from workflows.audit.export.lines import Form, Rows, control_line, first_of, head, number_of, row_lines, rows_of
from workflows.audit.proof.checkpoints import Checkpoint, before, checkpoints_from, latest
from workflows.audit.proof.instants import instant
from workflows.audit.proof.signing import known_keys
from workflows.audit.proof.spans import (
    Span,
    changed_since_sealed,
    floor,
    horizon,
    sealed_spans,
    sealed_until,
    systems_of,
)
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound

FORMAT = "gatehouse-audit-1"
_PAGE = 200  # checkpoints
_EVER = 2**63 - 1


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export is to hold: all, the checkpoints that touch a range of time, or one entity's rows."""

    since: datetime | None = None
    until: datetime | None = None
    entity: tuple[str, UUID] | None = None

    @property
    def scope(self) -> Literal["all", "range", "entity"]:
        """The kind of export."""
        if self.entity is not None:
            return "entity"
        return "all" if self.since is None and self.until is None else "range"


EVERYTHING = ExportRequest()


def check_export_request(wanted: ExportRequest) -> None:
    """Raises InvalidInput for what contradicts itself."""
    if wanted.entity is not None and (wanted.since or wanted.until):
        raise InvalidInput({"entity": "One entity's rows are exported whole: leave the range out."})
    if wanted.since and wanted.until and wanted.since > wanted.until:
        raise InvalidInput({"until": "The range ends before it begins."})


async def marketplaces_to_export(slugs: Sequence[str]) -> list[UUID]:
    """The marketplaces of these slugs, in their order; all of them when none is named. Raises NotFound."""
    found = await fetch_pairs("SELECT slug, id FROM marketplace ORDER BY created_at, id")
    if unknown := sorted(set(slugs) - found.keys()):
        raise NotFound(f"no marketplace {', '.join(unknown)}")
    return [found[slug] for slug in slugs or found]


async def export(form: Form, marketplaces: Sequence[UUID], wanted: ExportRequest = EVERYTHING) -> AsyncGenerator[bytes]:
    """The file in pieces of whole lines, a part for each marketplace. Raises InvalidInput first of all."""
    check_export_request(wanted)
    yield head(form)
    for part, marketplace_id in enumerate(marketplaces, start=1):
        async for piece in _Part(form, marketplace_id, wanted, part, len(marketplaces)).pieces():
            yield piece


class _Part:
    """One marketplace's part of a file."""

    def __init__(self, form: Form, marketplace_id: UUID, wanted: ExportRequest, part: int, parts: int) -> None:
        self._form: Form = form
        self._marketplace_id = marketplace_id
        self._wanted = wanted
        self._place = {"part": part, "parts": parts}
        self._rows = self._checkpoints = self._sealed_rows = 0

    async def pieces(self) -> AsyncGenerator[bytes]:
        newest = await latest(self._marketplace_id)
        start = await self._first()
        yield await self._header(start)
        for key in await known_keys():
            yield self._said(key.published())
        if start is not None and (earlier := await before(start)) is not None:
            yield self._said({**_with_tree(earlier), "type": "start"})
        if start is not None and newest is not None:
            async for piece in self._sealed(start.number - 1, newest.number):
                yield piece
        self._sealed_rows = self._rows
        if self._wanted.until is None or newest is None or self._wanted.until >= newest.sealed_at:
            async for piece in self._unsealed(newest):
                yield piece
        if self._wanted.scope == "all" and start is not None and newest is not None:
            async for piece in self._strays(start, newest):
                yield piece
        yield self._said({"type": "end", "rows": self._rows, "checkpoints": self._checkpoints})

    async def _header(self, start: Checkpoint | None) -> bytes:
        wanted = self._wanted
        said: dict[str, Any] = {
            "type": "export",
            "format": FORMAT,
            **self._place,
            "marketplace": str(self._marketplace_id),
            "slug": await fetch_value("SELECT slug FROM marketplace WHERE id = $1", self._marketplace_id),
            "scope": wanted.scope,
            "since": instant(wanted.since) if wanted.since else None,
            "until": instant(wanted.until) if wanted.until else None,
            "entity": f"{wanted.entity[0]}/{wanted.entity[1]}" if wanted.entity else None,
            "first_checkpoint": start.number if start else None,
            "exported_at": instant(now()),
        }
        return self._said(said)

    async def _sealed(self, after: int, last: int) -> AsyncGenerator[bytes]:
        while after < last and (page := await checkpoints_from(self._marketplace_id, after, _PAGE)):
            for one in page:
                if one.number > last or (self._wanted.until is not None and one.first_at > self._wanted.until):
                    return
                async for piece in self._of(one):
                    yield piece
            after = page[-1].number

    async def _of(self, one: Checkpoint) -> AsyncGenerator[bytes]:
        if self._wanted.entity is None:
            earlier = await before(one)
            size = one.size - (earlier.size if earlier else 0)
            async for piece in self._row_lines(rows_of(one), at_most=size):
                yield piece
        else:
            async for line, is_row in inclusion_lines(self._form, one, self._wanted.entity):
                self._rows += is_row
                yield line
        self._checkpoints += 1
        yield self._said(_with_tree(one))

    async def _unsealed(self, newest: Checkpoint | None) -> AsyncGenerator[bytes]:
        yield self._said({"type": "unsealed"})
        rows = await self._open_rows(newest)
        if (since := await first_of(rows)) is None:
            return
        async for piece in self._row_lines(msgspec.structs.replace(rows, first_at=since)):
            yield piece

    async def _strays(self, start: Checkpoint, newest: Checkpoint) -> AsyncGenerator[bytes]:
        """Rows of sealed spans outside of their checkpoint's time, looked for when the number is not right."""
        spans = await sealed_spans(self._marketplace_id, start.number, newest.number)
        sealed = Rows(marketplace_id=self._marketplace_id, spans=spans)
        if await number_of(sealed) == self._sealed_rows:
            return
        yield self._said({"type": "stray"})
        async for piece in self._row_lines(sealed, besides=(start.number, newest.number)):
            yield piece

    async def _row_lines(
        self, rows: Rows, *, at_most: int | None = None, besides: tuple[int, int] | None = None
    ) -> AsyncGenerator[bytes]:
        async for pieces, number in row_lines(self._form, rows, at_most=at_most, besides=besides):
            self._rows += number
            for piece in pieces:
                yield piece

    async def _open_rows(self, newest: Checkpoint | None) -> Rows:
        seen = await horizon()
        # as of the newest checkpoint here: what was sealed meanwhile stands in none of this export
        until = await sealed_until(self._marketplace_id, newest.number) if newest else {}
        systems, since = {seen.system, *until}, None
        if newest is None or await changed_since_sealed(seen):  # nobody knows yet which systems' rows there are
            systems |= await systems_of(self._marketplace_id)
        elif self._wanted.entity is None:
            since = await floor(seen, until.get(seen.system))
        spans = [Span(system, until.get(system, 0), _EVER) for system in sorted(systems)]
        return Rows(marketplace_id=self._marketplace_id, spans=spans, entity=self._wanted.entity, first_at=since)

    async def _first(self) -> Checkpoint | None:
        """The first checkpoint to export: of all those whose rows are still here, by the range."""
        number = await fetch_value(
            "SELECT min(number) FROM checkpoint"
            " WHERE marketplace_id = $1 AND ($2::timestamptz IS NULL OR last_at >= $2) AND number > coalesce("
            "   (SELECT max(number) FROM checkpoint WHERE marketplace_id = $1 AND first_at < log_kept_since()), 0)",
            self._marketplace_id,
            self._wanted.since,
        )
        found = [] if number is None else await checkpoints_from(self._marketplace_id, number - 1, 1)
        return found[0] if found else None

    def _said(self, said: dict[str, Any]) -> bytes:
        return control_line(self._form, said)


def _with_tree(one: Checkpoint) -> dict[str, Any]:
    return {**one.published(), "frontier": one.frontier.hex()}
