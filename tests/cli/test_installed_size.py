"""The sizes that the installer announces are those of the packages."""

import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from cli.paths import ROOT

_LOCKS = {"production": "requirements.lock", "demo": "requirements-demo.lock", "test": "requirements-test.lock"}


def _names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.MULTILINE))


def _megabytes(lock: str) -> float:
    total = 0
    for name in _names(lock):
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # for another system or version of Python
            continue
        total += sum(file.size or 0 for file in files)
    return total / 1_000_000


@pytest.mark.parametrize("group", _LOCKS)
def test_what_is_announced_is_what_it_takes(group: str) -> None:
    script = f". ./cli/install_packages.sh; megabytes_of {group}; lock_of {group}"
    said = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()

    assert said[1] == _LOCKS[group]
    assert float(said[0]) == pytest.approx(_megabytes(_LOCKS[group]), rel=0.2)


def test_each_group_holds_the_smaller_one() -> None:
    production, demo, test = (_names(lock) for lock in _LOCKS.values())

    assert production < demo < test
