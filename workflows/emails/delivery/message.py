"""Writing an e-mail: from its row, its marketplace and its link to subject, HTML and plain text.

The secret of a link comes to be here, when the message is about to leave, and goes with it: the caller must neither
store nor log a Message. Nothing here asks the network or the database.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from workflows.access_tokens.one_time_links import link_text, link_url
from workflows.access_tokens.sites import CONSOLE, PORTAL
from workflows.emails.delivery.mailer import Message
from workflows.emails.templates.catalogue import CATALOGUE, EXAMPLE_CAUSE, TEST_CAUSE
from workflows.emails.templates.custom_texts import Written, write_line, written_for
from workflows.emails.templates.layout import as_html, as_text
from workflows.emails.templates.registry import TO_CUSTOMERS, template_in
from workflows.emails.templates.template import Template, Words
from workflows.emails.templates.values import TemplateValues
from workflows.emails.templates.variables import values_of
from workflows.languages.locales import choose_locale, language_of
from workflows.languages.typed_text import lines, one_line
from workflows.marketplaces.colors import palette
from workflows.runtime.settings import settings


class DetailRow(NamedTuple):
    """A fact below the words, for one reader."""

    label: str
    value: str
    strong: bool


def write_message(email: Mapping[str, Any], link: Mapping[str, Any] | None) -> Message:
    """The message of an `outgoing_email` row joined with its marketplace and customer (deliver.py's query).

    `link` is the access token's row when its link works now, else None: then some buttons lead to the
    Login URL (workflows/emails/templates/catalogue.py).
    """
    template = CATALOGUE[email["template"]]
    locale = _locale(email)
    letter = template_in(email["template"], locale)
    button_url = _button_url(email, link) if letter.button else None
    facts = _template_values(email, locale, link=button_url is not None)
    words = _words(email, letter, facts)
    notices_url = f"{CONSOLE.url(email['slug'])}/account" if template.notice else None
    shown = {
        "language": language_of(locale),
        "words": words,
        "rows": _rows(letter, facts),
        "notes": _notes(letter, facts),
        "marketplace": facts.marketplace,
        "address": lines(email["address"]),
        "support_email": email["support_email"],
        "logo_url": f"{settings().public_url}/logos/{email['logo_digest']}" if email["logo_digest"] else None,
        "palette": palette(email["accent_color"]),
        "button_url": button_url,
        "button_label": letter.button,
        "spells_link": template.spells_link,
        "notices_url": notices_url,
    }
    return Message(
        id=email["id"],
        sender_name=facts.marketplace,
        recipient=email["recipient"],
        reply_to=email["support_email"],
        subject=f"[Test] {words.subject}" if _is_test(email) else words.subject,
        html=as_html(shown),
        text=as_text(shown),
        template=email["template"],
        unsubscribe_url=notices_url,
    )


def _locale(email: Mapping[str, Any]) -> str | None:
    """A test's own, else the customer's setting, else the marketplace's; None, for English, to staff."""
    if email["template"] not in TO_CUSTOMERS:
        return None
    setting = email["language"] or email["locale"]
    return choose_locale(setting, "", email["marketplace_language"], email["country"])


def _template_values(email: Mapping[str, Any], locale: str | None, *, link: bool) -> TemplateValues:
    return TemplateValues(
        given=email["context"],
        marketplace=one_line(email["name"]),
        support_email=email["support_email"],
        portal_url=PORTAL.url(email["slug"]),
        locale=locale,
        time_zone=email["time_zone"],
        link=link,
    )


def _words(email: Mapping[str, Any], letter: Template, facts: TemplateValues) -> Written:
    """The merchant's own words where there are any, in the reader's language or for all, else the letter's."""
    stored: Mapping[str, Any] = email["own_texts"] or {}
    texts = stored.get(language_of(facts.locale)) or stored.get("")
    own = texts and Words(**{name: texts[name] for name in Words.__struct_fields__})
    return written_for(own, letter.words, values_of(letter.variables, facts))


def _rows(letter: Template, facts: TemplateValues) -> list[DetailRow]:
    values = values_of((row.variable for row in letter.rows), facts)
    return [
        DetailRow(row.label, value, row.strong) for row in letter.rows if (value := values[row.variable]) is not None
    ]


def _notes(letter: Template, facts: TemplateValues) -> list[str]:
    values = values_of(("marketplace", "support_email", "link"), facts)
    return [note for text in letter.notes if (note := write_line(text, values))]


def _button_url(email: Mapping[str, Any], link: Mapping[str, Any] | None) -> str | None:
    template = CATALOGUE[email["template"]]
    if template.product and not email["email_button"]:
        return None
    if link is not None:
        return link_url(email["slug"], link["purpose"], link_text(link))
    if _is_test(email) or email["cause"] == EXAMPLE_CAUSE:
        return None if email["context"].get("ended") else _login_url(email)  # where its link would be
    if template.to_console:
        return CONSOLE.url(email["slug"])
    return PORTAL.url(email["slug"]) if template.product or template.to_portal else None


def _login_url(email: Mapping[str, Any]) -> str:
    return (PORTAL if email["template"] in TO_CUSTOMERS else CONSOLE).url(email["slug"])


def _is_test(email: Mapping[str, Any]) -> bool:
    return email["cause"].startswith(TEST_CAUSE)
