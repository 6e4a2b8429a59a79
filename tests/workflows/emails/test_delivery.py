"""Delivering e-mails: once, in time, and never twice where the provider lets us find out."""

import asyncio
import itertools
from datetime import timedelta
from uuid import UUID

import pytest

from integrations.mailers import CaptureMailer
from models.database import execute, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_link, a_marketplace, a_subscription
from tests.workflows.emails.email_examples import ABOUT_A_LINK
from tests.workflows.emails.staged_emails import BY, a_staged_email, the_captured, the_email
from workflows.access_tokens.one_time_links import link_text
from workflows.emails.delivery.deliver import deliver_email
from workflows.engine.fire import Move, fire
from workflows.machines import ACCESS_TOKEN
from workflows.runtime.clock import frozen, now
from workflows.runtime.ports import InDoubt, Message, MessageRefused

SENDER = "portal@gatehouse.example"
_ENDS_OF_A_LINK = ("redeem", "revoke", "supersede")


class Recorder(CaptureMailer):
    """The capture inbox, counting what it is asked."""

    def __init__(self) -> None:
        super().__init__(SENDER)
        self.sends, self.finds = 0, 0

    async def send(self, message: Message) -> str:
        self.sends += 1
        return await super().send(message)

    async def find(self, message_id: UUID) -> str | None:
        self.finds += 1
        return await super().find(message_id)


class HangsUpAfterTaking(Recorder):
    """A provider that takes the message, and whose answer never comes."""

    async def send(self, message: Message) -> str:
        await super().send(message)
        raise InDoubt("no answer")


class DiesAfterTaking(Recorder):
    """A worker that is killed between sending and recording."""

    async def send(self, message: Message) -> str:
        await super().send(message)
        raise SystemExit


class NeverAnswers(Recorder):
    """A provider that may or may not have the message; it has not."""

    async def send(self, message: Message) -> str:
        self.sends += 1
        raise InDoubt(f"no answer about {message.id}")


class Refuses(Recorder):
    """A provider that will never take it."""

    async def send(self, message: Message) -> str:
        self.sends += 1
        raise MessageRefused(f"smtp_rcpt_550{'' if message.id else '?'}")


async def test_an_email_is_handed_over_once(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), Recorder()
    email_id = await a_staged_email(marketplace, "card_updated")

    await deliver_email(marketplace.id, email_id, mailer)
    await deliver_email(marketplace.id, email_id, mailer)

    email, captured = await the_email(email_id), await the_captured(email_id)
    assert (email["state"], email["provider_reference"]) == ("sent", str(email_id))
    assert email["submitted_at"] is not None
    assert (captured["recipient"], captured["sender"]) == (email["recipient"], f"Ada's Books <{SENDER}>")
    assert captured["reply_to"] == "help@ada.example"
    assert mailer.sends == 1


async def test_two_workers_with_the_same_email_send_it_once(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), Recorder()
    email_id = await a_staged_email(marketplace, "card_updated")

    answers = await asyncio.gather(
        *(deliver_email(marketplace.id, email_id, mailer) for _ in range(6)), return_exceptions=True
    )

    assert {type(answer) for answer in answers if answer is not None} <= {InDoubt}  # "somebody may be sending it"
    assert mailer.sends == 1
    assert (await the_email(email_id))["state"] == "sent"


async def test_an_email_of_another_marketplace_is_nobodys(database: FreshDatabase) -> None:
    marketplace, other, mailer = await a_marketplace(), await a_marketplace(), Recorder()
    email_id = await a_staged_email(marketplace, "card_updated")

    await deliver_email(other.id, email_id, mailer)

    assert (await the_email(email_id))["state"] == "queued"
    assert mailer.sends == 0


async def test_a_worker_killed_after_sending_does_not_send_again(database: FreshDatabase) -> None:
    marketplace, next_worker = await a_marketplace(), Recorder()
    email_id = await a_staged_email(marketplace, "access_link")

    with pytest.raises(SystemExit):
        await deliver_email(marketplace.id, email_id, DiesAfterTaking())
    assert (await the_email(email_id))["state"] == "queued"
    await deliver_email(marketplace.id, email_id, next_worker)

    email = await the_email(email_id)
    assert (email["state"], email["moved_reason"]) == ("sent", "found_at_provider")
    assert (next_worker.sends, next_worker.finds) == (0, 1)


async def test_a_provider_that_took_it_without_a_word_is_asked(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), HangsUpAfterTaking()
    email_id = await a_staged_email(marketplace, "access_link")

    await deliver_email(marketplace.id, email_id, mailer)

    assert (await the_email(email_id))["state"] == "sent"
    assert (mailer.sends, mailer.finds) == (1, 1)


