"""Faults of the surroundings as one sentence: what is wrong, and what to do. For everything that an operator starts.

The verbs, the API, the dispatcher and the workers ask here before they would show a traceback. What is not listed is a
fault of ours, and keeps its traceback.
"""

import errno
from collections.abc import Callable
from urllib.parse import urlsplit

import asyncpg

from models.database import DatabaseUnreachable
from models.roles import PowerfulRole
from models.schema import SchemaUnready
from workflows.runtime.settings import SettingsInvalid

_CHECK = "Check DATABASE_URL (migrate and the demo: OWNER_DATABASE_URL)."


def sentence_for(error: BaseException) -> str | None:
    """Returns the sentence for a fault of the surroundings, None for any other."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:  # Litestar starts within a task group
        error = error.exceptions[0]
    if isinstance(error, DatabaseUnreachable):
        return f"The database at {_place(error.url)} {_database_problem(error.__cause__)} {_CHECK}"
    for kind, say in _SENTENCES.items():
        if isinstance(error, kind):
            return say(error)
    if isinstance(error, OSError) and error.errno in _FILE_PROBLEMS:
        return f"{error.filename or 'A file'}: {_FILE_PROBLEMS[error.errno]}"
    return None


def _database_problem(cause: BaseException | None) -> str:
    if isinstance(cause, asyncpg.InvalidAuthorizationSpecificationError):
        return "refuses this user or password."
    if isinstance(cause, asyncpg.InvalidCatalogNameError):
        return "does not exist on that server."
    if isinstance(cause, asyncpg.TooManyConnectionsError):
        return "has no free connection: raise max_connections, or stop processes that are not needed."
    if isinstance(cause, OSError):
        return f"cannot be reached ({cause.strerror or cause}). Start PostgreSQL, or correct the address."
    # Not the text of the fault: asyncpg quotes parts of the address, the password among them.
    return f"cannot be used ({type(cause).__name__}). Give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE."


def _place(url: str) -> str:
    """Host, port and database of a URL: no user and no password."""
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        return "the address that was given"
    return f"{parts.hostname or 'localhost'}:{port}{parts.path}"


_SENTENCES: dict[type[BaseException], Callable[[BaseException], str]] = {
    SettingsInvalid: str,
    PowerfulRole: str,
    SchemaUnready: str,
    asyncpg.InsufficientPrivilegeError: lambda error: (
        f"The database's role may not do this ({error}). Use gatehouse_owner for migrate, gatehouse_app for the rest."
    ),
    asyncpg.DiskFullError: lambda _: "The database's disk is full: free space there and start again.",
}
_FILE_PROBLEMS = {
    errno.EACCES: "this user may not read or write it. Choose another folder, or change its owner.",
    errno.EPERM: "this user may not do that there. Choose another folder, or change its owner.",
    errno.EROFS: "the file system is read-only. Choose another folder.",
    errno.ENOSPC: "the disk is full. Free space there and start again.",
    errno.EDQUOT: "the disk quota is used up. Free space there and start again.",
    errno.ENOTDIR: "a file is where a folder should be. Move it away, or choose another folder.",
    errno.EEXIST: "a file is where a folder should be. Move it away, or choose another folder.",
    errno.ENOENT: "there is no such file or folder.",
    errno.EISDIR: "it is a folder: name a file.",
}
