"""Files that are no exports, or no longer: a clear answer and the exit status of docs/audit-format.md for each."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.sealed_log import SealedLog, exported, public_file
from verifier.__main__ import main

DAMAGED, MISUSED, NOT_AUTHENTICATED, NOT_WHOLE, NOT_ITS_OWN = 1, 2, 3, 4, 5
Lines = list[bytes]


def _row(lines: Lines, number: int = 0) -> int:
    """The place of a row, of those that are sealed."""
    return [place for place, line in enumerate(lines) if line.startswith(b'{"machine"')][number]


def _without(lines: Lines, place: int) -> Lines:
    return lines[:place] + lines[place + 1 :]


def _edited(lines: Lines) -> Lines:
    place = _row(lines)
    return [*lines[:place], lines[place].replace(b'"to":"active"', b'"to":"cancelled"'), *lines[place + 1 :]]


def _swapped(lines: Lines) -> Lines:
    place = _row(lines)
    return [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]


def _of_type(lines: Lines, kind: str, number: int = 0) -> int:
    return [place for place, line in enumerate(lines) if line.startswith(b'{"type":"%s"' % kind.encode())][number]


def _checkpoints_swapped(lines: Lines) -> Lines:
    one, other = _of_type(lines, "checkpoint"), _of_type(lines, "checkpoint", 1)
    mixed = list(lines)
    mixed[one], mixed[other] = mixed[other], mixed[one]
    return mixed


def _said_otherwise(lines: Lines) -> Lines:
    place = _of_type(lines, "checkpoint", 1)
    return [*lines[:place], lines[place].replace(b"number 2", b"number 7"), *lines[place + 1 :]]


def _another_tree(lines: Lines) -> Lines:
    place = _of_type(lines, "checkpoint")
    head, _, _ = lines[place].partition(b'"frontier"')
    return [*lines[:place], head + b'"frontier":"%s"}\n' % (b"00" * 32), *lines[place + 1 :]]


# fmt: off
FILES: dict[str, tuple[Callable[[Lines], Lines], int, str]] = {
    "nothing":                       (lambda _: [],                                            NOT_WHOLE, "not an export"),
    "something else":                (lambda _: [b"Dear Sir or Madam\n"],                      NOT_WHOLE, "not an export"),
    "another JSON":                  (lambda _: [b'{"type":"invoice"}\n'],                     NOT_WHOLE, "not an export"),
    "a later format":                (lambda _: [b'{"type":"export","format":"gatehouse-audit-9"}\n'], NOT_WHOLE, "not an export"),
    "no header":                     (lambda lines: lines[1:],                                 NOT_WHOLE, "not an export"),
    "one endless line":              (lambda lines: [*lines[:3], b"x" * 2_000_000],            NOT_WHOLE, "truncated export"),
    "no last line":                  (lambda lines: lines[:-1],                                NOT_WHOLE, "truncated export"),
    "half a last line":              (lambda lines: [*lines[:-1], lines[-1][:20]],             NOT_WHOLE, "truncated export"),
    "no more than the header":       (lambda lines: lines[:1],                                 NOT_WHOLE, "truncated export"),
    "no unsealed rows":              (lambda lines: lines[:_of_type(lines, "unsealed") + 1] + lines[-1:], NOT_WHOLE, "truncated export"),
    "a row says otherwise":          (_edited,                                                 DAMAGED, "edited row"),
    "a row is left out":             (lambda lines: _without(lines, _row(lines, 3)),           DAMAGED, "missing row"),
    "rows change places":            (_swapped,                                                DAMAGED, "reordered row"),
    "a row is there twice":          (lambda lines: lines[:(at := _row(lines)) + 1] + lines[at:], DAMAGED, "reordered row"),
    "a line is not JSON":            (lambda lines: [*lines[:8], b"{]\n", *lines[8:]],         DAMAGED, "unreadable line"),
    "a line is endlessly deep":      (lambda lines: [*lines[:8], b'{"type":"key","x":%s}\n' % (b"[" * 3000 + b"]" * 3000), *lines[8:]], DAMAGED, "unreadable line"),
    "a row says something twice":    (lambda lines: [*lines[:(at := _row(lines))], lines[at].replace(b'{"machine"', b'{"to":"", "machine"'), *lines[at + 1:]], DAMAGED, "unreadable line"),
    "a key says something twice":    (lambda lines: [line.replace(b'{"type":"key",', b'{"type":"key","x":0,"x":1,') for line in lines], DAMAGED, "unreadable line"),
    "a line is of no type":          (lambda lines: [*lines[:8], b'{"type":"joke"}\n', *lines[8:]], DAMAGED, "unreadable line"),
    "a number is a word":            (lambda lines: [line.replace(b'"seq":1,', b'"seq":"one",') for line in lines], DAMAGED, "unreadable line"),
    "an instant has no zone":        (lambda lines: [line.replace(b"+00:00", b"") for line in lines], DAMAGED, "unreadable line"),
    "checkpoints change places":     (_checkpoints_swapped,                                    DAMAGED, "missing checkpoint"),
    "a checkpoint is left out":      (lambda lines: _without(lines, _of_type(lines, "checkpoint", 1)), DAMAGED, "missing checkpoint"),
    "a checkpoint says otherwise":   (_said_otherwise,                                         DAMAGED, "bad signature"),
    "another tree":                  (_another_tree,                                           DAMAGED, "edited checkpoint"),
}
# fmt: on


@pytest.fixture
async def lines(log: SealedLog, file: Path) -> Lines:
    return (await exported(log, file)).read_bytes().splitlines(keepends=True)


async def test_each_bad_file_gets_its_answer(
    log: SealedLog, lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = public_file(log, tmp_path)
    answers: dict[str, tuple[int, bool]] = {}
    for name, (make, _, kind) in FILES.items():
        (tmp_path / "bad.ndjson").write_bytes(b"".join(make(lines)))
        status = main([str(tmp_path / "bad.ndjson"), "--key", str(key)])
        answers[name] = (status, capsys.readouterr().out.endswith(f"Not proven: {kind}.\n"))

    assert answers == {name: (status, True) for name, (_, status, _) in FILES.items()}


async def test_a_bomb_is_not_unpacked(log: SealedLog, lines: Lines, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.ndjson.gz"
    with gzip.open(bomb, "wb") as file:
        file.write(b"".join(lines[:3]))
        for _ in range(64):
            file.write(b'{"type":"unsealed"}\n' * 50_000)

    assert bomb.stat().st_size < 1_000_000
    assert main([str(bomb)]) == NOT_WHOLE


async def test_what_is_badly_packed_is_not_whole(lines: Lines, tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(lines))
    for number, content in enumerate([packed[:-100], b"".join(lines), packed[:200] + b"\x00" * 20 + packed[220:], b""]):
        file = tmp_path / f"{number}.ndjson.gz"
        file.write_bytes(content)
        assert main([str(file)]) == NOT_WHOLE, number


async def test_another_key_authenticates_nothing(log: SealedLog, file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.pub").write_text("ab" * 32)

    assert main([str(await exported(log, file)), "--key", str(tmp_path / "other.pub")]) == NOT_ITS_OWN


async def test_without_a_key_it_is_consistent_and_not_authenticated(
    log: SealedLog, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(await exported(log, file))]) == NOT_AUTHENTICATED
    assert capsys.readouterr().out.endswith("Consistent, not authenticated.\n")


async def test_checkpoints_of_another_marketplace_are_told_apart(log: SealedLog, file: Path, tmp_path: Path) -> None:
    of_others = [str(log.held / str(log.other)), "--key", str(public_file(log, tmp_path))]

    assert main([str(await exported(log, file)), "--checkpoints", *of_others]) == NOT_ITS_OWN


async def test_another_marketplaces_checkpoint_in_a_part_is_told_apart(
    log: SealedLog, lines: Lines, tmp_path: Path
) -> None:
    foreign = next((log.held / str(log.other)).iterdir()).read_bytes()
    (tmp_path / "mixed.ndjson").write_bytes(b"".join([*lines[:2], foreign, *lines[2:]]))

    assert main([str(tmp_path / "mixed.ndjson"), "--key", str(public_file(log, tmp_path))]) == NOT_ITS_OWN


async def test_an_export_without_what_is_held_is_found_short(log: SealedLog, lines: Lines, tmp_path: Path) -> None:
    """Cut off before a checkpoint and closed again, which only somebody who holds that checkpoint can see."""
    cut = lines[: _of_type(lines, "checkpoint", 2) + 1]
    rows = sum(line.startswith(b'{"machine"') for line in cut)
    short = tmp_path / "short.ndjson"
    short.write_bytes(b"".join([*cut, b'{"type":"unsealed"}\n{"type":"end","rows":%d,"checkpoints":3}\n' % rows]))
    key = ["--key", str(public_file(log, tmp_path))]

    assert main([str(short), *key]) == 0
    assert main([str(short), *key, "--checkpoints", str(log.held)]) == DAMAGED


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"ab" * 31, b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
async def test_what_is_no_key_is_refused(log: SealedLog, file: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)

    assert main([str(await exported(log, file)), "--key", str(tmp_path / "key")]) == MISUSED


async def test_what_holds_no_checkpoints_is_refused(log: SealedLog, file: Path, tmp_path: Path) -> None:
    (tmp_path / "held").write_text("checkpoint 1\n")

    assert main([str(await exported(log, file)), "--checkpoints", str(tmp_path / "held")]) == MISUSED


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert main([str(tmp_path / "nowhere.ndjson")]) == MISUSED
