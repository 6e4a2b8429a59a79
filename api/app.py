"""The composition root: which gateway, limiter, mailer and pages this process serves, and in which order it starts.

Nothing else in api/ or web/ knows an implementation of a port.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException

from api.console import CONSOLE_ROUTES
from api.events_in.mailjet import MailWebhooks
from api.events_in.stripe import Webhooks
from api.merchant import MERCHANT_ROUTES
from api.openapi.reader import openapi
from api.operations.health import HEALTH_ROUTES
from api.operations.production import refuse_unsafe
from api.portal import PORTAL_ROUTES
from api.requests.access_log import AccessLog
from api.requests.client_address import client_address
from api.requests.media_types import json_only
from api.requests.problems import problem_response
from api.requests.request_log import RequestLog
from integrations.gateways import event_reader, gateway_for
from integrations.mailers import mail_event_reader
from integrations.pdf import chosen_engine
from integrations.rate_limits import limiter
from integrations.webhooks import webhook_sender
from models.database import close_pool, open_pool
from models.roles import refuse_powerful_role
from web.pages.errors import error_page
from web.routes import ROUTES
from workflows.runtime.faults import sentence_for
from workflows.runtime.logs import configure
from workflows.runtime.settings import check_process_settings, settings

LARGEST_BODY = 64 * 1024  # bytes: forms and JSON are a few hundred; a logo's route allows more
FOR_PROGRAMS = ("/api/", "/webhooks/", "/schema", "/health/", "/metrics")


@asynccontextmanager
async def _serving(app: Litestar) -> AsyncGenerator[None]:
    """What must be there before the first request. A deployment that would let strangers in does not start."""
    configure(check_process_settings().environment)
    refuse_unsafe(settings())
    await open_pool(settings().database_url)
    try:
        await refuse_powerful_role()
        app.state.limiter = counts = limiter(settings())
        app.state.gateway_for = gateway_for
        app.state.event_reader = event_reader
        app.state.mail_event_reader = mail_event_reader(settings())
        app.state.webhook_sender = webhook_sender(settings())
        app.state.document_engine = chosen_engine(settings())
        app.state.client_address = client_address  # web/ cannot import it
        yield
        await counts.close()
    finally:
        await close_pool()


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Problem details for programs, a page for people."""
    for_program = request.scope["path"].startswith(FOR_PROGRAMS)
    return problem_response(request, error) if for_program else error_page(request, error)


class Application(Litestar):
    """Litestar, which says in one sentence why it cannot start, where the fault is in the surroundings."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["type"] != "lifespan":
            await super().__call__(scope, receive, send)
            return
        sentence: str | None = None

        async def say(message: Any) -> None:
            nonlocal sentence
            if message["type"] == "lifespan.startup.failed":
                error = sys.exc_info()[1]
                sentence = sentence_for(error) if error else None
                message = {**message, "message": sentence or message.get("message", "")}
            await send(message)

        try:
            await super().__call__(scope, receive, say)
        except BaseException:
            if sentence is None:
                raise


def create_app() -> Litestar:
    """A new application; it reads its settings when it starts, not when it is made."""
    api = Router("/api/v1", route_handlers=[*PORTAL_ROUTES, *CONSOLE_ROUTES, *MERCHANT_ROUTES], guards=[json_only])
    app = Application(
        route_handlers=[api, Webhooks, MailWebhooks, *HEALTH_ROUTES, *ROUTES],
        lifespan=[_serving],
        exception_handlers={HTTPException: _answer_error, Exception: _answer_error},
        openapi_config=openapi(),
        # What is compressed already is left alone.
        compression_config=CompressionConfig(
            backend="gzip",
            gzip_compress_level=6,
            exclude=["^/logos/", "/invoices/", r"/documents\.zip$", "^/health/"],
            exclude_opt_key="etag",  # a strong tag names the bytes (api/requests/etags.py)
        ),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = RequestLog(AccessLog(app.asgi_handler))
    return app


app = create_app()
