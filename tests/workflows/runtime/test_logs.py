"""What is logged can be read, and can sign nobody in."""

import io
import json
import logging
import secrets
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from workflows.runtime.logs import HIDDEN, configure, logger, redact
from workflows.runtime.request import request_id


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's: it gets back what it had."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    configure("production", stream)
    return stream


def last(lines: io.StringIO) -> dict[str, object]:
    return json.loads(lines.getvalue().splitlines()[-1])


def test_in_production_each_event_is_a_line_of_json(lines: io.StringIO):
    logger("tasks.run").info("job done", job="email.deliver", id=7)

    logged = last(lines)

    assert logged.pop("timestamp")
    assert logged == {"event": "job done", "job": "email.deliver", "id": 7, "level": "info", "logger": "tasks.run"}


def test_other_peoples_loggers_come_out_the_same_way(lines: io.StringIO):
    logging.getLogger("dramatiq.worker").warning("Message %s was skipped.", 7)

    assert last(lines)["event"] == "Message 7 was skipped."
    assert last(lines)["logger"] == "dramatiq.worker"


def test_every_line_names_its_request(lines: io.StringIO):
    given = request_id.set("req-9")
    logger("x").info("a")
    request_id.reset(given)

    assert last(lines)["request_id"] == "req-9"


@pytest.mark.parametrize("environment", ["production", "development"])
def test_no_link_token_reaches_the_log_on_any_way(environment: str):
    stream = io.StringIO()
    configure(environment, stream)
    token = secrets.token_urlsafe(48)
    link = f"https://shop.example/portal/ada/access/{token}"
    log = logger("x")

    log.info("mailing %s", link)
    log.info("mailing", link=link, nested={"urls": [link, {"deep": (link,)}]}, token="short")
    logging.getLogger("uvicorn.access").info('"GET %s HTTP/1.1" 200', f"/portal/ada/card/{token[:20]}?x=1")
    try:
        raise ValueError(link)
    except ValueError:
        log.exception("failed")

    text = stream.getvalue()
    assert token not in text
    assert token[:20] not in text
    assert "short" not in text
    assert "ValueError" in text
    assert "/portal/ada/access/[redacted]" in text


def test_ids_names_and_ordinary_words_stay_readable():
    for text in (
        f"customer:{uuid4()} charge {uuid4()}",
        "gatehouse_2026_11_22_0005_documents_and_emails",
        "/portal/ada/access-links",
        "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
    ):
        assert redact(text) == text


def test_session_tokens_api_keys_and_passwords_of_urls_are_hidden():
    session, key = secrets.token_urlsafe(32), f"gh_{secrets.token_urlsafe(32)}"

    hidden = redact(f"cookie={session}; {key} redis://:hunter2@127.0.0.1:6379/0 postgresql://app:p%40ss@db/gatehouse")

    assert hidden == (
        "cookie=[redacted]; [redacted] redis://:[redacted]@127.0.0.1:6379/0 postgresql://app:[redacted]@db/gatehouse"
    )


def test_a_webhook_secret_is_hidden_to_its_last_character():
    text = "signed with whsec_AbC+/dEfGhIjKlMnOpQrStUvWxYz0123456789abcd+/A= now"

    assert redact(text) == f"signed with {HIDDEN} now"
