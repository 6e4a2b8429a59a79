"""`./gatehouse check-facts`: a table, the breaches by name, and an exit status for programs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from models.database import fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_marketplace
from workflows.audit.invariants import INVARIANTS

Run = Callable[..., "Popen[str]"]


async def check(run_python: Run, *words: str, **variables: str) -> tuple[int, str]:
    process = run_python("-m", "cli", "check-facts", *words, **variables)
    output, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, output


async def test_it_names_what_is_broken_and_what_holds(database: FreshDatabase, run_python: Run) -> None:
    assert database.app_url
    status, told = await check(run_python)
    assert status == 0
    assert all(fact.name in told for fact in INVARIANTS)

    charge = await a_charge(await a_marketplace())  # paid, without an invoice

    status, told = await check(run_python, "--fact", "paid_charge_has_invoice", "--moved")
    assert status == 1
    assert f"paid_charge_has_invoice: charge {charge['id']}: the charge is succeeded and has 0 invoices" in told
    assert await fetch_value("SELECT count(*) FROM fact_breach") == 1


async def test_it_says_when_it_cannot_be_found_out(run_python: Run, tmp_path: Path) -> None:
    status, told = await check(run_python, "--fact", "all_is_well")
    assert (status, told[:28]) == (2, "There is no fact all_is_well")

    status, told = await check(run_python, "--data", str(tmp_path), DATABASE_URL="")
    assert status == 2
    assert "there is no demo" in told
