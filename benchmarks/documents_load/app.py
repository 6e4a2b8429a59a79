"""The application with one route more, served by `bench documents` to compare the two: what the customer's route for an
invoice does, session and ownership, without its file."""

from typing import Any

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.params import FromPath

from api.app import create_app
from api.requests.credentials import needs_session, provide_signed_in
from api.requests.provided import SignedInCustomer
from models.database import fetch_row
from workflows.runtime.errors import NotFound

# invoice_file's own, without the file.
_STATE = (
    "SELECT invoice.id, invoice.customer_id, document.state, document.moved_at FROM invoice"
    " LEFT JOIN document ON document.marketplace_id = invoice.marketplace_id AND document.invoice_id = invoice.id"
    " WHERE invoice.marketplace_id = $1 AND ($2::uuid IS NULL OR invoice.customer_id = $2) AND invoice.number = $3"
)


@get("/invoices-without-file/{number:path}", guards=[needs_session], include_in_schema=False)
async def without_file(signed_in: SignedInCustomer, number: FromPath[str]) -> Response[Any]:
    """The same answer, empty."""
    row = await fetch_row(_STATE, signed_in.marketplace_id, signed_in.customer_id, number.removeprefix("/"))
    if row is None or row["state"] != "rendered":
        raise NotFound("no such invoice")
    headers = {"Content-Disposition": f'attachment; filename="{number.removeprefix("/")}.pdf"'}
    return Response(b"", media_type="application/pdf", headers=headers)


app = create_app()
app.register(
    Router("/api/v1/portal", route_handlers=[without_file], dependencies={"signed_in": Provide(provide_signed_in)})
)
