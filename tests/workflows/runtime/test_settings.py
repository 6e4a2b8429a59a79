"""Each setting has its line where operators look, and every way of starting Gatehouse passes it on."""

import re

from cli.paths import ROOT
from workflows.runtime.settings import Settings

STAND_INS = {"MAILJET_API_BASE", "STRIPE_API_BASE"}  # where the vendors themselves are, but in tests
NAMES = {name.upper() for name in Settings.model_fields} - STAND_INS
# What the image fixes itself, and AUDIT_KEY: compose hands the key over as a file.
OF_THE_IMAGE = {"AUDIT_KEY", "DOCUMENT_FONTS", "DOCUMENT_LIBRARIES", "WKHTMLTOPDF"}
OF_COMPOSE = {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD", "AUDITOR_PASSWORD", "VALKEY_PASSWORD"}


def test_every_setting_has_its_line_for_operators_and_no_line_is_of_none() -> None:
    table = (ROOT / "docs/operations.md").read_text().split("## Settings (environment)")[1].split("\n## ")[0]
    named = {name for line in table.splitlines() for name in re.findall(r"`([A-Z0-9_]+)`", line.split(" | ")[0])}

    assert named == NAMES


def test_the_example_environment_names_every_setting_with_its_default() -> None:
    lines = re.findall(r"^(# )?([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    defaults = {name.upper(): field.default for name, field in Settings.model_fields.items()}

    assert {name for _, name, _ in lines} == NAMES | OF_COMPOSE | {"OWNER_DATABASE_URL"}
    for commented, name, value in lines:
        if commented and name in defaults and not name.endswith("_URL"):
            assert value == str(defaults[name]).lower().removeprefix("none"), name


def test_compose_passes_every_setting_on() -> None:
    passed_on = set(re.findall(r"^ +([A-Z0-9_]+):", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE))

    assert passed_on >= NAMES - OF_THE_IMAGE
