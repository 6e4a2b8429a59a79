"""An e-mail on its way to Mailjet, crash by crash: what the next worker does, second by second."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from integrations.mailers import MailjetMailer
from integrations.mailers.mailjet_answers import MailjetUnavailable
from integrations.mailers.mailjet_network import Patience
from models.database import execute, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.fakes.mailjet.fake import FakeMailjet
from tests.fakes.mailjet.faults import Fault
from tests.workflows.emails.staged_emails import a_staged_email, the_email
from workflows.access_tokens.one_time_links import link_text
from workflows.emails.delivery.deliver import deliver_email
from workflows.runtime.clock import frozen, now
from workflows.runtime.ports import InDoubt, Message

_SHORT = timedelta(milliseconds=300)
_LATER = timedelta(hours=1)


@pytest.fixture
def mailjet() -> Iterator[FakeMailjet]:
    with FakeMailjet() as fake:
        yield fake


@pytest.fixture
def mailer(mailjet: FakeMailjet) -> MailjetMailer:
    """As deployed, but for how long a read may take."""
    patience = Patience(read=_SHORT)
    return MailjetMailer(mailjet.api_key, mailjet.secret_key, mailjet.sender, mailjet.url, patience=patience)


class DiesAfterSending(MailjetMailer):
    """A worker that is killed between Mailjet's answer and its record."""

    async def send(self, message: Message) -> str:
        await super().send(message)
        raise SystemExit


async def _submitted(email_id: UUID) -> None:
    """A worker said that it is about to call, and died."""
    await execute("UPDATE outgoing_email SET submitted_at = $2 WHERE id = $1", email_id, now())


async def test_a_send_without_an_answer_is_found_once_mailjet_knows_of_it(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_updated")
    mailjet.order(Fault.HANG_AFTER)
    mailjet.look_up_lag = _LATER

    for _ in range(2):  # asked at once and again: not known yet, which means nothing
        with pytest.raises(InDoubt):
            await deliver_email(marketplace.id, email_id, mailer)
    mailjet.look_up_lag = timedelta()
    await deliver_email(marketplace.id, email_id, mailer)

    email = await the_email(email_id)
    assert (email["state"], email["moved_reason"]) == ("sent", "found_at_provider")
    assert email["provider_reference"] == str(mailjet.taken[0].id)
    assert mailjet.sends == 1


async def test_a_send_that_never_arrived_leaves_again_when_that_is_certain_and_not_before(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "access_link")
    await _submitted(email_id)
    begun = (await the_email(email_id))["submitted_at"]

    with frozen(begun + mailer.doubt_lasts - _SHORT), pytest.raises(InDoubt):
        await deliver_email(marketplace.id, email_id, mailer)
    assert mailjet.sends == 0
    with frozen(begun + mailer.doubt_lasts + _SHORT):
        await deliver_email(marketplace.id, email_id, mailer)

    assert mailjet.copies == {str(email_id): 1}
    assert (await the_email(email_id))["state"] == "sent"


async def test_a_worker_that_died_after_mailjet_took_it_is_not_followed_by_a_second_send(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_updated")
    doomed = DiesAfterSending(mailjet.api_key, mailjet.secret_key, mailjet.sender, mailjet.url)

    with pytest.raises(SystemExit):
        await deliver_email(marketplace.id, email_id, doomed)
    with frozen(now() + _LATER):
        await deliver_email(marketplace.id, email_id, mailer)

    assert (await the_email(email_id))["moved_reason"] == "found_at_provider"
    assert mailjet.sends == 1


async def test_while_mailjet_cannot_be_asked_nothing_is_sent_again(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_updated")
    await _submitted(email_id)
    mailjet.order(Fault.ERROR_500, "GET", times=None)

    with frozen(now() + _LATER), pytest.raises(InDoubt):
        await deliver_email(marketplace.id, email_id, mailer)

    assert mailjet.sends == 0


async def test_what_was_surely_not_taken_may_leave_again_at_once(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_updated")
    mailjet.order(Fault.BUSY)

    with pytest.raises(MailjetUnavailable):
        await deliver_email(marketplace.id, email_id, mailer)
    await deliver_email(marketplace.id, email_id, mailer)

    assert [path for _, path in mailjet.calls] == ["/v3.1/send"] * 2, "nothing was in doubt, nobody was asked"
    assert mailjet.copies == {str(email_id): 1}


async def test_a_link_that_ended_while_its_email_was_in_doubt_is_not_sent_late(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "access_link", useful_until=None)
    await _submitted(email_id)

    with frozen(now() + timedelta(hours=2)):
        await deliver_email(marketplace.id, email_id, mailer)

    email = await the_email(email_id)
    assert (email["state"], email["drop_reason"]) == ("dropped", "link_no_longer_works")
    assert mailjet.sends == 0


async def test_an_address_that_mailjet_refuses_bounces_and_stops_no_other_mail(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="jane@localhost")
    email_id = await a_staged_email(marketplace, "card_updated", customer=customer)

    await deliver_email(marketplace.id, email_id, mailer)

    email = await the_email(email_id)
    assert (email["state"], email["bounce"], email["moved_details"]) == (
        "bounced",
        "refused",
        {"answer": "mailjet_mj-0013"},
    )
    assert await fetch_value("SELECT undeliverable FROM customer") is None


async def test_the_secret_of_a_link_is_in_the_message_and_in_no_row(
    database: FreshDatabase, mailjet: FakeMailjet, mailer: MailjetMailer
) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "access_link")
    mailjet.order(Fault.HANG_AFTER)

    mailjet.look_up_lag = _LATER
    with pytest.raises(InDoubt):
        await deliver_email(marketplace.id, email_id, mailer)

    secret = link_text(await fetch_row("SELECT * FROM access_token"))
    assert secret in mailjet.taken[0].payload["TextPart"]
    for table in ("outgoing_email", "outbox", "access_token", "transition_log"):
        assert not await fetch_value(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE $1", f"%{secret}%")
