"""A boolean setting of the portal is a column and one declaration: the page, the API and the change log follow."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from models.database import execute, single_connection
from tests.conftest import FreshDatabase

_ROOT = Path(__file__).parents[3]
_DECLARATIONS = Path("workflows/marketplaces/portal_settings.py")
_NEXT = "    social_links: Annotated["
_ADDED = """\
    show_phone: Annotated[
        bool, Setting(label="Telephone", default=False, section="contact", help="Your number, on Contact Us.")
    ]
"""


@pytest.mark.usefixtures("valkey_url")
async def test_a_declared_setting_is_on_the_page_in_the_api_and_in_the_change_log(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with single_connection(fresh_database.owner_url):
        await execute("ALTER TABLE marketplace ADD COLUMN show_phone boolean NOT NULL")

    seen = await _seen_in(_copy_that_declares_it(tmp_path))

    assert "Telephone Your number, on Contact Us." in seen["page"]
    assert seen["begins"] is False
    assert "Telephone: Off became On." in seen["told"]
    assert seen["switched_on"] is True
    assert seen["refused"] == [{"field": "show_phone", "rule": "Expected bool, got str."}]
    assert seen["switched_off"] is True
    assert seen["logged"] == {"before": {"show_phone": True}, "after": {"show_phone": False}}
    assert seen["documented"]["type"] == "boolean"


def _copy_that_declares_it(folder: Path) -> Path:
    """The project, its workflows/ copied with the declaration and all else linked."""
    for entry in ("api", "cli", "integrations", "models", "tasks", "tests", "verifier", "web", "docs"):
        (folder / entry).symlink_to(_ROOT / entry)
    shutil.copytree(_ROOT / "workflows", folder / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
    declared = (folder / _DECLARATIONS).read_text()
    assert declared.count(_NEXT) == 1
    (folder / _DECLARATIONS).write_text(declared.replace(_NEXT, _ADDED + _NEXT))
    return folder


async def _seen_in(folder: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.web.console.shop_with_one_more_setting"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, trouble = await process.communicate()
    assert process.returncode == 0, trouble.decode()
    return json.loads(said.splitlines()[-1])
