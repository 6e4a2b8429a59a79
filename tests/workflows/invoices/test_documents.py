"""The PDFs of invoices: made once, kept with their digest, given up after some tries, asked for again."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from integrations.pdf import renderer
from models.database import Record, execute, fetch, fetch_row, fetch_value
from tasks.run import run_job
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_marketplace, a_staff_member
from tests.integrations.pdf_text import pages_of
from tests.tasks.rows import a_job, make_due, send_all
from workflows.engine.actor import Actor, worker
from workflows.engine.outbox import RunningJob, current_job
from workflows.invoices.documents import ENGINE_RETRY, TRIES, render_document, request_document, waiting_for_engine
from workflows.invoices.issue import issue_invoice
from workflows.invoices.pdf_renderer import EngineMissing, PdfRenderer, RenderFailed
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings

BY = worker("tests")
CUSTOMER = Actor("customer", uuid4())


class Paper:
    """A renderer that is fast, and counts; with a problem it fails. The first renders wait until so many are begun."""

    def __init__(self, problem: str | None = None, together: int = 1) -> None:
        self.problem, self.renders, self.together, self.begun = problem, 0, together, asyncio.Event()

    @property
    def name(self) -> str:
        return "paper"

    async def render(self, html: str) -> bytes:
        self.renders += 1
        if self.renders >= self.together:
            self.begun.set()
        await self.begun.wait()
        if self.problem:
            raise RenderFailed(self.problem)
        return b"%PDF " + sha256(html.encode()).digest()


async def _a_document(marketplace: Marketplace) -> Record:
    invoice_id = await issue_invoice(marketplace.id, (await a_charge(marketplace))["id"], BY)
    return await _of_invoice(invoice_id)


async def _of_invoice(invoice_id: UUID) -> Record:
    row = await fetch_row("SELECT * FROM document WHERE invoice_id = $1", invoice_id)
    assert row is not None
    return row


async def _as_run_number(run: int, document_id: UUID) -> None:
    """Makes this task the job that renders the document, in its nth run."""
    row = await fetch_row(
        "UPDATE outbox SET status = 'running', attempts = $2, lease = $3"
        " WHERE actor = 'document.render' AND args->>'id' = $1 RETURNING id, lease",
        str(document_id),
        run,
        uuid4(),
    )
    assert row is not None
    current_job.set(RunningJob(row["id"], row["lease"]))


async def test_a_document_is_rendered_and_kept_with_its_digest(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    document = await _a_document(marketplace)

    await render_document(marketplace.id, document["id"], renderer(settings()))

    rendered = await _of_invoice(document["invoice_id"])
    pdf = await fetch_value("SELECT pdf FROM document_file WHERE document_id = $1", document["id"])
    assert rendered["state"] == "rendered"
    assert rendered["sha256"] == sha256(pdf).digest()
    assert "INV-000001" in pages_of(pdf)[0]


async def test_rendering_again_changes_nothing(database: FreshDatabase) -> None:
    marketplace, paper = await a_marketplace(), Paper()
    document = await _a_document(marketplace)

    await render_document(marketplace.id, document["id"], paper)
    before = await _of_invoice(document["invoice_id"])
    await render_document(marketplace.id, document["id"], paper)
    await request_document(marketplace.id, document["invoice_id"], BY)

    assert await _of_invoice(document["invoice_id"]) == before
    assert paper.renders == 1


async def test_of_eight_renders_at_once_one_wins_and_none_complains(database: FreshDatabase) -> None:
    marketplace, paper = await a_marketplace(), Paper(together=2)
    document = await _a_document(marketplace)

    await asyncio.gather(*(render_document(marketplace.id, document["id"], paper) for _ in range(8)))

    rendered = await _of_invoice(document["invoice_id"])
    assert (rendered["state"], rendered["last_error"], rendered["log_seq"]) == ("rendered", None, 2)
    assert await fetch_value("SELECT count(*) FROM document_file") == 1
    assert paper.renders > 1


async def test_another_marketplaces_document_is_nobodys(database: FreshDatabase) -> None:
    marketplace, other, paper = await a_marketplace(), await a_marketplace(), Paper()
    document = await _a_document(marketplace)

    await render_document(other.id, document["id"], paper)

    assert paper.renders == 0


async def test_a_failed_render_is_tried_again_then_given_up_and_shown(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    owner = await a_staff_member(marketplace, wants_failed_job=True)
    document = await _a_document(marketplace)

    for run in range(1, TRIES):
        await _as_run_number(run, document["id"])
        with pytest.raises(RenderFailed):
            await render_document(marketplace.id, document["id"], Paper("exit 1: no memory"))
        waiting = await _of_invoice(document["invoice_id"])
        assert (waiting["state"], waiting["last_error"]) == ("requested", "exit 1: no memory")
    await _as_run_number(TRIES, document["id"])
    await render_document(marketplace.id, document["id"], Paper("exit 1: no memory"))

    failed = await _of_invoice(document["invoice_id"])
    assert (failed["state"], failed["last_error"], failed["moved_reason"]) == (
        "failed",
        "exit 1: no memory",
        "tries_used_up",
    )
    waiting = "SELECT count(*) FROM outbox WHERE actor = 'document.render'"
    assert await fetch_value(waiting) == 0  # the job ended with the document
    told = await fetch_row("SELECT template, recipient, context FROM outgoing_email")
    assert told is not None
    assert (told["template"], told["recipient"]) == ("staff_failed_document", owner["email"])
    assert told["context"] == {"invoice_number": "INV-000001", "attempts": TRIES, "error": "exit 1: no memory"}


async def test_a_document_that_kills_its_workers_is_given_up(database: FreshDatabase) -> None:
    marketplace, paper = await a_marketplace(), Paper()
    document = await _a_document(marketplace)
    await _as_run_number(TRIES + 1, document["id"])

    await render_document(marketplace.id, document["id"], paper)

    assert (await _of_invoice(document["invoice_id"]))["state"] == "failed"
    assert paper.renders == 0


async def test_a_failed_document_can_be_asked_for_again(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    document = await _a_document(marketplace)
    await _as_run_number(TRIES, document["id"])
    await render_document(marketplace.id, document["id"], Paper("broken"))
    current_job.set(None)

    await asyncio.gather(*(request_document(marketplace.id, document["invoice_id"], CUSTOMER) for _ in range(4)))

    again = await _of_invoice(document["invoice_id"])
    assert (again["state"], again["last_error"], again["moved_by"]) == ("requested", None, str(CUSTOMER))
    assert again["requested_at"] > document["requested_at"]
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == 1
    await render_document(marketplace.id, document["id"], Paper())
    assert (await _of_invoice(document["invoice_id"]))["state"] == "rendered"


async def test_an_invoice_without_a_document_gets_one_when_first_asked_for(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    document = await _a_document(marketplace)
    imported = await fetch_value(  # as an import leaves it: an invoice, and nothing asked for
        "INSERT INTO invoice (marketplace_id, customer_id, charge_id, number, snapshot, issued_at, state,"
        " moved_trigger, moved_by, moved_reason)"
        " SELECT marketplace_id, customer_id, $2, '1997/17', snapshot, issued_at, 'issued', 'import',"
        " 'import:cli', 'old' FROM invoice WHERE id = $1 RETURNING id",
        document["invoice_id"],
        (await a_charge(marketplace))["id"],
    )
    await execute("DELETE FROM outbox")

    await asyncio.gather(*(request_document(marketplace.id, imported, CUSTOMER) for _ in range(4)))

    assert (await _of_invoice(imported))["state"] == "requested"
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == 1


class NoEngine:
    """A machine without a PDF engine, until one is installed."""

    def __init__(self) -> None:
        self.installed = False

    @property
    def name(self) -> str:
        raise EngineMissing("No PDF engine can start.")

    async def render(self, html: str) -> bytes:
        if not self.installed:
            raise EngineMissing("No PDF engine can start.")
        return b"%PDF " + html.encode()[:10]


async def test_without_an_engine_a_document_waits_with_the_reason_and_is_made_once_there_is_one(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    document = await _a_document(marketplace)
    machine = NoEngine()

    for _ in range(TRIES + 2):  # more often than a document may fail
        await _run_its_job(document["id"], machine)

    waiting = await _of_invoice(document["invoice_id"])
    assert (waiting["state"], waiting["last_error"]) == ("requested", "No PDF engine can start.")
    assert await waiting_for_engine() == "No PDF engine can start."
    [job] = await fetch("SELECT status, attempts, due_at - now() AS ahead FROM outbox WHERE actor = 'document.render'")
    assert (job["status"], job["attempts"]) == ("waiting", 0)
    assert timedelta(0) < job["ahead"] <= ENGINE_RETRY

    machine.installed = True
    await _run_its_job(document["id"], machine)

    made = await _of_invoice(document["invoice_id"])
    assert (made["state"], made["last_error"]) == ("rendered", None)
    assert await waiting_for_engine() is None
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == 0


async def _run_its_job(document_id: UUID, renderer: PdfRenderer) -> None:
    """Runs the document's job: made due, claimed as the dispatcher does, run as a worker does."""

    async def render(marketplace_id: UUID, id: UUID) -> None:
        await render_document(marketplace_id, id, renderer)

    row_id = await fetch_value(
        "SELECT id FROM outbox WHERE actor = 'document.render' AND args->>'id' = $1", str(document_id)
    )
    await make_due([row_id])
    await send_all()
    await run_job(a_job(render, "document.render"), row_id)
