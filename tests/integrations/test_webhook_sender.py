"""One request to an address that a stranger chose: where it may go, what comes back, and how long that may take."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.webhooks import HttpWebhookSender, webhook_sender
from tests.fakes.webhook_receiver import Behaviour, a_receiver, answers, hangs, hangs_up, stops_short, trickles
from tests.integrations.counting_server import a_counting_server
from workflows.runtime.clock import frozen
from workflows.runtime.settings import settings

BODY = b'{"type":"webhook.test"}'
HEADERS = {"content-type": "application/json", "webhook-id": "evt_1"}
IMPATIENT = timedelta(milliseconds=300)


def a_sender(answer_within: timedelta = timedelta(seconds=10), **given: Any) -> HttpWebhookSender:
    """One that may reach the receiver on the loopback."""
    return HttpWebhookSender(allow_private=True, answer_within=answer_within, **given)


class Names:
    """A resolver with a memory: the addresses of each question in turn, the last of them for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers, self.asked = list(answers), list[tuple[str, int]]()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def test_a_request_arrives_as_it_was_signed() -> None:
    with a_receiver(answers(200, b"thanks")) as receiver:
        answer = await a_sender().post(receiver.url, HEADERS, BODY)

    (request,) = receiver.got
    assert (request.method, request.path, request.query, request.body) == ("POST", "/hooks", "shop=1", BODY)
    assert request.headers.items() >= HEADERS.items()
    assert request.headers["host"] == receiver.url.split("/")[2]
    assert (answer.status, answer.error, answer.text, answer.retry_after) == (200, None, "thanks", None)


# fmt: off
CAME_BACK: list[tuple[Behaviour, int | None, str | None, str]] = [
    (answers(500, b"<h1>Oops</h1>", "text/html"), 500, None, "<h1>Oops</h1>"),
    (answers(410),                                410, None, ""),
    (answers(200, b"x" * 5000),                   200, None, "x" * 1024),
    (answers(200, b"na\xc3\xafve \xff\x00\x1b"),  200, None, "naïve \ufffd\ufffd\ufffd"),
    (stops_short,                                 200, None, "half of this"),
    (hangs_up,                                    None, "broken_answer", ""),
]
# fmt: on


@pytest.mark.parametrize(("behaviour", "status", "error", "text"), CAME_BACK)
async def test_what_came_back_is_told_and_never_raised(
    behaviour: Behaviour, status: int | None, error: str | None, text: str
) -> None:
    with a_receiver(behaviour) as receiver:
        answer = await a_sender().post(receiver.url, HEADERS, BODY)

    assert (answer.status, answer.error, answer.text) == (status, error, text)
    assert len(receiver.got) == 1  # no second try of its own


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with a_counting_server() as inside:
        with a_receiver(answers(307, location=f"http://127.0.0.1:{inside.port}/")) as receiver:
            answer = await a_sender().post(receiver.url, HEADERS, BODY)

    assert (answer.status, inside.count) == (307, 0)


async def test_who_says_nothing_is_left_in_time() -> None:
    with a_receiver(hangs) as receiver:
        answer = await a_sender(answer_within=IMPATIENT).post(receiver.url, HEADERS, BODY)

    assert (answer.status, answer.error) == (None, "timed_out")
    assert answer.duration_ms >= 300


async def test_a_body_without_end_changes_nothing_about_the_status() -> None:
    with a_receiver(trickles) as receiver:
        answer = await a_sender(answer_within=IMPATIENT).post(receiver.url, HEADERS, BODY)

    assert (answer.status, answer.error) == (200, None)
    assert answer.text.startswith("s")


async def test_nobody_listening_is_an_answer_too() -> None:
    async with a_counting_server() as gone:
        port = gone.port
    answer = await a_sender().post(f"http://127.0.0.1:{port}/", HEADERS, BODY)

    assert (answer.status, answer.error) == (None, "connection_failed")


async def test_what_is_no_http_is_a_broken_answer() -> None:
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    answer = await a_sender().post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", HEADERS, BODY)
    server.close()

    assert (answer.status, answer.error) == (None, "broken_answer")


# fmt: off
INSIDE = (
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "0", "[::]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]",
)
# fmt: on


@pytest.mark.parametrize("host", INSIDE)
async def test_a_url_that_leads_inside_is_refused_however_it_is_written(host: str) -> None:
    async with a_counting_server() as inside:
        url, sender = f"http://{host}:{inside.port}/", HttpWebhookSender()
        answer = await sender.post(url, HEADERS, BODY)

        assert (answer.status, answer.error) == (None, "address_refused")
        assert not await sender.reaches(url)
    assert inside.count == 0


async def test_one_address_inside_among_public_ones_refuses_the_host() -> None:
    names = Names(["93.184.215.14", "2606:4700::1", "10.0.0.7"])
    sender = HttpWebhookSender(resolve=names)

    assert not await sender.reaches("https://shop.example.com/")
    assert (await sender.post("https://shop.example.com/", HEADERS, BODY)).error == "address_refused"


