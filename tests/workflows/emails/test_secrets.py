"""Where a link's text may be found once its e-mail has left: in the mailbox, and nowhere else."""

import logging
from collections.abc import Iterator

import pytest

from integrations.mailers import CaptureMailer
from models.database import execute, fetch
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_subscription
from tests.workflows.emails.staged_emails import a_staged_email
from workflows.access.link_requests import ask_for_link, handle_link_request
from workflows.access_tokens.one_time_links import link_text
from workflows.emails.delivery.deliver import deliver_email

_COLUMNS = (
    "SELECT columns.table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
    " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    " AND table_name NOT LIKE 'transition_log_%' AND data_type IN ('text', 'jsonb', 'bytea', 'character varying')"
)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def _columns_with(needles: list[str]) -> set[str]:
    """`table.column` of every value that has one of the texts in it, written plainly, in JSON or as bytes."""
    found: set[str] = set()
    for table, column in await fetch(_COLUMNS):
        for needle in needles:
            hexed = needle.encode().hex()
            hits = await fetch(
                f"SELECT true FROM {table} WHERE strpos({column}::text, $1) > 0 OR strpos({column}::text, $2) > 0",
                needle,
                hexed,
            )
            if hits:
                found.add(f"{table}.{column}")
    return found


async def test_no_table_but_the_inbox_holds_a_links_text_and_no_log_line(
    database: FreshDatabase, everything_logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    marketplace, mailer = await a_marketplace(), CaptureMailer("portal@gatehouse.example")
    customer = await a_customer(marketplace)
    await a_subscription(marketplace, customer=customer)
    await ask_for_link(marketplace.id, customer["email"], "browser", None)
    for request in await fetch("SELECT id FROM link_request"):
        await handle_link_request(marketplace.id, request["id"])
    await a_staged_email(marketplace, "failed_charge")
    await a_staged_email(marketplace, "order_receipt")

    for email in await fetch("SELECT id FROM outgoing_email"):
        await deliver_email(marketplace.id, email["id"], mailer)

    links = [link_text(row) for row in await fetch("SELECT * FROM access_token")]
    secrets = [link[22:] for link in links]  # what follows the id, which is no secret
    assert len(links) == 3
    assert await _columns_with(links) == {"captured_email.html", "captured_email.plain"}
    assert await _columns_with(secrets) == {"captured_email.html", "captured_email.plain"}
    logged = everything_logged.text + "".join(capsys.readouterr())
    assert not [secret for secret in secrets if secret in logged]


async def test_the_search_for_secrets_finds_what_is_there(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await a_staged_email(marketplace, "order_receipt")
    await execute("UPDATE marketplace SET address = 'needle'")
    await execute("UPDATE access_token SET browser_digest = 'needle'::bytea")

    found = await _columns_with(["needle", "Monthly box"])

    assert found == {"marketplace.address", "access_token.browser_digest", "outgoing_email.context"}
