"""What a deployment is set by: each variable has its line where operators look."""

import re

from cli.paths import ROOT
from workflows.runtime.settings import Settings

STAND_INS = {"MAILJET_API_BASE", "STRIPE_API_BASE"}  # where the vendors themselves are, but in tests


def test_every_variable_has_its_line_for_operators_and_no_line_is_of_none() -> None:
    table = (ROOT / "docs/operations.md").read_text().split("## Settings (environment)")[1].split("\n## ")[0]
    told = {name for line in table.splitlines() for name in re.findall(r"`([A-Z0-9_]+)`", line.split(" | ")[0])}

    assert told == {name.upper() for name in Settings.model_fields} - STAND_INS
