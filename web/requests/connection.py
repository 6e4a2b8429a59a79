"""Litestar's request, named once: its user, auth and state types say nothing here."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

Connection = ASGIConnection[Any, Any, Any, Any]
WebRequest = Request[Any, Any, Any]
