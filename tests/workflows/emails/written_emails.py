"""Every e-mail in every case, to be written without a database: for the tests of what e-mails say and look like."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from workflows.emails.templates.catalogue import EXAMPLE_CAUSE
from workflows.emails.templates.examples import examples
from workflows.emails.templates.registry import LETTERS


def every_case(currency: str = "USD") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(template, what the case is called, context) of all of them."""
    for template in LETTERS:
        for case, context in examples(template, currency).items():
            yield template, case, context


def an_email(template: str, context: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """The row that an e-mail is written from, with whatever columns differ from those of Ada's shop."""
    return {
        "id": UUID(int=1),
        "template": template,
        "cause": EXAMPLE_CAUSE,
        "recipient": "jane@example.com",
        "context": context,
        "locale": None,
        "language": None,
        "own_texts": None,
        "accent_color": None,
        "slug": "ada",
        "name": "Ada's Books",
        "address": "12 Mill Lane\nCambridge",
        "support_email": "help@ada.example",
        "logo_digest": None,
        "email_button": True,
        "time_zone": "UTC",
        "country": "US",
        "marketplace_language": "en",
        **columns,
    }
