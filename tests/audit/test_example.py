"""The files that docs/audit-format.md points to are still read as they were written: the format has not moved."""

from pathlib import Path

import pytest

from verifier.findings import PROVEN
from verifier.statements import read_public
from verifier.verify import verify

EXAMPLE = Path(__file__).parent / "example"
FILES = sorted(file.name for file in EXAMPLE.iterdir() if file.name not in ("audit.pub", "checkpoints.ndjson"))


@pytest.mark.parametrize("name", FILES)
def test_the_example_is_what_its_name_says(name: str) -> None:
    key = read_public((EXAMPLE / "audit.pub").read_bytes())

    report = verify(EXAMPLE / name, key, EXAMPLE / "checkpoints.ndjson")

    if name.startswith("proven"):
        assert (report.findings, report.status) == ([], PROVEN)
    else:
        assert report.first is not None
        assert report.first.kind.replace(" ", "-") == name.partition(".")[0]


def test_the_example_has_every_kind_of_file() -> None:
    assert len(FILES) == 10
