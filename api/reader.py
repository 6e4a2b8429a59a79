"""The OpenAPI document at /schema/openapi.json and a page to read it at /schema, both from this host alone."""

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin


def openapi() -> OpenAPIConfig:
    """The document's head, its ways to sign in, and its reader (docs/decisions/0005)."""
    return OpenAPIConfig(
        title="Gatehouse",
        version="1",
        path="/schema",
        render_plugins=[JsonRenderPlugin()],
    )
