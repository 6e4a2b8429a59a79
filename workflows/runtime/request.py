"""The id of the request under way, for logs, the transition log and staged jobs."""

from contextvars import ContextVar

# The id of the HTTP request, or of the request that staged the job under way. Set by the API and by the worker.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
