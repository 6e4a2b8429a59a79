"""What the portal and the console share of downloads: the days in the URL, and the file as an answer."""

from uuid import UUID

from litestar.response import Stream

from web.requests.connection import WebRequest
from web.requests.headers import page_headers
from workflows.invoices.archive import MEDIA_TYPE, archive_of
from workflows.invoices.period import Days
from workflows.marketplaces.days import today
from workflows.marketplaces.tenant import Marketplace

LOOK_AGAIN = {"Refresh": "3"}  # seconds; some twenty PDFs later


def requested_days(request: WebRequest, marketplace: Marketplace) -> tuple[str, str]:
    """The first and the last day as they were typed; those of this year where none was."""
    given, now = request.query_params, today(marketplace)
    return given.get("from", "") or now.replace(month=1, day=1).isoformat(), given.get("to", "") or now.isoformat()


def archive_answer(days: Days, customer_id: UUID | None) -> Stream:
    """The ZIP file, sent while it is being read."""
    name = f"invoices-{days.marketplace.slug}-{days.first.isoformat()}-{days.last.isoformat()}.zip"
    headers = {**page_headers(), "Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(archive_of(days, customer_id), media_type=MEDIA_TYPE, headers=headers)
