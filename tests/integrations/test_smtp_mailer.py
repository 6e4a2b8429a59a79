"""The SMTP mailer against a real server: what travels, and what each way of failing means."""

import socket
from uuid import UUID, uuid4

import pytest

from integrations.mailers import CaptureMailer, SmtpMailer, mailer
from integrations.mailers.smtp import SmtpUnavailable
from tests.integrations.smtp_server import Mailbox, an_smtp_server
from workflows.emails.delivery.mailer import Message, MessageRefused
from workflows.runtime.errors import InDoubt
from workflows.runtime.settings import Settings

SENDER = "portal@gatehouse.example"
ID = UUID("0199e4a0-7c1e-7000-8000-000000000001")


def _message(**differing: object) -> Message:
    given = {
        "id": ID,
        "sender_name": "Ada's Books",
        "recipient": "jane@example.com",
        "reply_to": "help@ada.example",
        "subject": "Your one-time access link",
        "html": "<p>Hello, <b>Жанна</b></p>",
        "text": "Hello, Жанна\n" + "a long line " * 200 + "\n.\n.leading dots\n",
        "template": "access_link",
    }
    return Message(**{**given, **differing})  # pyright: ignore[reportArgumentType]


def _mailer(mailbox: Mailbox, timeout: float = 5) -> SmtpMailer:
    return SmtpMailer(f"smtp://127.0.0.1:{mailbox.port}?timeout={timeout}", SENDER)


async def test_a_message_arrives_with_its_headers_and_both_texts() -> None:
    async with an_smtp_server() as mailbox:
        reference = await _mailer(mailbox).send(_message())

    (message,) = mailbox.messages
    assert mailbox.envelopes == [(SENDER, ["jane@example.com"])]
    assert message["From"] == f"Ada's Books <{SENDER}>"
    assert message["To"] == "jane@example.com"
    assert message["Reply-To"] == "help@ada.example"
    assert message["Subject"] == "Your one-time access link"
    assert message["Message-ID"] == reference == f"<{ID}@gatehouse.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] is not None
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == _message().text
    assert html.get_content().strip() == _message().html
    assert all(len(line) <= 998 for line in mailbox.raw[0].split(b"\r\n"))


async def test_every_try_has_the_same_message_id() -> None:
    async with an_smtp_server() as mailbox:
        first = await _mailer(mailbox).send(_message())
        second = await _mailer(mailbox).send(_message())

    assert first == second
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1


@pytest.mark.parametrize(
    "name",
    [
        'Ada "the best" <b>Books</b>, Inc.; (@home)',
        "Жанна & Søren 書店",
        "=?utf-8?q?tricked?=",
        "a" * 120,
        "support@bank.example",
    ],
)
async def test_a_marketplaces_name_stays_a_name(name: str) -> None:
    async with an_smtp_server() as mailbox:
        await _mailer(mailbox).send(_message(sender_name=name))

    (message,) = mailbox.messages
    (sender,) = message["From"].addresses
    assert sender.addr_spec == SENDER
    assert sender.display_name == name or name.startswith("=?")
    assert len(message.get_all("From", [])) == 1


@pytest.mark.parametrize("field", ["sender_name", "recipient", "reply_to", "subject"])
async def test_a_line_break_in_a_header_is_refused_not_sent(field: str) -> None:
    async with an_smtp_server() as mailbox:
        with pytest.raises(MessageRefused):
            await _mailer(mailbox).send(_message(**{field: "jane@example.com\r\nBcc: all@example.com"}))

    assert mailbox.raw == []


@pytest.mark.parametrize(
    "address", ["", "jane", "jane@", "@example.com", "jane@exa mple.com", "a@b@c", "<jane>@example.com", "jane@-..-"]
)
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    async with an_smtp_server() as mailbox:
        with pytest.raises(MessageRefused, match="malformed_address"):
            await _mailer(mailbox).send(_message(recipient=address))

    assert mailbox.raw == []


async def test_addresses_beyond_ascii_go_to_servers_that_take_them() -> None:
    async with an_smtp_server() as taking, an_smtp_server(utf8=False) as not_taking:
        await _mailer(taking).send(_message(recipient="жанна@пример.example"))
        with pytest.raises(MessageRefused, match="smtputf8"):
            await _mailer(not_taking).send(_message(recipient="жанна@пример.example"))
        await _mailer(not_taking).send(_message(recipient="jane@bücher.example"))

    assert taking.envelopes[0][1] == ["жанна@xn--e1afmkfd.example"]
    assert not_taking.envelopes[0][1] == ["jane@xn--bcher-kva.example"]


async def test_a_mailbox_that_does_not_exist_is_refused_for_good_and_a_full_one_for_now() -> None:
    async with an_smtp_server(rcpt_answer="550 no such user") as gone, an_smtp_server(rcpt_answer="452 full") as full:
        with pytest.raises(MessageRefused, match="smtp_rcpt_550"):
            await _mailer(gone).send(_message())
        with pytest.raises(SmtpUnavailable, match="smtp_rcpt_452"):
            await _mailer(full).send(_message())


async def test_the_servers_words_do_not_travel_in_errors() -> None:
    quoting = "554 blocked: http://127.0.0.1/portal/ada/access/SECRET"
    async with an_smtp_server(data_answer=quoting) as mailbox:
        with pytest.raises(MessageRefused) as refused:
            await _mailer(mailbox).send(_message())

    assert str(refused.value) == "smtp_data_554"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


async def test_a_server_that_wants_it_later_is_tried_later() -> None:
    async with an_smtp_server(data_answer="451 greylisted") as mailbox:
        with pytest.raises(SmtpUnavailable, match="smtp_data_451"):
            await _mailer(mailbox).send(_message())


async def test_a_server_that_takes_the_message_and_hangs_leaves_a_doubt() -> None:
    async with an_smtp_server(hang_after_data=True) as mailbox:
        with pytest.raises(InDoubt):
            await _mailer(mailbox, timeout=0.2).send(_message())

    assert len(mailbox.raw) == 1


async def test_a_connection_lost_after_the_message_leaves_a_doubt() -> None:
    async with an_smtp_server(drop_after_data=True) as mailbox:
        with pytest.raises(InDoubt):
            await _mailer(mailbox).send(_message())


async def test_nobody_listening_is_no_doubt() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        port = taken.getsockname()[1]

        with pytest.raises(SmtpUnavailable):
            await SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(_message())


async def test_a_server_that_never_greets_is_no_doubt() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        with pytest.raises(SmtpUnavailable):
            await SmtpMailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}?timeout=0.2", SENDER).send(_message())


async def test_smtp_cannot_tell_what_became_of_a_message() -> None:
    assert await SmtpMailer("smtp://127.0.0.1", SENDER).find(uuid4()) is None


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "smtp://", "127.0.0.1:25", "smtp://host:port"])
def test_a_url_of_no_smtp_server_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"SMTP_URL|Port"):
        SmtpMailer(url, SENDER)


def _settings(**given: str) -> Settings:
    return Settings(secret_key="s" * 32, **given)  # pyright: ignore[reportArgumentType]


def test_the_deployment_chooses_its_mailer_and_production_may_not_capture() -> None:
    assert isinstance(mailer(_settings(mailer="capture", environment="development")), CaptureMailer)
    assert isinstance(mailer(_settings(mailer="smtp", environment="production")), SmtpMailer)
    with pytest.raises(ValueError, match="production"):
        mailer(_settings(mailer="capture", environment="production"))
