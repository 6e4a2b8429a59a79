"""What a customer is promised: whoever asks for a link gets it, whatever dies in between.

500 links are requested while worker and dispatcher are killed 50 times (SIGKILL, at a random instant of their first
half second or at a named point in the code), Valkey is flushed, and the mail server at times takes a message and hangs.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import redis

from models.database import Record, fetch, fetch_value
from tests.factories import a_customer, a_marketplace, a_product, a_subscription
from tests.faults.doomed_worker import LEASE
from tests.faults.fault_points import DISPATCHER_POINTS, WORKER_POINTS
from tests.faults.lives import Nursery, nursery
from tests.faults.mail_server import Arrivals, mail_server
from tests.tasks.processes import until
from tests.tasks.rows import none_left
from workflows.access.link_requests import ask_for_link
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.keys import token_digest

REQUESTS, CUSTOMERS, KILLS = 500, 50, 50
HANG_SHARE = 0.04
LONGEST_LIFE = 0.5  # seconds after it reports ready; a named point may come sooner
FLUSH_EVERY = 5  # deaths
SEED = int(os.environ.get("FAULT_SEED", "20261122"))


class Story:
    """One run of it: who asked, who died, what arrived."""

    def __init__(self, marketplace: Marketplace, addresses: list[str], births: Nursery, valkey: redis.Redis) -> None:
        self.marketplace, self.addresses, self.births, self.valkey = marketplace, addresses, births, valkey
        self.nonces: list[str] = []
        self.killed: dict[str, list[int]] = {"worker": [], "dispatcher": []}
        self.flushed = 0
        self.chance = random.Random(SEED)

    async def ask(self, count: int) -> None:
        for _ in range(min(count, REQUESTS - len(self.nonces))):
            nonce = uuid4().hex
            await ask_for_link(self.marketplace.id, self.addresses[len(self.nonces) % CUSTOMERS], nonce, None)
            self.nonces.append(nonce)

    async def kill_again_and_again(self, kind: str, points: tuple[str, ...]) -> None:
        for number in range(KILLS // 2):
            await self.ask(REQUESTS // KILLS)
            at_point = number % 2 == 1
            point = points[number // 2 % len(points)] if at_point else ""
            pid = await self.births.start(kind, point, self.chance.randint(1, 4))
            await self._end(pid, self.chance.uniform(0, LONGEST_LIFE), at_point=at_point)
            self.killed[kind].append(pid)
            if sum(map(len, self.killed.values())) % FLUSH_EVERY == 0:
                await asyncio.to_thread(self.valkey.flushall)
                self.flushed += 1

    async def _end(self, pid: int, life: float, *, at_point: bool) -> None:
        try:
            await self.births.see_dead(pid, within=4 * LONGEST_LIFE if at_point else life)
        except TimeoutError:
            await self.births.kill(pid)

    async def let_the_rest_be_done(self) -> None:
        await self.births.start("worker")
        await self.births.start("dispatcher")
        await until(none_left, within=90)


@pytest.fixture
async def story(database: object, valkey_url: str, tmp_path: Path, arrivals: Arrivals) -> AsyncIterator[Story]:
    async with mail_server(arrivals) as port:
        marketplace = await a_marketplace()
        product = await a_product(marketplace)
        customers = [await a_customer(marketplace, email=f"c{number}@example.com") for number in range(CUSTOMERS)]
        for customer in customers:
            await a_subscription(marketplace, customer=customer, product=product)
        variables = {
            "MAILER": "smtp",
            "SMTP_URL": f"smtp://127.0.0.1:{port}?timeout=0.7",  # thrice that for the body: gives up within a lease
            "LINKS_PER_HOUR": "100000",
        }
        with nursery(tmp_path, variables) as births:
            addresses = [customer["email"] for customer in customers]
            yield Story(marketplace, addresses, births, redis.Redis.from_url(valkey_url))


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals(random.Random(SEED), HANG_SHARE)


async def test_every_request_ends_in_an_email_whatever_is_killed(story: Story, arrivals: Arrivals):
    await asyncio.gather(
        story.kill_again_and_again("worker", WORKER_POINTS),
        story.kill_again_and_again("dispatcher", DISPATCHER_POINTS),
    )
    await story.let_the_rest_be_done()

    emails = {row["browser_digest"]: row for row in await every_link_with_its_email()}
    assert_each_request_has_one_email_that_arrived(story, emails, arrivals)
    assert_copies_come_from_doubt_alone_and_are_the_same(story, list(emails.values()), arrivals)
    await assert_nothing_was_given_up()
    assert story.births.journal.runs_side_by_side(LEASE / 2) == []
    assert_the_kills_hit_work_in_flight(story)
    print(f"e-mails: {len(emails)}, copies: {sum(map(len, arrivals.links.values()))}, hangs: {arrivals.hung}")
    assert arrivals.hung > 0
    assert story.flushed == KILLS // FLUSH_EVERY


async def every_link_with_its_email() -> list[Record]:
    return await fetch(
        "SELECT token.*, email.id AS email_id, email.state AS email_state FROM access_token AS token"
        " JOIN outgoing_email AS email ON email.marketplace_id = token.marketplace_id"
        " AND email.access_token_id = token.id"
    )


def assert_each_request_has_one_email_that_arrived(
    story: Story, emails: dict[bytes, Record], arrivals: Arrivals
) -> None:
    assert len(story.nonces) == REQUESTS
    assert set(emails) == {token_digest(nonce) for nonce in story.nonces}, "one link for each request, none invented"
    assert {row["email_state"] for row in emails.values()} == {"sent"}
    assert {str(row["email_id"]) for row in emails.values()} == set(arrivals.links)


def assert_copies_come_from_doubt_alone_and_are_the_same(
    story: Story, emails: list[Record], arrivals: Arrivals
) -> None:
    doubts = story.births.journal.doubtful_sends()
    for row in emails:
        email_id: UUID = row["email_id"]
        copies = arrivals.links[str(email_id)]
        assert len(copies) <= 1 + doubts.get(str(email_id), 0), f"{email_id} came {len(copies)} times without a doubt"
        assert set(copies) == {link_text(row)}, "every copy carries the same link"


async def assert_nothing_was_given_up() -> None:
    assert await fetch_value("SELECT count(*) FROM outbox WHERE status = 'dead'") == 0
    assert await fetch_value("SELECT count(*) FROM link_request") == 0


def assert_the_kills_hit_work_in_flight(story: Story) -> None:
    journal = story.births.journal
    workers, dispatchers = story.killed["worker"], story.killed["dispatcher"]
    assert len(workers) + len(dispatchers) == KILLS
    mid_job = [len(journal.cut_off_runs(pid)) for pid in workers]
    mid_batch = [journal.cut_off_batches(pid) for pid in dispatchers]
    at_points = Counter(journal.deaths_at_points())
    print(f"workers killed in mid-job: {sum(map(bool, mid_job))} of {len(mid_job)}, runs cut off: {sum(mid_job)}")
    print(f"dispatchers killed in mid-batch: {sum(map(bool, mid_batch))} of {len(mid_batch)}; at points: {at_points}")
    assert sum(map(bool, mid_job)) >= len(workers) // 2, f"jobs cut off by each worker's death: {mid_job}"
    assert sum(map(bool, mid_batch)) >= len(dispatchers) // 4, f"batches cut off: {mid_batch}"
    assert set(at_points) >= {"job.started", "rows.claimed"}, at_points
    assert set(at_points) & {"mail.before_send", "mail.after_send"}, at_points
