"""`./gatehouse marketplace create`: a marketplace, its owner and a key that works; or which option is wrong."""

import subprocess
from collections.abc import Callable

from models.database import fetch, fetch_row
from tests.conftest import FreshDatabase
from workflows.access.api_keys import authenticate

Start = Callable[..., subprocess.Popen[str]]


def create(run_python: Start, database: FreshDatabase, *words: str) -> tuple[int, str]:
    process = run_python("-m", "cli", "marketplace", "create", *words, DATABASE_URL=database.app_url)
    told, _ = process.communicate(timeout=60)
    return process.returncode, told


async def test_it_makes_a_marketplace_with_owner_and_key(database: FreshDatabase, run_python: Start) -> None:
    words = ("--slug", "ada", "--name", "Ada's Books", "--owner", "Ada@example.com", "--currency", "EUR")

    status, told = create(run_python, database, *words)

    assert status == 0
    made = await fetch_row("SELECT * FROM marketplace")
    assert made is not None
    assert (made["slug"], made["name"], made["currency"]) == ("ada", "Ada's Books", "EUR")
    assert (made["self_cancellation"], made["email_button"]) == (False, True)
    staff = await fetch("SELECT email, role FROM staff")
    assert [tuple(row) for row in staff] == [("Ada@example.com", "owner")]
    key = next(line.split()[-1] for line in told.splitlines() if line.startswith("API key"))
    assert (await authenticate(key)).marketplace_id == made["id"]
    assert "/portal/ada" in told
    assert "/console/ada" in told  # where the owner signs in


async def test_what_is_wrong_is_named_by_its_option_and_nothing_is_made(
    database: FreshDatabase, run_python: Start
) -> None:
    for words, option in (
        (("--slug", "Not One", "--name", "X", "--owner", "o@example.com"), "--slug"),
        (("--slug", "x", "--name", "X", "--owner", "nonsense"), "--owner"),
        (("--slug", "x", "--name", " ", "--owner", "o@example.com"), "--name"),
        (("--slug", "x", "--name", "X", "--owner", "o@example.com", "--time-zone", "Mars"), "--time-zone"),
    ):
        status, told = create(run_python, database, *words)
        assert status == 2
        assert told.startswith(option)
    assert await fetch("SELECT FROM marketplace") == []


async def test_a_slug_is_taken_once(database: FreshDatabase, run_python: Start) -> None:
    words = ("--slug", "ada", "--name", "Ada", "--owner", "o@example.com")
    create(run_python, database, *words)

    status, told = create(run_python, database, *words)

    assert (status, told.strip()) == (2, "--slug is taken.")


async def test_its_gateway_is_the_sandbox_or_one_that_the_deployment_has(
    database: FreshDatabase, run_python: Start
) -> None:
    words = ("--slug", "ada", "--name", "Ada", "--owner", "o@example.com", "--gateway")

    for gateway in ("paypal", "stripe"):
        status, told = create(run_python, database, *words, gateway)
        assert (status, told.split()[0]) == (2, "--gateway")
    assert await fetch("SELECT FROM marketplace") == []

    process = run_python(
        "-m", "cli", "marketplace", "create", *words, "stripe", DATABASE_URL=database.app_url, STRIPE_SECRET_KEY="sk_x"
    )
    assert process.wait(60) == 0
    assert [tuple(row) for row in await fetch("SELECT gateway, sandbox FROM marketplace")] == [("stripe", False)]
