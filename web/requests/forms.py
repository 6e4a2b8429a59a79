"""Reading a form: one content type, one value a field, and inside a session the token that its page carried."""

from urllib.parse import parse_qsl

from litestar.exceptions import HTTPException
from litestar.types import Scope

from web.requests.connection import WebRequest
from web.requests.visit import SignedInContext
from workflows.access.sessions import check_form_token
from workflows.languages.sentences import sentence
from workflows.runtime.errors import Forbidden, InvalidInput

_MOST_FIELDS = 60  # a page of check boxes has some twenty


class StaleForm(Forbidden):
    """Raised when a form does not carry its session's token: it is from an earlier session, or not from our page."""

    code = "stale_form"


async def read_form(request: WebRequest) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body, an empty one included.

    Raises HTTPException 415 for another content type, 413 past the router's limit (Litestar's), InvalidInput when it
    is not text or repeats a field.
    """
    body = await request.body()
    given = _media_type(request.scope)
    if given != "application/x-www-form-urlencoded" and (given or body):
        raise HTTPException(status_code=415, detail="Send application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidInput({"form": sentence("This form could not be read.")}) from None
    fields = dict(pairs)
    if len(fields) < len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise InvalidInput({"form": sentence("This form could not be read.")})
    return fields


async def read_form_of(request: WebRequest, visit: SignedInContext) -> dict[str, str]:
    """The same for a form inside a session. Raises StaleForm without the session's token."""
    form = await read_form(request)
    if not check_form_token(visit.signed_in, form.get("form_token", "")):
        raise StaleForm("the form's token is not this session's")
    return form


def _media_type(scope: Scope) -> str:
    headers = dict(scope["headers"])
    return headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
