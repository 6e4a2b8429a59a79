"""Two years of monthly billing of 200 subscriptions in four time zones, driven by the API alone, and the dates beside a
calendar written by hand.

    ./gatehouse bench two_years [SUBSCRIPTIONS]

Everything runs as in the demo, except that nobody makes PDFs: the sandbox's clock waits for charges and mails, not for
documents. Each zone is a marketplace of its own, whose clock is moved a month at a time; what falls due on the way is
found, charged and told by dispatcher and workers.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from statistics import median
from typing import Any, NamedTuple

import httpx

from benchmarks.renewals_load.processes import a_deployment
from benchmarks.results import Figure, report
from models.database import close_pool, fetch_row, open_pool
from tests.workflows.billing.calendar.calendar_by_hand import (
    BEFORE_THEM,
    CHARGES_IN_TWO_YEARS,
    HARD_STARTS,
    ZONES,
    charge_instants,
)
from workflows.marketplaces.marketplace import MarketplaceChange
from workflows.operations.marketplace_setup import create_marketplace

SUBSCRIPTIONS = 200
_STARTS = sorted([*HARD_STARTS, "2031-02-14 12:00", "2031-02-28 00:10", "2031-03-05 08:00", "2031-03-15 23:55"])
_END = datetime(2033, 3, 17, tzinfo=UTC)  # of the last one's second year
_NEARLY_A_MONTH = timedelta(days=27)  # so that no payment is made without its date having been seen before
_CARD = {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2055}
_PATIENCE = 600.0  # seconds for one call: it answers when all that fell due is done
BUSY = 409
_numbers = count(1)


class Compared(NamedTuple):
    """Renewals due at another instant than the calendar's, charges that were not paid, seconds from due to attempt."""

    wrong: int
    unpaid: int
    late: list[float]


@dataclass
class Shop:
    """One marketplace as a merchant's program sees it, and what was ordered there."""

    zone: str
    client: httpx.AsyncClient
    product: str = ""
    subscriptions: list[int] = field(default_factory=list[int])
    due: dict[tuple[int, int], datetime] = field(default_factory=dict[tuple[int, int], datetime])
    moves: int = 0
    at: datetime = datetime(1, 1, 1, tzinfo=UTC)  # where its clock was moved

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer of a call that must succeed."""
        answer = await self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def order(self) -> None:
        """One more customer subscribes, at the marketplace's present. Its renewal may come before the last order."""
        customer = await self.post("/customers", {"email": f"ada-{next(_numbers)}@example.com"})
        body = {"customer": customer["number"], "product": self.product, "card": _CARD}
        self.subscriptions.append((await self.post("/orders", body))["subscription"])
        await self.note_due(self.subscriptions[-1])

    async def move_clock(self, to: datetime) -> None:
        """Moves it, when it is not there; everything in between is done afterwards."""
        while self.at < to:
            answer = await self.client.post("/sandbox/clock", json={"to": to.isoformat()})
            if answer.status_code == BUSY:  # a step took more than a minute: somebody else needs this machine
                continue
            assert answer.is_success, answer.text
            self.at = to
            self.moves += answer.json()["moves"]

    async def note_due(self, *numbers: int) -> None:
        """Writes down when the next payment of these subscriptions, or of all, is due."""
        for number in numbers or self.subscriptions:
            seen = await self.subscription(number)
            self.due[number, seen["payments_made"]] = datetime.fromisoformat(seen["next_charge_at"])

    async def subscription(self, number: int) -> Any:
        """As the API shows it."""
        return (await self.client.get(f"/subscriptions/{number}")).json()

    async def compare(self, number: int) -> Compared:
        """One subscription's two years with the calendar's."""
        seen = await self.subscription(number)
        expected = charge_instants(datetime.fromisoformat(seen["started_at"]), self.zone, CHARGES_IN_TWO_YEARS)
        charges = seen["charges"][:CHARGES_IN_TWO_YEARS]
        attempts = [datetime.fromisoformat(charge["attempted_at"]) for charge in charges]
        renewals = list(enumerate(expected))[1:]  # the first was the order's
        return Compared(
            wrong=sum(self.due[number, period] != instant for period, instant in renewals),
            unpaid=CHARGES_IN_TWO_YEARS - sum(charge["state"] == "succeeded" for charge in charges),
            late=[(attempts[period] - instant).total_seconds() for period, instant in renewals],
        )


def main() -> None:
    """Lives, compares, prints, records; exits with 1 when a date differs."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every request
    figures = asyncio.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else SUBSCRIPTIONS))
    report("two_years", figures)
    if any(figure.limit == "0" and figure.value for figure in figures):
        raise SystemExit(1)


async def _measure(subscriptions: int) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=2)
    try:
        async with a_deployment() as deployment:
            await deployment.start("api", "dispatcher", "links", "worker")
            shops = [await _open(deployment.url, zone) for zone in ZONES]
            began = time.monotonic()
            await asyncio.gather(*(_live(shop, subscriptions // len(shops)) for shop in shops))
            seconds = time.monotonic() - began
            compared = [await shop.compare(number) for shop in shops for number in shop.subscriptions]
            left = await fetch_row(
                "SELECT count(*) FILTER (WHERE queue = 'documents') AS documents, count(*) FILTER (WHERE actor LIKE"
                " '%deliver') AS mails, (SELECT count(*) FROM charge) AS charges FROM outbox"
            )
            for shop in shops:
                await shop.client.aclose()
    finally:
        await close_pool()
    return list(_figures(seconds, sum(shop.moves for shop in shops), compared, left))


async def _open(url: str, zone: str) -> Shop:
    slug = zone.lower().replace("/", "-").replace("_", "-")
    made = await create_marketplace(slug, "owner@example.com", MarketplaceChange(name=zone, time_zone=zone))
    headers = {"Authorization": f"Bearer {made.api_key}"}
    client = httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=_PATIENCE)
    shop = Shop(zone, client)
    product = {"name": "Box", "kind": "recurring", "amount_minor": 900, "interval_unit": "month", "interval_count": 1}
    shop.product = (await shop.post("/products", product))["id"]
    return shop


async def _live(shop: Shop, subscriptions: int) -> None:
    await shop.move_clock(BEFORE_THEM)
    for start in sorted(islice(cycle(_STARTS), subscriptions)):
        await shop.move_clock(ZONES[shop.zone].instant(datetime.fromisoformat(start)))
        await shop.order()
    await shop.note_due()
    while shop.at < _END:
        await shop.move_clock(min(shop.at + _NEARLY_A_MONTH, _END))
        await shop.note_due()
        print(f"{shop.zone}: {shop.at:%B %Y}", flush=True)


def _figures(seconds: float, moves: int, compared: Sequence[Compared], left: Any) -> Iterator[Figure]:
    late = [seconds_late for one in compared for seconds_late in one.late]
    yield Figure("subscriptions", len(compared), "")
    yield Figure("renewals compared", len(late), "")
    yield Figure("renewals due at another instant than the calendar's", sum(one.wrong for one in compared), "", "0")
    yield Figure("charges not paid", sum(one.unpaid for one in compared), "", "0")
    yield Figure("renewals attempted before their instant", sum(one < 0 for one in late), "", "0")
    yield Figure("from the instant to the attempt, by the marketplace's clock", median(late), "s, median")
    yield Figure("moves of charges, subscriptions and cases", moves, "")
    yield Figure("charges in a second of the run", left["charges"] / seconds, "1/s")
    yield Figure("mails left behind", left["mails"], "", "0")
    yield Figure("documents that nobody waited for / charges", left["documents"] / left["charges"], "ratio")


if __name__ == "__main__":
    main()
