"""What the auditor's pages share: their frame, their templates' words, and that reading the log is written down."""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from web.connection import WebRequest
from web.console.answers import show_page
from web.console.audit import words
from web.visit import StaffVisit
from workflows.access_log import note_reading

_LONGEST = 200  # characters of what was typed that are kept of a reading


def show_audit(
    request: WebRequest, visit: StaffVisit, template: str, tab: str, *, status: int = 200, **context: Any
) -> Response[str]:
    """A page of the audit, under its tab. That it was read is written into the access log, with its filter."""
    if status < 400:
        note_reading(_read(request, tab))
    return show_page(request, visit, f"audit/{template}", "audit", status=status, tab=tab, words=words, **context)


def _read(request: WebRequest, tab: str) -> Mapping[str, str]:
    parts = {name: str(value) for name, value in request.path_params.items() if name != "slug"}
    return {"page": tab, **parts, **query_of(request)}


def query_of(request: WebRequest) -> dict[str, str]:
    """What the URL says, empty fields left out."""
    return {
        name[:_LONGEST]: value[:_LONGEST]
        for name, value in list(request.query_params.items())[:20]
        if value.strip() and "\0" not in name + value
    }


def typed(request: WebRequest, names: tuple[str, ...]) -> dict[str, str]:
    """What was typed into these fields, to be shown again."""
    return {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in names}
