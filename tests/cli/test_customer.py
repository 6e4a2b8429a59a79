"""`./gatehouse customer`: a person's data in a file, and their erasure, which asks first."""

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from models.database import fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_subscription

Run = Callable[..., "Popen[str]"]


async def customer(run_python: Run, *words: str | Path) -> tuple[int, str]:
    process = run_python("-m", "cli", "customer", *words)
    output, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, output


async def test_a_person_gets_their_data_and_is_erased(database: FreshDatabase, run_python: Run, tmp_path: Path) -> None:
    assert database.app_url
    shop = await a_marketplace()
    subscription = await a_subscription(shop, state="cancelled")
    live = await a_subscription(shop)
    email: str = await fetch_value("SELECT email FROM customer WHERE id = $1", subscription["customer_id"])
    file = tmp_path / "data.json"

    assert (await customer(run_python, "export", email.upper(), "--output", file))[0] == 0
    assert json.loads(file.read_text())["customer"]["email"] == email
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    status, told = await customer(run_python, "erase", email, "--yes", "--marketplace", shop.slug)
    assert (status, told) == (0, "Customer 1 is erased. 0 invoices stay, as tax law demands.\n")
    assert await fetch_value("SELECT name FROM customer WHERE number = 1") == ""

    status, told = await customer(run_python, "erase", "2", "--yes")
    assert (status, told) == (1, f"Subscription {live['number']} is not ended: cancel it first.\n")
    status, told = await customer(run_python, "erase", email, "--yes")
    assert (status, told) == (2, "no customer of that e-mail\n")
    await a_customer(shop, reference="2")
    status, told = await customer(run_python, "export", "2", "--output", tmp_path / "others.json")
    assert (status, told) == (2, "2 is one customer's number and another's reference\n")


async def test_a_file_of_another_kind_is_refused_before_anything_is_read(run_python: Run) -> None:
    status, told = await customer(run_python, "export", "1", "--output", "data.xml")

    assert (status, told) == (2, "--output must end with .json or .zip.\n")
