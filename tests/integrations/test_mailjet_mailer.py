"""The Mailjet mailer against a fake of its API: what travels, and what each way of failing means."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from integrations.mailers import MailjetMailer, mailer
from integrations.mailers.mailjet_answers import MailjetUnavailable
from integrations.mailers.mailjet_network import Patience
from tests.fakes.mailjet.fake import FakeMailjet
from tests.fakes.mailjet.faults import TAKEN, Fault
from workflows.emails.delivery.mailer import Message, MessageRefused
from workflows.runtime.errors import InDoubt
from workflows.runtime.settings import Settings

ID = UUID("0199e4a0-7c1e-7000-8000-000000000001")
_SECRET = "Zm9yIHRoZSB0ZXN0cyBvbmx5LCBhbmQgbm90aGluZyBlbHNl"
_SHORT = timedelta(milliseconds=300)
_IMPATIENT = Patience(connect=_SHORT, read=_SHORT, begin_within=timedelta(seconds=2), in_all=timedelta(seconds=1))
# What surely left nothing at Mailjet, and may be tried again at once.
_SURELY_NOT = {Fault.BUSY, Fault.UNAUTHORIZED, Fault.BAD_JSON}


def _message(**differing: object) -> Message:
    given = {
        "id": ID,
        "sender_name": "Ada's Books 書店",
        "recipient": "jane@example.com",
        "reply_to": "help@ada.example",
        "subject": "Your one-time access link",
        "html": f"<p>https://pay.example/access/{_SECRET}</p>",
        "text": f"https://pay.example/access/{_SECRET}\n",
        "template": "access_link",
    }
    return Message(**{**given, **differing})  # pyright: ignore[reportArgumentType]


@lru_cache  # a client reads the certificates of the whole world when it is made
def _mailer(fake: FakeMailjet, patience: Patience = _IMPATIENT) -> MailjetMailer:
    return MailjetMailer(fake.api_key, fake.secret_key, fake.sender, fake.url, patience=patience)


@pytest.fixture(scope="module")
def served() -> Iterator[FakeMailjet]:
    with FakeMailjet() as fake:
        yield fake


@pytest.fixture
def mailjet(served: FakeMailjet) -> FakeMailjet:
    """An account of the test's own."""
    served.forget()
    return served


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for 127.0.0.1, and the file by which a client trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


@pytest.fixture(params=["http", "https"])
def either(
    request: pytest.FixtureRequest, tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeMailjet]:
    """A fake by plain http and one by https: the client has an adapter of its own for the latter."""
    context, trusted = tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    with FakeMailjet(context if request.param == "https" else None) as fake:
        yield fake


async def test_a_message_travels_with_its_id_and_without_tracking(mailjet: FakeMailjet) -> None:
    reference = await _mailer(mailjet).send(_message())

    (taken,) = mailjet.taken
    assert reference == str(taken.id)
    assert taken.payload == {
        "From": {"Email": "portal@gatehouse.example", "Name": "Ada's Books 書店"},
        "To": [{"Email": "jane@example.com"}],
        "ReplyTo": {"Email": "help@ada.example"},
        "Subject": "Your one-time access link",
        "TextPart": _message().text,
        "HTMLPart": _message().html,
        "CustomID": str(ID),
        "TrackClicks": "disabled",
        "TrackOpens": "disabled",
        "Headers": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    }


async def test_a_notice_says_where_to_have_no_more_of_it(mailjet: FakeMailjet) -> None:
    await _mailer(mailjet).send(_message(unsubscribe_url="https://pay.example.com/console/ada/account"))

    (taken,) = mailjet.taken
    assert taken.payload["Headers"]["List-Unsubscribe"] == "<https://pay.example.com/console/ada/account>"


async def test_two_emails_of_the_same_words_are_two_to_mailjet(mailjet: FakeMailjet) -> None:
    first, second = uuid4(), uuid4()

    for one in (first, second):
        await _mailer(mailjet).send(_message(id=one))

    assert [one.idempotency_key for one in mailjet.taken] == [str(first), str(second)]


