"""Secrets in files: NAME_FILE names a file whose text is the value of NAME, as Docker, Kubernetes and systemd hand
secrets over. Newlines at the end are left out."""

import os
from collections.abc import Mapping
from pathlib import Path

# AUDIT_KEY_FILE is a setting of its own: the workers read the key anew when it is replaced.
SECRETS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SMTP_URL",
    "MAILJET_API_KEY",
    "MAILJET_SECRET_KEY",
    "MAILJET_WEBHOOK_LOGIN",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
)
OF_VERBS = ("OWNER_DATABASE_URL",)  # read by `migrate` and the demo, no setting of the processes


def secrets_in_files(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Returns the values by name that files hold, and a sentence for each file that is wrong."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for name in (*SECRETS, *OF_VERBS):
        path = environment.get(f"{name}_FILE")
        if not path:
            continue
        if environment.get(name):
            problems.append(f"{name} and {name}_FILE are both set: leave one out.")
            continue
        try:
            values[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            because = error.strerror if isinstance(error, OSError) else "it is no text"
            problems.append(f"{name}_FILE names {path}, which cannot be read: {because}.")
    return values, problems


def load_secret_files() -> list[str]:
    """Puts the values of NAME_FILE into this process's environment. Returns a sentence for each file that is wrong."""
    values, problems = secrets_in_files(os.environ)
    for name, value in values.items():
        os.environ[name] = value
        del os.environ[f"{name}_FILE"]  # a child of this process finds NAME alone
    return problems
