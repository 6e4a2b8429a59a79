"""`python -m verifier FILE [--key PUBLIC] [--checkpoints FILE]`: the same as `./gatehouse audit verify`."""

import argparse
import re
import sys
from pathlib import Path

from verifier.findings import MISUSED, NOT_AUTHENTICATED, PROVEN, Report
from verifier.statements import Unfit, read_public
from verifier.verify import verify

_SHOWN = 20  # findings
_DIGITS = re.compile("[0-9a-fA-F]{64}")


def main(words: list[str]) -> int:
    """Verifies a file, says what was found, and answers with the exit status (docs/audit-format.md)."""
    given = _parser().parse_args(words)
    try:
        key = None if given.key is None else _public(given.key)
        report = verify(given.file, key, given.checkpoints)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return MISUSED
    except Unfit as error:
        print(error, file=sys.stderr)
        return MISUSED
    print("\n".join(said(report)))
    return report.status


def said(report: Report) -> list[str]:
    """What people read."""
    lines = [f"{report.rows} rows, {report.checkpoints} checkpoints, {report.unsealed} rows not sealed yet"]
    lines += report.notes
    for one in sorted(report.findings)[:_SHOWN]:
        lines.append(f"{f'Line {one.line}' if one.line else 'File'}: {one.kind}: {one.says}")
    if (left := len(report.findings) + report.more - _SHOWN) > 0:
        lines.append(f"and {left} more")
    lines.append(_verdict(report))
    return lines


def _public(given: str) -> bytes:
    """The key that digits are, or a file holds. Raises OSError, Unfit."""
    if _DIGITS.fullmatch(given) and not Path(given).exists():
        return bytes.fromhex(given)
    return read_public(Path(given).read_bytes())


def _verdict(report: Report) -> str:
    if report.status == PROVEN:
        return "Proven: consistent and authenticated."
    if report.status == NOT_AUTHENTICATED:
        return "Consistent, not authenticated."
    assert report.first is not None, "there is a finding where the status says so"
    return f"Not proven: {report.first.kind}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatehouse audit verify", description="Check an export or a proof: no database, no network."
    )
    parser.add_argument("file", type=Path, help=".ndjson or .csv, also with .gz behind it")
    parser.add_argument(
        "--key", metavar="PUBLIC", help="a file with the public key, in PEM or as 64 hex digits; or these"
    )
    parser.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="a file or directory of checkpoints as they were published"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