@pytest.mark.parametrize("fault", [Fault.HANG_AFTER, Fault.DROP_AFTER, Fault.ERROR_500_AFTER, Fault.BUSY])
async def test_one_try_is_one_post_whatever_comes_back(either: FakeMailjet, fault: Fault) -> None:
    either.order(fault, times=None)

    with pytest.raises((InDoubt, MailjetUnavailable)):
        await _mailer(either).send(_message())

    assert either.sends == 1
    assert len(either.taken) == (fault in TAKEN)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NO_FILTER])
async def test_what_is_no_answer_is_a_doubt_and_a_clear_no_is_none(mailjet: FakeMailjet, fault: Fault) -> None:
    mailjet.order(fault)

    with pytest.raises(MailjetUnavailable if fault in _SURELY_NOT else InDoubt) as failed:
        await _mailer(mailjet).send(_message())

    assert mailjet.met[fault] == 1
    assert len(mailjet.taken) == (fault in TAKEN), "a message that may be there is never surely not there"
    assert _SECRET not in str(failed.value)
    assert mailjet.sends == 1, "a redirect is not followed"


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.HTML_AFTER, Fault.NONSENSE, Fault.HANG_BEFORE, Fault.BUSY])
async def test_a_look_up_that_is_not_answered_says_nothing(mailjet: FakeMailjet, fault: Fault) -> None:
    sender = _mailer(mailjet)
    await sender.send(_message())
    mailjet.order(fault, "GET")

    with pytest.raises(InDoubt):
        await sender.find(ID)
    assert await sender.find(ID) == str(mailjet.taken[0].id)


async def test_a_message_is_found_by_its_id_and_nobody_elses_is(mailjet: FakeMailjet) -> None:
    sender = _mailer(mailjet)
    for other in range(3):
        await sender.send(_message(id=UUID(int=other)))

    assert await sender.find(ID) is None
    mailjet.order(Fault.NO_FILTER, "GET", times=2)
    assert await sender.find(ID) is None, "what a look-up without its filter shows is of others"
    await sender.send(_message())
    assert await sender.find(ID) == str(mailjet.taken[-1].id)


async def test_a_message_is_not_found_before_mailjet_knows_it(mailjet: FakeMailjet) -> None:
    sender = _mailer(mailjet)
    mailjet.look_up_lag = timedelta(hours=1)
    await sender.send(_message())
    assert await sender.find(ID) is None

    mailjet.look_up_lag = timedelta()
    assert await sender.find(ID) == str(mailjet.taken[0].id)


async def test_a_recipient_that_mailjet_refuses_is_refused_for_good(mailjet: FakeMailjet) -> None:
    with pytest.raises(MessageRefused, match=r"^mailjet_mj-0013$"):
        await _mailer(mailjet).send(_message(recipient="jane@localhost"))


@pytest.mark.parametrize(
    "recipient", ["jane", "jane@example.com, joe@example.com", '"jane"@example.com', "a@\n.example"]
)
async def test_what_is_no_address_is_refused_before_mailjet_hears_of_it(mailjet: FakeMailjet, recipient: str) -> None:
    with pytest.raises(MessageRefused):
        await _mailer(mailjet).send(_message(recipient=recipient))

    assert mailjet.calls == []


async def test_a_line_break_in_a_header_is_refused(mailjet: FakeMailjet) -> None:
    with pytest.raises(MessageRefused, match="malformed_header"):
        await _mailer(mailjet).send(_message(subject="Hello\r\nBcc: everybody@example.com"))


async def test_a_sender_that_mailjet_does_not_know_is_ours_to_mend_and_bounces_nothing(mailjet: FakeMailjet) -> None:
    mailjet.senders.clear()

    with pytest.raises(MailjetUnavailable, match=r"^mailjet_send-0008$"):
        await _mailer(mailjet).send(_message())


