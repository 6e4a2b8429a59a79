"""Reading a form that carries a file: one file, inside a session, with the token that its page carried."""

from typing import NamedTuple

from litestar.datastructures import UploadFile

from web.requests.connection import WebRequest
from web.requests.forms import StaleForm, read_form_of
from web.requests.visit import SignedInContext
from workflows.access.sessions import check_form_token
from workflows.runtime.errors import InvalidInput

MOST_PARTS = 4  # a file, the form's token, and little else


class Upload(NamedTuple):
    """A file as it came: what its sender says that it is, and its bytes."""

    media_type: str
    content: bytes


async def read_upload_of(request: WebRequest, visit: SignedInContext, field: str) -> Upload:
    """The file of `field` in a `multipart/form-data` body; empty where none was chosen.

    Raises StaleForm without the session's token, InvalidInput for a body of another kind, HTTPException 413 past the
    handler's limit (Litestar's).
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        await read_form_of(request, visit)
        raise InvalidInput({field: "Choose a file."})
    form = await request.form()
    token, file = form.get("form_token"), form.get(field)
    if not isinstance(token, str) or not check_form_token(visit.signed_in, token):
        raise StaleForm("the form's token is not this session's")
    if not isinstance(file, UploadFile):
        return Upload("", b"")
    return Upload(file.content_type, await file.read())