async def test_a_doubt_that_nobody_can_settle_is_tried_again_with_the_same_link(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "access_link")

    with pytest.raises(InDoubt):
        await deliver_email(marketplace.id, email_id, NeverAnswers())
    undecided = await the_email(email_id)
    with pytest.raises(InDoubt):  # the provider may not know yet what it has
        await deliver_email(marketplace.id, email_id, Recorder())
    with frozen(now() + timedelta(seconds=11)):
        await deliver_email(marketplace.id, email_id, Recorder())

    assert (undecided["state"], undecided["submitted_at"] is not None) == ("queued", True)
    link = await fetch_row("SELECT * FROM access_token")
    assert link_text(link) in (await the_captured(email_id))["plain"]


async def test_what_the_provider_refuses_bounces_with_its_code_in_the_log(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), Refuses()
    email_id = await a_staged_email(marketplace, "card_updated")

    await deliver_email(marketplace.id, email_id, mailer)
    await deliver_email(marketplace.id, email_id, mailer)

    assert (await the_email(email_id))["state"] == "bounced"
    details = await fetch_value("SELECT details FROM transition_log WHERE entity_id = $1 AND seq = 2", email_id)
    assert details == {"answer": "smtp_rcpt_550"}
    assert mailer.sends == 1


async def test_an_email_past_its_use_is_dropped_with_the_reason(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), Recorder()
    email_id = await a_staged_email(marketplace, "card_updated", useful_until=now() + timedelta(hours=1))

    with frozen(now() + timedelta(hours=1, seconds=1)):
        await deliver_email(marketplace.id, email_id, mailer)

    email = await the_email(email_id)
    assert (email["state"], email["drop_reason"], mailer.sends) == ("dropped", "too_late", 0)


async def test_an_email_about_a_link_that_no_longer_works_is_not_sent_late(database: FreshDatabase) -> None:
    marketplace, mailer = await a_marketplace(), Recorder()
    ends = itertools.product(sorted(ABOUT_A_LINK), [*_ENDS_OF_A_LINK, "time"])

    for template, end in ends:
        email_id = await a_staged_email(marketplace, template, useful_until=None)
        if end != "time":
            link_id = (await the_email(email_id))["access_token_id"]
            await fire(ACCESS_TOKEN, marketplace.id, link_id, end, Move(BY, "test"))
        with frozen(now() + timedelta(minutes=61 if end == "time" else 0)):
            await deliver_email(marketplace.id, email_id, mailer)

        email = await the_email(email_id)
        assert (email["state"], email["drop_reason"]) == ("dropped", "link_no_longer_works"), (template, end)
    assert mailer.sends == 0


async def test_a_receipt_whose_link_no_longer_works_leads_to_the_login_page(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "order_receipt", useful_until=None)
    link = await fetch_row("SELECT * FROM access_token")

    with frozen(now() + timedelta(hours=2)):
        await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    captured = await the_captured(email_id)
    assert link_text(link) not in captured["html"] + captured["plain"]
    assert f"http://127.0.0.1:8000/portal/{marketplace.slug}\n" in captured["plain"]


async def test_an_email_button_switched_off_meanwhile_is_left_out(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "order_receipt")
    await execute("UPDATE marketplace SET email_button = false WHERE id = $1", marketplace.id)

    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    captured = await the_captured(email_id)
    assert "/portal/" not in captured["html"] + captured["plain"]


async def test_the_link_replaces_the_card_of_its_subscription_and_no_portal_link_stands_beside_it(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    link = await a_link(marketplace, subscription=subscription)
    email_id = await a_staged_email(marketplace, "failed_charge", customer=customer, link=link)

    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    captured = await the_captured(email_id)
    url = f"http://127.0.0.1:8000/portal/{marketplace.slug}/card/{link_text(link)}"
    assert url in captured["plain"]
    assert f'href="{url}"' in captured["html"]
    assert "/access/" not in captured["plain"]


async def test_the_final_notice_of_a_subscription_that_ended_has_no_button(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "final_notice", link=None, context={"ended": True})

    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    captured = await the_captured(email_id)
    assert captured["subject"] == "Your subscription to Monthly box has ended"
    assert "You will not be charged again" in captured["plain"]
    assert "/portal/" not in captured["html"] + captured["plain"]


async def test_a_card_that_expires_is_announced_with_the_way_to_the_portal(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_expiring", link=None)

    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    assert f"http://127.0.0.1:8000/portal/{marketplace.slug}\n" in (await the_captured(email_id))["plain"]