async def test_a_name_that_leads_inside_looks_like_one_that_leads_nowhere() -> None:
    async def nowhere(_: str, __: int) -> Sequence[str]:
        raise OSError("no such host")

    answers_ = [
        await HttpWebhookSender(resolve=resolve).post("https://db.internal/", HEADERS, BODY)
        for resolve in (nowhere, Names(["10.0.0.7"]), Names([]))
    ]

    assert {(answer.status, answer.error, answer.text) for answer in answers_} == {(None, "address_refused", "")}


async def test_a_name_that_was_public_when_it_was_saved_and_leads_inside_when_sent_to() -> None:
    async with a_counting_server() as inside:
        url = f"http://rebinding.example:{inside.port}/"
        sender = HttpWebhookSender(resolve=Names(["93.184.215.14"], ["127.0.0.1"]))

        assert await sender.reaches(url)
        assert (await sender.post(url, HEADERS, BODY)).error == "address_refused"
    assert inside.count == 0


async def test_a_name_that_changes_its_mind_between_the_look_and_the_connection() -> None:
    """It is asked once, and the address that was looked at is the one connected to."""
    with a_receiver() as receiver:
        names = Names(["127.0.0.1"], ["169.254.169.254"])  # which is refused here too
        url, sender = receiver.url.replace("127.0.0.1", "rebinding.example"), a_sender(resolve=names)

        first, second = await sender.post(url, HEADERS, BODY), await sender.post(url, HEADERS, BODY)

    assert (first.status, second.error) == (204, "address_refused")
    assert len(receiver.got) == 1
    assert len(names.asked) == 2  # once for each request


async def test_a_public_name_is_reached() -> None:
    names = Names(["93.184.215.14"])

    assert await HttpWebhookSender(resolve=names).reaches("https://shop.example.com/hooks")
    assert names.asked == [("shop.example.com", 443)]


async def test_a_name_that_takes_too_long_is_not_reached() -> None:
    async def slow(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    sender = HttpWebhookSender(resolve=slow, answer_within=IMPATIENT)

    assert not await sender.reaches("https://shop.example.com/")
    assert (await sender.post("https://shop.example.com/", HEADERS, BODY)).error == "timed_out"


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with a_receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        names = Names(["127.0.0.2", "127.0.0.1"])  # nobody listens at the first

        answer = await a_sender(resolve=names).post(f"http://shop.example.com:{port}/", HEADERS, BODY)

    assert answer.status == 204
    assert receiver.got[0].headers["host"] == f"shop.example.com:{port}"


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_counting_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with a_receiver() as receiver:
            answer = await a_sender().post(receiver.url, HEADERS, BODY)

    assert (answer.status, proxy.count) == (204, 0)


# fmt: off
RESTS: list[tuple[str, int | None]] = [
    ("120", 120), ("Sun, 22 Nov 2026 12:05:00 GMT", 300), ("Sun, 22 Nov 2026 11:00:00 GMT", 0), ("9999999", 86_400),
    ("soon", None), ("-5", None), ("", None), ("Sun, 22 Nov 2026 12:05:00 -0000", None),
]
# fmt: on


@pytest.mark.parametrize(("value", "seconds"), RESTS)
async def test_an_endpoint_may_ask_to_be_left_alone(value: str, seconds: int | None) -> None:
    with a_receiver(answers(503, retry_after=value)) as receiver, frozen(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        answer = await a_sender().post(receiver.url, HEADERS, BODY)

    assert answer.retry_after == seconds


async def test_the_certificate_is_that_of_the_name_in_the_url(tmp_path: Path) -> None:
    names, seen = Names(["127.0.0.1"]), list[str | None]()
    trusted, serving = certificates(tmp_path, "shop.example.com", seen)

    async def thank(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 -\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(thank, "127.0.0.1", 0, ssl=serving)
    port, sender = server.sockets[0].getsockname()[1], a_sender(resolve=names, tls=trusted)
    right = await sender.post(f"https://shop.example.com:{port}/", HEADERS, BODY)
    wrong = await sender.post(f"https://other.example.com:{port}/", HEADERS, BODY)
    strange = await a_sender(resolve=names).post(f"https://shop.example.com:{port}/", HEADERS, BODY)
    server.close()

    assert (right.status, right.error) == (204, None)
    assert (wrong.status, wrong.error) == (None, "tls_failed")
    assert (strange.status, strange.error) == (None, "tls_failed")
    assert seen[:2] == ["shop.example.com", "other.example.com"]


@pytest.mark.parametrize(("given", "allowed"), [("", False), ("false", False), ("true", True)])
async def test_the_deployments_setting_alone_lets_addresses_inside_through(
    given: str,
    allowed: bool,  # noqa: FBT001 - what is expected
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if given:
        monkeypatch.setenv("ALLOW_PRIVATE_WEBHOOKS", given)
    settings.cache_clear()

    assert await webhook_sender(settings()).reaches("http://127.0.0.1/") is allowed


def certificates(folder: Path, name: str, seen: list[str | None]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client that trusts one certificate, and a server that has it and notes which name it is asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)
    serving.sni_callback = lambda _, asked, __: seen.append(asked)
    return ssl.create_default_context(cafile=str(file)), serving