async def test_a_sender_that_is_no_address_bounces_nothing(mailjet: FakeMailjet) -> None:
    sender = MailjetMailer(mailjet.api_key, mailjet.secret_key, "portal", mailjet.url)

    with pytest.raises(MailjetUnavailable, match=r"^mailjet_mj-0013$"):
        await sender.send(_message())


async def test_wrong_keys_are_ours_to_mend(mailjet: FakeMailjet) -> None:
    sender = MailjetMailer("another", "key-pair", mailjet.sender, mailjet.url)

    with pytest.raises(MailjetUnavailable, match=r"^mailjet_mj-0015$"):
        await sender.send(_message())
    with pytest.raises(InDoubt):
        await sender.find(ID)


async def test_a_subject_longer_than_mailjet_takes_is_cut(mailjet: FakeMailjet) -> None:
    await _mailer(mailjet).send(_message(subject="word " * 200))

    assert len(mailjet.taken[0].payload["Subject"]) == 255


async def test_a_host_beyond_ascii_is_sent_as_its_name_in_the_dns(mailjet: FakeMailjet) -> None:
    await _mailer(mailjet).send(_message(recipient="jane@bücher.example"))

    assert mailjet.taken[0].recipient == "jane@xn--bcher-kva.example"


async def test_where_nobody_listens_nothing_was_sent() -> None:
    with FakeMailjet() as fake:
        sender = _mailer(fake)

    with pytest.raises(MailjetUnavailable):
        await sender.send(_message())
    with pytest.raises(InDoubt):
        await sender.find(ID)


async def test_a_call_that_got_its_connection_too_late_sends_nothing(either: FakeMailjet) -> None:
    sender = _mailer(either, Patience(begin_within=timedelta()))

    with pytest.raises(MailjetUnavailable):
        await sender.send(_message())

    assert either.calls == []


async def test_an_answer_that_never_ends_is_given_up(mailjet: FakeMailjet) -> None:
    mailjet.order(Fault.DRIP)
    begun = time.monotonic()

    with pytest.raises(InDoubt, match="mailjet_no_end"):
        await _mailer(mailjet).send(_message())

    assert time.monotonic() - begun < 5


async def test_a_doubt_lasts_longer_than_the_longest_try_and_ends_a_jobs_run(mailjet: FakeMailjet) -> None:
    as_deployed = MailjetMailer("key", "secret", mailjet.sender)

    assert Patience().for_the_client == (3, 10)
    assert as_deployed.doubt_lasts >= Patience().in_all + timedelta(seconds=10)
    assert Patience().in_all < timedelta(seconds=32), "the time limit of link.deliver"


@pytest.mark.parametrize("base", ["http://api.mailjet.com", "ftp://127.0.0.1", "https://mailjet.example", "nonsense"])
def test_the_keys_go_to_mailjet_alone(base: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        MailjetMailer("key", "secret", "portal@gatehouse.example", base)


def _settings(**given: str) -> Settings:
    return Settings(secret_key="s" * 32, **given)  # pyright: ignore[reportArgumentType]


def test_mailjet_without_its_keys_does_not_start_and_tells_no_secret() -> None:
    with pytest.raises(ValidationError, match="MAILJET_SECRET_KEY") as refused:
        _settings(mailer="mailjet", mailjet_api_key="the-api-key")

    assert "the-api-key" not in str(refused.value)
    assert "s" * 32 not in str(refused.value)


@pytest.mark.parametrize("login", ["a-password-alone", "name:short", ":a-password-of-its-own"])
def test_a_webhook_login_that_is_none_does_not_start(login: str) -> None:
    with pytest.raises(ValidationError, match="mailjet_webhook_login") as refused:
        _settings(mailjet_webhook_login=login)

    assert login not in str(refused.value)


def test_production_may_send_by_mailjet() -> None:
    chosen = _settings(mailer="mailjet", mailjet_api_key="key", mailjet_secret_key="secret", environment="production")

    assert isinstance(mailer(chosen), MailjetMailer)
