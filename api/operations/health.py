"""Is it alive, is it ready, what does it count: for load balancers, supervisors and Prometheus."""

from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, get, route
from litestar.exceptions import NotFoundException
from msgspec import structs

from api.operations.metrics import CONTENT_TYPE, exposition
from api.requests.client_address import client_address
from workflows.operations.health import Health, health


class Readiness(Health, frozen=True, kw_only=True):
    """What /health/ready says: the facts of workflows.operations.health, and the verdict."""

    status: str
    document_engine: str  # "wkhtmltopdf" or "weasyprint", as this process would choose


@route("/health/live", http_method=["GET", "HEAD"], include_in_schema=False)
async def live() -> dict[str, str]:
    """200 as long as the process answers at all: nothing else is looked at, so that nothing else restarts it."""
    return {"status": "alive"}


@route("/health/ready", http_method=["GET", "HEAD"], include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """200 when requests can be served and staged work gets done, else 503 with what is missing."""
    found = await health()
    status = "ready" if found.ready else "not ready"
    engine = request.app.state.document_engine
    answer = Readiness(status=status, document_engine=engine, **structs.asdict(found))
    return Response(answer, status_code=200 if found.ready else 503)


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For scrapers inside: 404 to whoever comes through a proxy or from a public address. Counts are business."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or not _from_inside(request):
        raise NotFoundException
    return Response(await exposition(), media_type=CONTENT_TYPE)


def _from_inside(request: Request[Any, Any, Any]) -> bool:
    try:
        return ip_address(client_address(request).partition("/")[0]).is_private
    except ValueError:
        return False


HEALTH_ROUTES = [live, ready, metrics]
