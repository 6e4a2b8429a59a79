"""Does the time of the answer tell whether an address is known? 500 requests for links of each kind, interleaved by
chance, over one connection to the running application, by the page's form and by the API.

The figure is the area under the ROC curve of "slower means known": 0.5 is a coin's toss, 1 gives everybody away.
With 500 and 500 its standard deviation is 0.018, so 0.45 to 0.55 is what chance alone does in 994 of 1,000 runs.

    ./gatehouse bench login_timing [REQUESTS]
"""

import gc
import http.client
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import urlencode

import msgspec
import uvloop

from benchmarks.results import Figure, report
from cli.embedded.processes import free_port
from models.database import close_pool, open_pool
from tests.factories import a_customer, a_marketplace, a_product, a_subscription

LOWEST, HIGHEST = 0.45, 0.55
WARM_UP = 60  # requests: connections, prepared statements and caches are there afterwards
_STARTS_WITHIN = 30.0  # seconds

Ask = Callable[[http.client.HTTPConnection, str, str], int]


def main() -> None:
    """Measures, prints and records; exits with 1 when the time tells."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    slug = uvloop.run(_sell_subscriptions(requests))
    with serving("api.app:app") as port:
        areas = {name: _area(port, slug, ask, requests) for name, ask in (("page", _by_page), ("API", _by_api))}
    limit = f"{LOWEST} to {HIGHEST}"
    report("login_timing", [Figure(f"area under ROC, {name}", area, "", limit) for name, area in areas.items()])
    if not all(LOWEST <= area <= HIGHEST for area in areas.values()):
        raise SystemExit(1)


def _known(number: int) -> str:
    return f"jane.{number:05}@example.com"


def _unknown(number: int) -> str:
    return f"john.{number:05}@example.com"


async def _sell_subscriptions(customers: int) -> str:
    """A marketplace where every known address has a subscription; answers with its slug."""
    await open_pool(os.environ["DATABASE_URL"])
    marketplace = await a_marketplace()
    product = await a_product(marketplace)
    for number in range(customers):
        customer = await a_customer(marketplace, email=_known(number))
        await a_subscription(marketplace, customer=customer, product=product)
    await close_pool()
    return marketplace.slug


@contextmanager
def serving(application: str) -> Generator[int]:
    """Uvicorn as the demo starts it, without limits that would end the measurement; answers with its port."""
    port = free_port()
    environment = {**os.environ, "LINK_REQUESTS_PER_HOUR": "1000000", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    serve = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([*serve, *quiet], env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError("the application did not start")


def _area(port: int, slug: str, ask: Ask, requests: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for number in range(WARM_UP):
        ask(connection, slug, f"warm.{number:05}@example.com")
    order = [(kind, number) for number in range(requests) for kind in (True, False)]
    random.shuffle(order)
    times: dict[bool, list[float]] = {True: [], False: []}
    gc.disable()
    for known, number in order:
        email = _known(number) if known else _unknown(number)
        began = time.perf_counter()
        status = ask(connection, slug, email)
        times[known].append(time.perf_counter() - began)
        assert status in (202, 303), status
    gc.enable()
    return _roc_area(times[True], times[False])


def _by_page(connection: http.client.HTTPConnection, slug: str, email: str) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    return _post(connection, f"/portal/{slug}/access-links", urlencode({"email": email}).encode(), headers)


def _by_api(connection: http.client.HTTPConnection, slug: str, email: str) -> int:
    body = msgspec.json.encode({"marketplace": slug, "email": email})
    return _post(connection, "/api/v1/portal/access-links", body, {"Content-Type": "application/json"})


def _post(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> int:
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _roc_area(known: list[float], unknown: list[float]) -> float:
    """How often a known address's answer took longer than an unknown one's, ties half (Mann and Whitney's U / n²).

    >>> _roc_area([2.0, 4.0], [1.0, 3.0])
    0.75
    """
    longer = sum((mine > other) + (mine == other) / 2 for mine in known for other in unknown)
    return longer / (len(known) * len(unknown))


if __name__ == "__main__":
    main()
