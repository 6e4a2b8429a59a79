"""`./gatehouse import` as a person meets it: files, report, exit status; and CDNOW's format."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.import_cdnow import CdnowShop, cdnow_sources
from cli.paths import ROOT
from models.database import fetch, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace
from workflows.importing.run import ImportCounter, Watcher, run_import
from workflows.importing.shapes import Refused

Start = Callable[..., subprocess.Popen[str]]

PRODUCTS = "reference,name,kind,currency,amount\ncd,Compact disc,one_off,USD,12.00\n"
CUSTOMERS = "reference,email\n1,a@example.com\n2,nonsense\n3,c@example.com\n"
ORDERS = "reference,customer,product,amount,currency,placed_at\no1,1,cd,12.00,USD,2025-03-01\n"
CHARGES = "reference,order,amount,currency,state,paid_at\np1,o1,12.00,USD,succeeded,2025-03-01\n"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The words that name four files, one row of which is bad."""
    words: list[str] = []
    texts = {"products": PRODUCTS, "customers": CUSTOMERS, "orders": ORDERS, "charges": CHARGES}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
        words += [f"--{name}", str(tmp_path / f"{name}.csv")]
    return words


def told_by(process: subprocess.Popen[str]) -> str:
    told, _ = process.communicate(timeout=60)
    return told


async def test_good_rows_are_imported_and_the_bad_one_is_told(
    database: FreshDatabase, run_python: Start, files: list[str]
) -> None:
    shop = await a_marketplace()

    process = run_python("-m", "cli", "import", "--marketplace", shop.slug, *files, DATABASE_URL=database.app_url)
    told = told_by(process)

    assert process.returncode == 1
    assert "customers.csv: 3: email: is not an e-mail address" in told
    assert [line.split() for line in told.splitlines() if line.startswith("customers ")] == [
        ["customers", "2", "0", "1"]
    ]
    assert "━" not in told  # no progress bar where nobody looks
    assert await fetch_value("SELECT payment_status FROM charge") == "paid"


async def test_a_report_file_holds_a_line_for_each_refused_row(
    database: FreshDatabase, run_python: Start, files: list[str], tmp_path: Path
) -> None:
    shop = await a_marketplace()
    report = tmp_path / "report.csv"

    words = ("import", "--marketplace", shop.slug, *files, "--report", report)
    told = told_by(run_python("-m", "cli", *words, DATABASE_URL=database.app_url))

    assert "nonsense" not in told
    assert list(csv.reader(report.open())) == [
        ["file", "line", "column", "reason"],
        ["customers.csv", "3", "email", "is not an e-mail address"],
    ]


async def test_a_dry_run_says_so_and_changes_nothing(
    database: FreshDatabase, run_python: Start, files: list[str]
) -> None:
    shop = await a_marketplace()

    words = ("import", "--marketplace", shop.slug, *files, "--dry-run")
    process = run_python("-m", "cli", *words, DATABASE_URL=database.app_url)

    assert "nothing was changed" in told_by(process)
    assert process.returncode == 1  # a row would be refused
    assert await fetch("SELECT FROM customer") == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--customers", "{tmp}/missing.csv"], "No such file"),
        (["--customers", "{tmp}/wrong.csv"], "unknown column 'id'"),
        ([], "name the CSV files to import"),
        (["--cdnow", "{tmp}/wrong.csv", "--customers", "{tmp}/wrong.csv"], "name the CSV files to import"),
        (["--customers", "{tmp}/good.csv", "--report", "{tmp}/nowhere/report.csv"], "No such file"),
        (["--customers", "{tmp}/good.csv", "--marketplace", "nobody"], "there is no marketplace nobody"),
    ],
)
async def test_what_cannot_begin_says_why_and_does_nothing(
    database: FreshDatabase, run_python: Start, tmp_path: Path, words: list[str], reason: str
) -> None:
    shop = await a_marketplace()
    (tmp_path / "wrong.csv").write_text("id,email\n")
    (tmp_path / "good.csv").write_text("reference,email\n1,a@example.com\n")

    given = [word.format(tmp=tmp_path) for word in words]
    process = run_python("-m", "cli", "import", "--marketplace", shop.slug, *given, DATABASE_URL=database.app_url)

    assert reason in told_by(process)
    assert process.returncode == 2
    assert await fetch("SELECT FROM customer") == []


