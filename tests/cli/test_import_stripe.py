"""`./gatehouse import stripe` as a person meets it: what it says, that it waits, that it goes on when it was killed."""

import asyncio
import csv
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from cli.import_stripe import BrokenOff, ImportOptions, drive, run_wanted
from cli.main import main
from integrations import accounts
from models.database import fetch, fetch_value
from tests.cli.observed import eventually
from tests.conftest import FreshDatabase
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.workflows.importing.importing_stripe import Shop, a_shop, begun
from workflows.importing.account.rows import RefusedObject
from workflows.importing.account.run import AccountRefused, Progress
from workflows.importing.shapes import ImportUnderWay

Start = Callable[..., subprocess.Popen[str]]
Imports = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def shop(database: FreshDatabase, fake: FakeStripe) -> Shop:
    fake.forget()
    return await a_shop(fake)


@pytest.fixture
def imports(
    shop: Shop, database: FreshDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Awaitable[tuple[int, str]]]:
    """Does `./gatehouse import stripe` with more words; its exit status and what it told."""
    variables = given(shop, database)
    words = ("import", "stripe", "--marketplace", shop.marketplace.slug)

    async def do(*more: str, **others: str) -> tuple[int, str]:
        for name, value in {**variables, **others}.items():
            monkeypatch.setenv(name, value)
        accounts.stripe_client.cache_clear()  # each run has an event loop of its own, as each process has
        status = await asyncio.to_thread(_status, [*words, *more])
        told = capsys.readouterr()
        return status, told.out + told.err

    return do


def given(shop: Shop, database: FreshDatabase) -> dict[str, str]:
    """The variables of the environment."""
    at = {"STRIPE_SECRET_KEY": shop.fake.secret_key, "STRIPE_API_BASE": shop.fake.url}
    return {"DATABASE_URL": database.app_url, **at}


def _status(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


async def test_history_comes_and_what_stripe_still_charges_is_left_and_said(
    shop: Shop, imports: Imports, tmp_path: Path
) -> None:
    box = shop.subscriber()
    shop.billing.charge(shop.at_stripe(box)["customer"], 999)

    status, told = await imports("--report", str(tmp_path / "report.csv"))

    assert status == 1
    assert "Stripe still charges 1 subscriptions, and was left to" in told
    assert [line.split() for line in told.splitlines() if line.startswith("charges ")] == [["charges", "1", "0", "0"]]
    assert "━" not in told  # no progress bar where nobody looks
    (header, line) = csv.reader((tmp_path / "report.csv").open())
    assert header == ["kind", "id", "column", "reason"]
    assert line[:3] == ["subscriptions", box, ""]
    assert await fetch_value("SELECT payment_status FROM charge") == "paid"


async def test_a_killed_import_goes_on_where_it_was(
    shop: Shop, database: FreshDatabase, run_python: Start, imports: Imports
) -> None:
    shop.subscriber()
    shop.fake.order(Fault.HANG_BEFORE, "GET", "/v1/charges")
    words = ("-m", "cli", "import", "stripe", "--take-over", "--marketplace", shop.marketplace.slug)
    killed = run_python(*words, **given(shop, database))
    assert eventually(lambda: shop.fake.met[Fault.HANG_BEFORE] > 0, within=60)
    killed.kill()
    killed.wait()
    asked = len(shop.fake.calls)

    anew, resumed = await imports(), await imports("--resume")

    assert anew[0] == 2
    assert "--resume goes on with it, --restart begins again" in anew[1]
    assert resumed[0] == 0
    assert "/v1/customers" not in {call.path for call in shop.fake.calls[asked:]}  # it had read those
    assert await fetch_value("SELECT state FROM subscription") == "active"


async def test_a_dry_run_says_so_and_changes_nothing(shop: Shop, imports: Imports) -> None:
    shop.subscriber()

    status, told = await imports("--dry-run", "--take-over")

    assert status == 0
    assert "nothing was changed, here or at Stripe" in told
    assert await fetch("SELECT FROM customer") == []
    assert {call.method for call in shop.fake.calls} == {"GET"}


def ignored(_: RefusedObject | Progress) -> None: ...


async def test_it_waits_as_long_as_stripe_asks_and_longer_each_time(shop: Shop) -> None:
    shop.fake.order(Fault.BUSY, "GET", "/v1/customers")
    shop.fake.order(Fault.ERROR_500, "GET", "/v1/customers", times=2)
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    run = await drive(await begun(shop), shop.account, ignored, ignored, pause)

    assert run.outcome == "done"
    assert waited == [7, 2, 5]


async def test_a_long_silence_breaks_it_off_and_keeps_what_was_done(shop: Shop) -> None:
    shop.billing.customer("ada@example.com")
    shop.fake.order(Fault.BAD_GATEWAY, "GET", "/v1/charges", times=None)
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    with pytest.raises(BrokenOff):
        await drive(await begun(shop), shop.account, ignored, ignored, pause)

    assert sum(waited) > 150
    assert (
        await run_wanted(shop.marketplace, ImportOptions(shop.marketplace.slug, resume=True))
    ).step == "read charges"


async def test_it_goes_on_only_with_what_was_begun(shop: Shop) -> None:
    slug = shop.marketplace.slug
    with pytest.raises(AccountRefused, match="no import to go on with"):
        await run_wanted(shop.marketplace, ImportOptions(slug, resume=True))
    first = await run_wanted(shop.marketplace, ImportOptions(slug))

    with pytest.raises(ImportUnderWay, match="--restart begins again"):
        await run_wanted(shop.marketplace, ImportOptions(slug))
    with pytest.raises(AccountRefused, match="was begun otherwise"):
        await run_wanted(shop.marketplace, ImportOptions(slug, resume=True, take_over=True))

    second = await run_wanted(shop.marketplace, ImportOptions(slug, restart=True, take_over=True))
    assert (second.id != first.id, second.take_over) == (True, True)


async def test_what_cannot_begin_says_why(imports: Imports) -> None:
    assert await imports(STRIPE_SECRET_KEY="") == (2, f"Nothing was imported: {_NO_KEY}\n")
    assert await imports("--marketplace", "nobody") == (2, "Nothing was imported: there is no marketplace nobody\n")


_NO_KEY = "STRIPE_SECRET_KEY must be a secret (sk_…) or restricted (rk_…) key"
