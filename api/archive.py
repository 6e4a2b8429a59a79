"""A ZIP file of documents as an API's answer: the customer's and the merchant's routes have the same."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from api.accepted import Accepted
from workflows.access.request_limits import check_download
from workflows.engine.actor import Actor
from workflows.invoices.archive import MEDIA_TYPE, archive_of
from workflows.invoices.period import Days, ask_for_missing, range_of

_ASK_AGAIN_IN = {"Retry-After": "3"}  # seconds; some twenty PDFs later
_BEING_PREPARED = Accepted(detail="Some PDFs are being prepared. Ask again in a moment.")
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


async def archive_answer(
    request: Request[Any, Any, Any], days: Days, customer_id: UUID | None, by: Actor
) -> Response[Any]:
    """The file, sent while it is being read, or 202 while some of its PDFs are being prepared; which are asked for.

    Raises TooManyRequests past thirty downloads an hour.
    """
    if (await range_of(days, customer_id)).preparing:
        await ask_for_missing(days, customer_id, by)
        return Response(_BEING_PREPARED, status_code=202, headers=_ASK_AGAIN_IN)
    await check_download(request.app.state.limiter, str(by))
    name = f"invoices-{days.first.isoformat()}-{days.last.isoformat()}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(archive_of(days, customer_id), media_type=MEDIA_TYPE, headers=headers)
