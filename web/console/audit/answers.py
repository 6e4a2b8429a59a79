"""What the auditor's pages share: their frame, their templates' words, and that reading the log is written down."""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from web.console.answers import show_page
from web.console.audit import words
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.access.access_log import note_reading
from workflows.audit.review.filters import FIELDS

_LONGEST = 200  # characters of what was typed that are kept of a reading
_KEPT = (*FIELDS, "outcome", "client", "after", "before")  # what any of these pages looks for; nothing else is its own


def show_audit(
    request: WebRequest, visit: StaffContext, template: str, tab: str, *, status: int = 200, **context: Any
) -> Response[str]:
    """A page of the audit, under its tab. That it was read is written into the access log, with its filter."""
    if status < 400:
        note_reading(_read(request, tab))
    return show_page(request, visit, f"audit/{template}", "audit", status=status, tab=tab, words=words, **context)


def _read(request: WebRequest, tab: str) -> Mapping[str, str]:
    """What was looked at, as the page itself took it: nothing that the address says besides can stand for it."""
    asked = {name: value.replace("\0", "") for name, value in typed(request, _KEPT).items() if value}
    parts = {name: str(value) for name, value in request.path_params.items() if name != "slug"}
    return {**asked, **parts, "page": tab}


def typed(request: WebRequest, names: tuple[str, ...]) -> dict[str, str]:
    """What was typed into these fields, to be shown again."""
    return {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in names}
