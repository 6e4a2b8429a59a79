"""The access log by API: who came from where, and what came of it. Each reading is written down."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from api.openapi.responses import problems
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import Asking
from workflows.access.access_log import note_reading
from workflows.audit.review.accesses import AccessPage, list_accesses, read_access_filter

_OUTCOME = "`refused` (unless told), `done`, or `read`: readings of the log."
_CLIENT = "A client's digest: what came from there, whatever the outcome."


class Accesses(Controller):
    """Who came to the door."""

    path = "/access-log"
    tags = ("Audit",)

    @get(opt={"act": "audit.read"}, responses=problems(401, 403, 422))
    async def list(
        self,
        caller: Asking,
        outcome: Annotated[str | None, QueryParameter(description=_OUTCOME)] = None,
        client: Annotated[str | None, QueryParameter(description=_CLIENT)] = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> AccessPage:
        """List requests, newest first: attempts that were refused, acts that were done, readings of the log.

        A client is its address under a key of the server, which cannot be read back. Rows are kept 13 months.
        """
        typed = {name: value for name, value in (("outcome", outcome), ("client", client)) if value}
        wanted = read_access_filter(typed)
        note_reading({"page": "access", **typed})
        return await list_accesses(caller.marketplace_id, wanted, asked(after, before, limit))
