"""What Gatehouse consists of on one machine: its servers, its environment, its processes.

The demo and the benchmarks start the same things, so both take them from here.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.embedded import EmbeddedPostgres, EmbeddedValkey
from cli.programs import Program

_PYTHON = sys.executable


class SettingsMissing(Exception):
    """Raised when only some of the servers' addresses are set."""


def servers_from(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the addresses of servers that somebody else runs, None when there are none.

    Raises SettingsMissing when one of the three is left out.
    """
    names = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL")
    given = {name: environment[name] for name in names if environment.get(name)}
    if not given:
        return None
    missing = [name for name in names if name not in given]
    if missing:
        raise SettingsMissing(
            f"{', '.join(given)} set, so nothing is embedded; {', '.join(missing)} is missing "
            "(OWNER_DATABASE_URL: the database's owner, for migrations)."
        )
    return given


def addresses(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> dict[str, str]:
    """Return the addresses of running embedded servers, under the names the processes read."""
    return {
        "DATABASE_URL": postgres.app_url,
        "OWNER_DATABASE_URL": postgres.owner_url,
        "REDIS_URL": valkey.url,
    }


def environment(servers: Mapping[str, str], *, port: int, data: Path) -> dict[str, str]:
    """Return the whole environment of a development's processes, the owner's address left out."""
    return {
        **{name: value for name, value in os.environ.items() if name != "OWNER_DATABASE_URL"},
        "DATABASE_URL": servers["DATABASE_URL"],
        "REDIS_URL": servers["REDIS_URL"],
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": secret_key(data / "secret.key"),
        "ENVIRONMENT": "development",
        "MAILER": "capture",
        "AUDIT_KEY_FILE": str(audit_key(data / "audit.key")),
        "AUDIT_DIRECTORY": str(data / "checkpoints"),
        "SEAL_EVERY_MINUTES": "1",  # so that whoever looks around finds checkpoints
        "ALLOW_PRIVATE_WEBHOOKS": "true",  # a receiver under development listens here
        "PYTHONUNBUFFERED": "1",  # a program's last words must be in its log when it dies
    }


def secret_key(file: Path) -> str:
    """Return the key kept in `file` (0600), drawn on first use: 256 bits, URL-safe text."""
    if not file.exists():
        unfinished = file.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(32))
        unfinished.rename(file)  # never half a key: every link is derived from it
    return file.read_text().strip()


def audit_key(file: Path) -> Path:
    """Return the file of the key that signs checkpoints, drawn on first use."""
    if not file.exists():
        from cli.audit_keys import make_key  # cryptography takes a while to import: not for a refused start

        make_key(file)
    return file


def programs(settings: Mapping[str, str], *, port: int, logs: Path) -> list[Program]:
    """Return API, dispatcher and workers, in the order in which they start."""
    logs.mkdir(parents=True, exist_ok=True)
    return [
        Program(name, [_PYTHON, "-m", *words], settings, logs / f"{name}.log")
        for name, words in _commands(port).items()
    ]


def _commands(port: int) -> dict[str, list[str]]:
    serve = ["uvicorn", "api.app:app", "--host", "127.0.0.1", "--port", str(port)]
    # only the application decides whose X-Forwarded-For to believe
    quiet = ["--no-proxy-headers", "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "5"]
    work = ["tasks.worker"]
    # Links have a worker of their own: neither a burst of invoices nor a mail server that hangs delays one.
    return {
        "api": [*serve, *quiet],
        "dispatcher": ["tasks.dispatcher"],
        "links": [*work, "--threads", "4", "--queues", "links"],
        "worker": [*work, "--threads", "8", "--queues", "charges", "emails", "webhooks"],
        "documents": [*work, "--threads", "4", "--queues", "documents", "sweeps"],
    }
