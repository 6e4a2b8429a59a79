"""The seals on the log as a review shows them: each checkpoint, where it was published, and what does not fit."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch_all
from models.row import Row
from workflows.audit.proof.findings import Finding, findings_of
from workflows.requests.pagination import Keyset, PageRequest, cut
from workflows.requests.pagination import cursor as cursor_of

_KEYSET = Keyset("seals", ("page.number",), (int,), newest_first=True)
_SEALS = """
SELECT page.number, page.size, page.root, page.key_id, page.first_at, page.last_at, page.sealed_at,
       page.size - coalesce((SELECT size FROM checkpoint AS earlier WHERE earlier.marketplace_id = $1
                             AND earlier.number < page.number ORDER BY earlier.number DESC LIMIT 1), 0) AS rows,
       ARRAY(SELECT target FROM checkpoint_publication AS published WHERE published.marketplace_id = $1
             AND published.number = page.number ORDER BY target) AS published_to
FROM checkpoint AS page WHERE page.marketplace_id = $1 {beyond} ORDER BY {order} LIMIT {limit}
"""


class _CheckpointRow(Row, frozen=True):
    number: int
    size: int
    root: bytes
    key_id: str
    first_at: datetime
    last_at: datetime
    sealed_at: datetime
    rows: int
    published_to: list[str]


class CheckpointEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One checkpoint: `size` rows of the log are under its `root` (hex), `rows` of them came with it, moved between
    `first_at` and `last_at`. `published_to`: the targets that hold it."""

    number: int
    size: int
    rows: int
    root: str
    key_id: str
    first_at: datetime
    last_at: datetime
    sealed_at: datetime
    published_to: list[str]


class CheckpointPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of them, the newest first; everything that was found not to fit; the cursors of the page's neighbours."""

    seals: list[CheckpointEntry]
    findings: list[Finding]
    after: str | None
    before: str | None


async def list_checkpoints(marketplace_id: UUID, asked: PageRequest) -> CheckpointPage:
    """A page of a marketplace's checkpoints. Raises InvalidInput for a broken cursor."""
    sql, given = _KEYSET.fill(_SEALS, [marketplace_id], asked)
    page = cut(asked, await fetch_all(_CheckpointRow, sql, *given), lambda row: cursor_of("seals", (row.number,)))
    return CheckpointPage(
        seals=[_entry(row) for row in page.rows],
        findings=await findings_of(marketplace_id),
        after=page.after,
        before=page.before,
    )


def _entry(row: _CheckpointRow) -> CheckpointEntry:
    fields: dict[str, Any] = {**msgspec.structs.asdict(row), "root": row.root.hex()}
    return CheckpointEntry(**fields)
