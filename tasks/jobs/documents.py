"""Jobs that make documents."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.invoices.issue import render_document


@job("document.render", lease=timedelta(minutes=2), attempts=6, first_pause=timedelta(seconds=5))
async def render(marketplace_id: UUID, id: UUID) -> None:
    """Makes the PDF of one invoice."""
    await render_document(marketplace_id, id, ports.renderer())
