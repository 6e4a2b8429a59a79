"""What is promised of mail: each e-mail leaves once, whatever dies in between (PRODUCT.md 5.4).

300 e-mails go to Mailjet's stand-in while their workers are killed 50 times (SIGKILL, at a random instant of their
first half second or at a named point in the code). The stand-in takes its time, at times accepts a message and says
nothing, and shows a message in its look-ups only five seconds after it has accepted it.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.database import fetch, fetch_value
from tests.factories import a_customer, a_marketplace
from tests.fakes.mailjet.fake import FakeMailjet
from tests.fakes.mailjet.faults import Fault
from tests.faults.doomed_worker import LEASE
from tests.faults.fault_points import MAIL_IN_DOUBT_POINTS, WORKER_POINTS
from tests.faults.lives import Nursery, nursery
from tests.tasks.processes import until
from tests.tasks.rows import none_left
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import worker
from workflows.marketplaces.tenant import Marketplace

EMAILS, KILLS = 300, 50
KNOWN_AFTER = timedelta(seconds=5)
HANG_SHARE = 0.04
LONGEST_LIFE = 0.5  # seconds after it reports ready; a named point may come sooner
SEED = int(os.environ.get("FAULT_SEED", "20261126"))
# The latter come last: e-mails in doubt must be there first.
_POINTS = (*WORKER_POINTS * 3, *MAIL_IN_DOUBT_POINTS * 5)
_BY = worker("tests")
_CARD = {"product": "Monthly box", "subscription_number": 1, "card_brand": "visa", "card_last_four": "4242"}


class Story:
    """One run of it: what was to be sent and who died."""

    def __init__(self, marketplace: Marketplace, births: Nursery) -> None:
        self.marketplace, self.births = marketplace, births
        self.died_at: dict[int, float] = {}  # by pid: when (monotonic) it was known to be dead
        self.staged = 0
        self.chance = random.Random(SEED)

    async def stage(self, count: int) -> None:
        first, self.staged = self.staged, min(self.staged + count, EMAILS)
        for number in range(first, self.staged):
            staged = await stage_email(
                self.marketplace.id,
                template="card_updated",
                recipient=f"c{number}@example.com",
                cause=f"test:{number}",
                context=_CARD,
                by=_BY,
            )
            assert staged is not None

    async def kill_at_any_time(self) -> None:
        for _ in range(KILLS // 2):
            await self.stage(2 * EMAILS // KILLS)  # the later half of the lives is spent on what is left over
            pid = await self.births.start("worker")
            await self._end(pid, self.chance.uniform(0, LONGEST_LIFE))

    async def kill_at_points(self) -> None:
        for point in _POINTS:
            await self.stage(2 * EMAILS // KILLS)
            pid = await self.births.start(
                "worker", point, 1 if point in MAIL_IN_DOUBT_POINTS else self.chance.randint(1, 4)
            )
            await self._end(pid, 4 * LONGEST_LIFE)

    async def _end(self, pid: int, life: float) -> None:
        try:
            await self.births.see_dead(pid, within=life)
        except TimeoutError:
            await self.births.kill(pid)
        self.died_at[pid] = time.monotonic()


@pytest.fixture
def mailjet() -> Iterator[FakeMailjet]:
    with FakeMailjet() as fake:
        fake.look_up_lag, fake.latency = KNOWN_AFTER, timedelta(milliseconds=60)
        fake.hang_share, fake.chance = HANG_SHARE, random.Random(SEED)
        yield fake


@pytest.fixture
async def story(database: object, valkey_url: str, tmp_path: Path, mailjet: FakeMailjet) -> AsyncIterator[Story]:
    variables = {
        "MAILER": "mailjet",
        "MAIL_FROM": mailjet.sender,
        "MAILJET_API_KEY": mailjet.api_key,
        "MAILJET_SECRET_KEY": mailjet.secret_key,
        "MAILJET_API_BASE": mailjet.url,
        "DOOMED_QUEUES": "emails",  # the clock's work is other tests' business
    }
    marketplace = await a_marketplace()
    await a_customer(marketplace)
    with nursery(tmp_path, variables) as births:
        yield Story(marketplace, births)


async def test_every_email_leaves_once_whatever_is_killed(story: Story, mailjet: FakeMailjet) -> None:
    await story.births.start("dispatcher")
    await asyncio.gather(story.kill_at_any_time(), story.kill_at_points())
    await story.births.start("worker")
    await until(none_left, within=120)

    emails = {str(row["id"]): row["state"] for row in await fetch("SELECT id, state FROM outgoing_email")}
    assert len(emails) == EMAILS
    assert mailjet.copies == Counter(dict.fromkeys(emails, 1)), "each one accepted, and none twice"
    assert set(emails.values()) == {"sent"}
    assert await fetch_value("SELECT count(*) FROM outbox WHERE status = 'dead'") == 0
    assert story.births.journal.runs_side_by_side(LEASE / 2) == []
    assert_the_kills_hit_sends_in_flight(story, mailjet)


def assert_the_kills_hit_sends_in_flight(story: Story, mailjet: FakeMailjet) -> None:
    journal, taken = story.births.journal, {one.custom_id: one.at for one in mailjet.taken}
    in_flight = {pid: journal.sends_in_flight(pid) for pid in story.died_at}
    had_arrived = [taken[one] < story.died_at[pid] for pid, cut_off in in_flight.items() for one in cut_off]
    at_points, hangs = Counter(journal.deaths_at_points()), mailjet.met[Fault.HANG_AFTER]
    print(f"sends in flight at each death: {[len(cut_off) for cut_off in in_flight.values()]}; at points: {at_points}")
    print(f"of {len(had_arrived)} sends cut off, {sum(had_arrived)} had arrived; hangs: {hangs}")
    assert len(story.died_at) == KILLS
    assert sum(map(bool, in_flight.values())) >= KILLS // 5, in_flight
    assert set(had_arrived) == {True, False}
    assert hangs > 0
    assert set(at_points) == set(_POINTS), at_points
