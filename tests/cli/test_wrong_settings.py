"""Wrong settings and unreachable servers: each process and verb ends with a sentence, never with a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.paths import ROOT
from tests.conftest import FreshDatabase
from workflows.runtime.settings import Settings

KEY = "k" * 40
GOOD = {
    "DATABASE_URL": "postgresql://gatehouse_app:secret@127.0.0.1:9/gatehouse",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "SECRET_KEY": KEY,
}

# fmt: off
# A value that breaks the rule of its setting, and words of the rule that the operator reads.
WRONG = {
    "database_url":                  ("gatehouse",                 "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
    "redis_url":                     ("127.0.0.1:6379",            "redis://HOST:PORT/0"),
    "public_url":                    ("portal.example.com",        "an address like https://portal.example.com"),
    "secret_key":                    (f"2:,1:{KEY}",               "32 characters at least in each key"),
    "environment":                   ("prod",                      "must be one of development or production"),
    "mailer":                        ("sendmail",                  "must be one of capture, smtp or mailjet"),
    "mail_from":                     ("nonsense",                  "an e-mail address like portal@example.com"),
    "smtp_url":                      ("mail.example.com",          "smtp://HOST:PORT"),
    "mailjet_webhook_login":         ("mailjet:short",             "the password of 16 characters at least"),
    "mailjet_api_base":              ("localhost",                 "an address like"),
    "document_engine":               ("word",                      "must be one of auto, wkhtmltopdf or weasyprint"),
    "document_fonts":                ("/no/such/fonts.conf",       "a file that the process can read"),
    "stripe_secret_key":             ("pk_test_123",               "sk_… or rk_…"),
    "stripe_webhook_secrets":        ("secret",                    "whsec_…"),
    "stripe_api_base":               ("localhost",                 "an address like"),
    "allow_private_webhooks":        ("perhaps",                   "must be true or false"),
    "audit_key_file":                ("/no/such/audit.key",        "a file that the process can read"),
    "seal_every_minutes":            ("90",                        "must be 60 at most"),
    "audit_s3_endpoint":             ("minio",                     "an address like"),
    "audit_retention_days":          ("0",                         "must be 1 at least"),
    "audit_email":                   ("weekly",                    "must be one of none, daily or each"),
    "log_kept_months":               ("all",                       "must be a whole number"),
    "trusted_proxies":               ("foo",                       "addresses or networks, comma-separated"),
    "links_per_hour":                ("0",                         "must be 1 at least"),
    "link_requests_per_hour":        ("0",                         "must be 1 at least"),
    "redemptions_per_minute":        ("-1",                        "must be 1 at least"),
    "card_attempts_per_hour":        ("many",                      "must be a whole number"),
    "card_attempts_per_client_hour": ("0",                         "must be 1 at least"),
}
# fmt: on
# Any text may be right: a vendor's key, a program's name, a folder, a bucket.
ANY_TEXT = {
    "audit_bucket",
    "audit_directory",
    "audit_key",
    "document_libraries",
    "mailjet_api_key",
    "mailjet_secret_key",
    "wkhtmltopdf",
}  # fmt: skip
PROCESSES = {
    "api": ["-m", "uvicorn", "api.app:app", "--port", "1", "--log-level", "warning"],
    "dispatcher": ["-m", "tasks.dispatcher"],
    "worker": ["-m", "tasks.worker", "--queues", "links"],
}


def _run(words: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _said(ended: subprocess.CompletedProcess[str]) -> str:
    said = ended.stderr + ended.stdout
    assert ended.returncode != 0
    assert "Traceback" not in said, said
    return said


def _read(settings: dict[str, str]) -> str:
    """What a process says of its settings, without starting servers."""
    code = (
        "from workflows.runtime.settings import SettingsInvalid, settings\n"
        "try: settings()\n"
        "except SettingsInvalid as invalid: raise SystemExit(str(invalid))"
    )
    return _said(_run(["-c", code], settings))


def test_every_setting_has_a_value_that_is_refused() -> None:
    assert WRONG.keys() | ANY_TEXT == set(Settings.model_fields)


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_refused_by_name_with_its_rule(field: str) -> None:
    value, rule = WRONG[field]

    (line,) = _read({**GOOD, field.upper(): value}).splitlines()

    assert line.startswith(f"{field.upper()} ")
    assert rule in line


def test_all_wrong_settings_are_named_at_once() -> None:
    said = _read({field.upper(): value for field, (value, _) in WRONG.items()})

    named = [line.partition(" ")[0].lower() for line in said.splitlines()]
    assert named == [name for name in Settings.model_fields if name in WRONG]


@pytest.mark.parametrize("secret", ["database_url", "redis_url", "secret_key", "smtp_url", "stripe_secret_key"])
def test_no_secret_is_shown(secret: str) -> None:
    assert "hunter2" not in _read({**GOOD, secret.upper(): "hunter2"})


@pytest.mark.parametrize("blank", ["", " " * 40, ",", f"1:{KEY},1:{KEY}", f"a b:{KEY}", f"1:{KEY},2:{'x' * 31}"])
def test_no_signing_key_is_short_or_stands_twice(blank: str) -> None:
    assert _read({**GOOD, "SECRET_KEY": blank}).startswith("SECRET_KEY ")


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_without_settings_names_all_that_are_missing(process: str) -> None:
    assert "SECRET_KEY is missing: set it, or SECRET_KEY_FILE." in _said(_run(PROCESSES[process], {}))
    said = _said(_run(PROCESSES[process], {"SECRET_KEY": KEY}))
    assert "DATABASE_URL is missing" in said
    assert "REDIS_URL is missing" in said


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_without_its_database_says_where_it_looked(process: str) -> None:
    said = _said(_run(PROCESSES[process], GOOD))

    assert "The database at 127.0.0.1:9/gatehouse cannot be reached" in said
    assert "Check DATABASE_URL" in said
    assert "secret@" not in said


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    code = "from workflows.runtime.settings import settings; print(settings().secret_key)"

    from_file = _run(["-c", code], {"SECRET_KEY_FILE": str(key)})

    assert from_file.stdout == f"{KEY}\n"
    assert "both set" in _read({"SECRET_KEY": KEY, "SECRET_KEY_FILE": str(key)})
    assert f"SECRET_KEY_FILE names {tmp_path}/none, which cannot be read" in _read(
        {"SECRET_KEY_FILE": f"{tmp_path}/none"}
    )
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert "it is no text" in _read({"SECRET_KEY_FILE": f"{tmp_path}/bytes"})


def test_migrate_says_what_it_did_and_what_was_wrong(empty_database: FreshDatabase) -> None:
    migrate, owner = ["-m", "cli", "migrate"], empty_database.owner_url

    first = _run(migrate, {"OWNER_DATABASE_URL": owner})
    again = _run(migrate, {"OWNER_DATABASE_URL": owner})

    assert first.stdout.count("applied ") > 20
    assert again.stdout.startswith("nothing to apply\n")
    assert (first.returncode, again.returncode) == (0, 0)
    for url, sentence in {
        "": "OWNER_DATABASE_URL is missing",
        "gatehouse": "cannot be used",
        "hunter2://x": "cannot be used",
        "postgresql://u:hunter2/x@127.0.0.1:1/g": "cannot be used",
        owner.replace("gatehouse_owner", "stranger"): "refuses this user or password",
        f"{owner}_of_another_name": "does not exist on that server",
        empty_database.app_url: "this role does not own the database",
    }.items():
        said = _said(_run(migrate, {"OWNER_DATABASE_URL": url}))
        assert sentence in said, url
        assert "hunter2" not in said
