"""The PDFs of invoices: asked for, rendered in the background, given up after some tries, asked for again.

Rendering happens outside of any transaction. Two renders of one document at once do no harm: the first to record wins,
the other's work is thrown away.
"""

import asyncio
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg

from models.database import Record, execute, fetch_row, fetch_value, transaction
from workflows.emails.notices_for_staff import notify_of_failed_document
from workflows.engine.actor import Actor, worker
from workflows.engine.fire import Move, create, fire
from workflows.engine.outbox import current_job, finish_current, stage
from workflows.invoices.page import invoice_html
from workflows.invoices.pdf_renderer import EngineMissing, PdfRenderer, RenderFailed
from workflows.invoices.snapshot import read_snapshot
from workflows.machines import DOCUMENT
from workflows.runtime.clock import now
from workflows.runtime.errors import TransitionRefused

TRIES = 4  # then a person should look: what failed four times within a minute is not the machine's load
ENGINE_RETRY = timedelta(minutes=1)  # until a document asks again for an engine that was missing
_LONGEST_ERROR = 500  # characters
_BY = worker("document.render")


async def request_document(marketplace_id: UUID, invoice_id: UUID, by: Actor) -> None:
    """Asks for an invoice's PDF: a first time (imported invoices) or again after it failed; else does nothing."""
    document = await fetch_row(
        "SELECT id, state FROM document WHERE marketplace_id = $1 AND invoice_id = $2", marketplace_id, invoice_id
    )
    try:
        async with transaction():
            if document is None:
                asked = {"marketplace_id": marketplace_id, "invoice_id": invoice_id}
                await create(DOCUMENT, asked, Move(by, "document_asked_for"))
            elif document["state"] == "failed":
                again = {"requested_at": now(), "last_error": None}
                await fire(DOCUMENT, marketplace_id, document["id"], "ask_again", Move(by, "asked_again"), set_=again)
    except (asyncpg.UniqueViolationError, TransitionRefused):
        return  # somebody else asked at the same moment


async def render_document(marketplace_id: UUID, document_id: UUID, renderer: PdfRenderer) -> None:
    """Makes the PDF of a requested document and keeps it with its SHA-256; does nothing to one that is decided.

    Raises RenderFailed when it did not work and is to be tried again; past TRIES runs of the job the document fails.
    Where the machine has no engine the document stays requested, and is tried again every minute.
    """
    document = await _load(marketplace_id, document_id)
    if document is None or document["state"] != "requested":
        return
    tries = await _runs_begun()
    if tries > TRIES:  # the runs before this one ended without a word: whatever it is, it kills workers
        await _give_up(marketplace_id, document_id, document, "the renderer crashed")
        return
    try:
        html = await asyncio.to_thread(_page, document)
        pdf = await renderer.render(html)
    except EngineMissing as missing:
        await _wait_for_engine(marketplace_id, document_id, str(missing)[:_LONGEST_ERROR])
        return
    except RenderFailed as error:
        await _note(marketplace_id, document_id, str(error)[:_LONGEST_ERROR])
        if tries < TRIES:
            raise
        await _give_up(marketplace_id, document_id, document, str(error)[:_LONGEST_ERROR])
        return
    await _keep(marketplace_id, document_id, pdf)


async def waiting_for_engine() -> str | None:
    """Returns why documents of the deployment wait for a PDF engine, None where none does. For health."""
    return await fetch_value(
        "SELECT last_error FROM document WHERE state = 'requested' AND last_error LIKE 'No PDF engine%' LIMIT 1"
    )


def _page(document: Record) -> str:
    logo = (document["media_type"], document["image"]) if document["image"] is not None else None
    return invoice_html(read_snapshot(document["snapshot"]), logo)


async def _keep(marketplace_id: UUID, document_id: UUID, pdf: bytes) -> None:
    rendered = {"sha256": sha256(pdf).digest(), "last_error": None}
    try:
        async with transaction():
            await fire(DOCUMENT, marketplace_id, document_id, "render", Move(_BY, "rendered"), set_=rendered)
            await execute(
                "INSERT INTO document_file (marketplace_id, document_id, pdf) VALUES ($1, $2, $3)",
                marketplace_id,
                document_id,
                pdf,
            )
            await finish_current()
    except TransitionRefused:
        return  # another render was first


async def _give_up(marketplace_id: UUID, document_id: UUID, loaded: Record, error: str) -> None:
    try:
        async with transaction():
            failed = {"last_error": error}
            move = Move(_BY, "tries_used_up")
            document = await fire(DOCUMENT, marketplace_id, document_id, "give_up", move, set_=failed)
            await notify_of_failed_document(marketplace_id, document, loaded["number"], TRIES, error, _BY)
            await finish_current()
    except TransitionRefused:
        return


async def _wait_for_engine(marketplace_id: UUID, document_id: UUID, reason: str) -> None:
    """Stages the document again, with the reason beside it: no try is used up while the machine has no engine."""
    async with transaction():
        await _note(marketplace_id, document_id, reason)
        await stage("document.render", marketplace_id, now() + ENGINE_RETRY, id=document_id)
        await finish_current()


async def _note(marketplace_id: UUID, document_id: UUID, error: str) -> None:
    await execute(
        "UPDATE document SET last_error = $3 WHERE marketplace_id = $1 AND id = $2 AND state = 'requested'",
        marketplace_id,
        document_id,
        error,
    )


async def _runs_begun() -> int:
    """How often the job under way was begun, this time included; 1 outside of a job."""
    job = current_job.get()
    if job is None:
        return 1
    return await fetch_value("SELECT attempts FROM outbox WHERE id = $1", job.id) or 1


async def _load(marketplace_id: UUID, document_id: UUID) -> Record | None:
    return await fetch_row(
        "SELECT document.state, invoice.number, invoice.snapshot, logo.media_type, logo.image FROM document"
        " JOIN invoice ON invoice.marketplace_id = document.marketplace_id AND invoice.id = document.invoice_id"
        " LEFT JOIN marketplace_logo AS logo ON logo.marketplace_id = document.marketplace_id"
        " AND logo.digest = invoice.snapshot->>'logo_digest'"
        " WHERE document.marketplace_id = $1 AND document.id = $2",
        marketplace_id,
        document_id,
    )
