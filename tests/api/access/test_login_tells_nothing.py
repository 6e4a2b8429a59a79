"""Asking for a link tells nobody whether an address is known: PRODUCT.md 1.3. benchmarks/login_timing.py times it."""

from typing import Any

import httpx

from models.database import DB, fetch_value
from tests.factories import a_customer, a_subscription
from workflows.access.link_requests import handle_link_request
from workflows.marketplaces.tenant import Marketplace

PATH = "/api/v1/portal/access-links"


class Statements:
    """Records every statement that the process's pool sends, as the server gets it."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, sent: Any) -> None:
        self.seen.append(sent.query)

    def listen(self) -> None:
        assert DB.pool is not None
        for holder in DB.pool._holders:
            if holder._con is not None:
                holder._con.add_query_logger(self)

    def taken(self) -> list[str]:
        """What came since the last call."""
        seen, self.seen = self.seen, []
        return seen


def comparable(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "x-request-id"]
    return answer.status_code, answer.content, headers


async def test_known_unknown_and_never_subscribed_addresses_run_the_same_statements_and_get_the_same_answer(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    subscriber = await a_customer(marketplace, email="subscriber@example.com")
    await a_subscription(marketplace, customer=subscriber)
    await a_customer(marketplace, email="never-subscribed@example.com")
    await api.post(PATH, json={"marketplace": marketplace.slug, "email": "first@example.com"})
    statements = Statements()
    statements.listen()

    answers: list[Any] = []
    for email in ("subscriber@example.com", "nobody-here@example.com", "never-subscribed@example.com"):
        answer = await api.post(PATH, json={"marketplace": marketplace.slug, "email": email})
        answers.append((comparable(answer), statements.taken()))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0][1], "the statements were heard"


async def test_the_answer_stays_the_same_past_the_hours_share_of_e_mails(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    subscriber = await a_customer(marketplace, email="subscriber@example.com")
    await a_subscription(marketplace, customer=subscriber)
    body = {"marketplace": marketplace.slug, "email": "subscriber@example.com"}

    answers: list[Any] = []
    for _ in range(7):
        answers.append(comparable(await api.post(PATH, json=body)))
        await handle_link_request(marketplace.id, await fetch_value("SELECT id FROM link_request"))

    assert answers == [answers[0]] * 7
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'access_link'") == 5
