"""A ZIP file of documents as an API's answer: the customer's and the merchant's routes have the same."""

from typing import Annotated
from uuid import UUID

from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from api.portal.access import Accepted
from workflows.invoices.archive import MEDIA_TYPE, archive_of
from workflows.invoices.period import Days

ASK_AGAIN_IN = {"Retry-After": "3"}  # seconds; some twenty PDFs later
BEING_PREPARED = Accepted(detail="Some PDFs are being prepared. Ask again in a moment.")
ANSWERS: dict[int, ResponseSpec] = {
    200: ResponseSpec(bytes, description="The ZIP file.", media_type=MEDIA_TYPE, generate_examples=False),
    202: ResponseSpec(Accepted, description="Being prepared: ask again after `Retry-After` seconds."),
}

FirstDay = Annotated[
    str | None,
    QueryParameter(name="from", description="First day, `YYYY-MM-DD`, where the marketplace is. Else a year back."),
]
LastDay = Annotated[
    str | None, QueryParameter(name="to", description="Last day, itself included. Today when it is left out.")
]


def archive_answer(days: Days, customer_id: UUID | None) -> Stream:
    """The file, sent while it is being read."""
    name = f"invoices-{days.first.isoformat()}-{days.last.isoformat()}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(archive_of(days, customer_id), media_type=MEDIA_TYPE, headers=headers)