def test_without_a_database_it_says_what_to_name(run_python: Start, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("reference,email\n")

    words = ("import", "--marketplace", "x", "--customers", tmp_path / "good.csv", "--data", tmp_path / "none")
    process = run_python("-m", "cli", *words, DATABASE_URL="")

    assert "DATABASE_URL is not set, and there is no demo" in told_by(process)
    assert process.returncode == 2


CDNOW = """\
 customer_id  date number_of_cds  dollar_value
 00001 19970101  1   11.77
 00002 19970112  1   12.00
 00002 19970112  5   77.00
 00003 19970102  1    0.00
"""


async def cdnow_imported(path: Path) -> tuple[dict[str, ImportCounter], list[Refused]]:
    shop = await a_marketplace()
    refused: list[Refused] = []
    watcher = Watcher(refused.append, lambda _: None)
    tallies = await run_import(shop, cdnow_sources(path, CdnowShop()), watcher, dry_run=False)
    return {tally.kind: tally for tally in tallies}, refused


@pytest.mark.usefixtures("database")
async def test_each_cdnow_purchase_is_an_order_and_those_that_cost_something_are_payments(tmp_path: Path) -> None:
    (tmp_path / "cdnow.txt").write_text(CDNOW.replace("\n", "\r\n"))

    tallies, refused = await cdnow_imported(tmp_path / "cdnow.txt")

    assert refused == []
    assert [tallies[kind].new for kind in ("customers", "orders", "charges")] == [3, 4, 3]
    orders = await fetch("SELECT reference, quantity, amount_minor FROM customer_order ORDER BY number")
    assert [tuple(row) for row in orders] == [
        ("cdnow-00001-1", 1, 1177),
        ("cdnow-00002-1", 1, 1200),
        ("cdnow-00002-2", 5, 7700),
        ("cdnow-00003-1", 1, 0),
    ]
    customer = await fetch_row("SELECT * FROM customer WHERE number = 1")
    assert customer is not None
    assert customer["email"] == "customer-00001@cdnow.example"


@pytest.mark.usefixtures("database")
async def test_bad_cdnow_lines_are_refused_once_each(tmp_path: Path) -> None:
    bad = "00004 19970230  1  10.00\n00005 19970101 1\n00002 19970301 1 10.00\n\xff\n00006 19970101 1 10.00\n"
    (tmp_path / "cdnow.txt").write_bytes((CDNOW + bad).encode("latin-1"))

    tallies, refused = await cdnow_imported(tmp_path / "cdnow.txt")

    assert [(row.line, row.column, row.reason) for row in refused] == [
        (6, "date", "is no date: 19970230"),
        (7, "", "is not a customer, a date, a number of CDs and dollars"),
        (8, "customer", "comes after 00004: the file must be sorted by customer"),
        (9, "", "is not a customer, a date, a number of CDs and dollars"),
    ]
    assert tallies["orders"].new == 5


@pytest.mark.usefixtures("database")
async def test_the_sample_in_the_repository_is_whole() -> None:
    tallies, refused = await cdnow_imported(ROOT / "demo" / "cdnow_sample.txt")

    assert refused == []
    assert [tallies[kind].new for kind in ("customers", "orders", "charges")] == [236, 971, 969]
    assert await fetch_value("SELECT count(*) FROM transition_log WHERE trigger = 'import'") == 2 * 969
    assert await fetch_value("SELECT count(*) FROM outbox") == 0
