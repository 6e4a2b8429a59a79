"""An export that nobody touched is proven, in every form; what it says for whoever has no key."""

from pathlib import Path

from tests.audit.sealed_log import SealedLog, exported
from verifier.findings import PROVEN
from verifier.verify import verify


async def test_an_untouched_export_is_proven(log: SealedLog, file: Path) -> None:
    report = verify(await exported(log, file), log.public, log.held)

    assert report.findings == []
    assert report.status == PROVEN
    assert (report.rows, report.checkpoints, report.unsealed) == (32 + 8 + 16 + 24 + 32, 4, 32)
