"""Who may connect to the embedded PostgreSQL: four roles, their passwords, the database.

Production's administrator makes the same roles by hand (deploy/roles.sql); what each of them may
do to tables is decided by the migrations.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

SUPERUSER = "postgres"
OWNER = "gatehouse_owner"
APP = "gatehouse_app"
AUDITOR = "gatehouse_auditor"
DATABASE = "gatehouse"

_LOGIN_ROLES = (OWNER, APP, AUDITOR)


def passwords(file: Path) -> dict[str, str]:
    """Return role → password, kept in `file` (0600), drawn on first use. URL- and SQL-safe."""
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())
        return known
    drawn = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *_LOGIN_ROLES)}
    unfinished = file.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        json.dump(drawn, output)
    unfinished.rename(file)  # never half a file, whenever we are killed
    return drawn


def creation(known: Mapping[str, str]) -> str:
    """Return the psql script that makes roles and database, and changes nothing when run again."""
    return "".join(_role(role, known[role]) for role in _LOGIN_ROLES) + (
        f"SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER}'\n"
        f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
    )


def _role(role: str, password: str) -> str:
    return (
        f"SELECT 'CREATE ROLE {role}'\n"
        f"WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec\n"
        f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS\n"
        f"  PASSWORD '{password}';\n"
    )
