"""Writing an e-mail: from its row, its marketplace and its link to subject, HTML and plain text.

The secret of a link comes to be here, when the message is about to leave, and goes with it: the caller must neither
store nor log a Message. Nothing here asks the network or the database.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from workflows.emails.catalogue import CATALOGUE
from workflows.emails.own_words import DEFAULTS, Words, Written, written_for
from workflows.entrances import CONSOLE, PORTAL
from workflows.formatting import card, day, interval_words, minutes_words, moment, money
from workflows.links import link_text, link_url
from workflows.ports import Message
from workflows.settings import settings
from workflows.typed_text import lines, one_line

_TEMPLATES = Path(__file__).parent / "templates"
_EMPTY_LINES = re.compile(r"\n{3,}")


def write_message(email: Mapping[str, Any], link: Mapping[str, Any] | None) -> Message:
    """The message of an `outgoing_email` row joined with its marketplace and customer (deliver.py's query).

    `link` is the access token's row when its link works now, else None: then some buttons lead to the
    Login URL (catalogue.py). Raises jinja2.UndefinedError when the context lacks what the template shows.
    """
    facts = _facts(email, link)
    template = CATALOGUE[email["template"]]
    facts["words"] = words = _words(email, facts)
    subject = words.subject if words else one_line(_environment().from_string(template.subject).render(facts))
    facts["subject"] = f"[Test] {subject}" if words and email.get("staff_id") else subject
    text = _environment().get_template(f"{email['template']}.txt").render(facts)
    return Message(
        id=email["id"],
        sender_name=facts["marketplace"],
        recipient=email["recipient"],
        reply_to=email["support_email"],
        subject=facts["subject"],
        html=_environment().get_template(f"{email['template']}.html").render(facts).strip() + "\n",
        text=_EMPTY_LINES.sub("\n\n", text).strip() + "\n",
        template=email["template"],
    )


def _words(email: Mapping[str, Any], facts: Mapping[str, Any]) -> Written | None:
    """The words of an e-mail that merchants may reword: their own where there are any, else the default's."""
    if email["template"] not in DEFAULTS:
        return None
    texts = {name: email.get(f"own_{name}") for name in Words.__struct_fields__}
    own = None if None in texts.values() else msgspec.convert(texts, Words)
    return written_for(email["template"], own, facts)


def _facts(email: Mapping[str, Any], link: Mapping[str, Any] | None) -> dict[str, Any]:
    context: dict[str, Any] = dict.fromkeys(CATALOGUE[email["template"]].may) | email["context"]
    locale, zone = email["locale"], email["time_zone"]
    return {
        **{name: _fact(name, value) for name, value in context.items()},
        "marketplace": one_line(email["name"]),
        "address": lines(email["address"]),
        "support_email": email["support_email"],
        "logo_url": f"{settings().public_url}/logos/{email['logo_digest']}" if email["logo_digest"] else None,
        "button_url": _button_url(email, link),
        "button_label": CATALOGUE[email["template"]].button,
        "money": partial(_money, locale=locale),
        "day": partial(day, time_zone=zone, locale=locale),
        "moment": partial(moment, time_zone=zone, locale=locale),
        "card": card,
        "interval_words": interval_words,
        "minutes_words": minutes_words,
    }


def _fact(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return datetime.fromisoformat(value) if name.endswith("_at") else one_line(value)
    return value


def _money(minor: int, currency: str, *, locale: str | None) -> str:
    return money(minor, currency, locale)


def _button_url(email: Mapping[str, Any], link: Mapping[str, Any] | None) -> str | None:
    template = CATALOGUE[email["template"]]
    if template.button is None or (template.product and not email["email_button"]):
        return None
    if link is not None:
        return link_url(email["slug"], link["purpose"], link_text(link))
    if email["template"] in DEFAULTS and (email.get("staff_id") or email.get("example")):
        return None if email["context"].get("ended") else PORTAL.url(email["slug"])  # where its link would be
    if template.to_console:
        return CONSOLE.url(email["slug"])
    return PORTAL.url(email["slug"]) if template.product or template.to_portal else None


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
