"""E-mails in their readers' languages: each whole, chosen by the customer's setting, else by the marketplace's."""

import re

import pytest

from cli.languages import TRANSLATED
from integrations.mailers import CaptureMailer
from models.database import execute
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.web.unmarked import unmarked
from tests.workflows.emails.staged_emails import a_staged_email, the_captured
from tests.workflows.emails.written_emails import an_email, every_case
from workflows.emails.delivery.deliver import deliver_email
from workflows.emails.delivery.message import write_message
from workflows.emails.templates.custom_texts import text_problem
from workflows.emails.templates.registry import LETTERS, TO_CUSTOMERS, template_in
from workflows.emails.templates.template import Words
from workflows.languages.decline_reasons import reason_for_customer

DATA = (
    "Monthly box",
    "Ada's Books",
    "12 Mill Lane",
    "Cambridge",
    "help@ada.example",
    "INV-",
    "http://127.0.0.1:8000/portal/ada",
)
_ENGLISH = re.compile(r"\b(the|your|you|has|with|payment|card|subscription)\b", re.IGNORECASE)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_can_be_written_with_the_variables_that_the_english_one_names(language: str) -> None:
    for template in TO_CUSTOMERS:
        english, theirs = template_in(template, "en"), template_in(template, language)
        texts = [(getattr(theirs.words, name), english.variables) for name in Words.__struct_fields__]
        texts += [(note, ("marketplace", "support_email", "link")) for note in theirs.notes]
        for text, known in texts:
            assert text_problem(text, known) is None, (template, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_email_to_customers_is_theirs_from_subject_to_foot(language: str) -> None:
    for template, case, context in every_case():
        if template in TO_CUSTOMERS:
            message = write_message(an_email(template, context, locale=language), None)

            assert f'<html lang="{language}">' in message.html
            said = f"{message.subject}\n{message.text}".replace("Monthly box", "")
            assert not _ENGLISH.search(said), (template, case, said)


def test_every_word_of_every_email_to_customers_is_marked() -> None:
    for template, case, context in every_case():
        if template in TO_CUSTOMERS:
            message = write_message(an_email(template, context, locale="en-XA"), None)

            assert message.subject.startswith("[")
            assert unmarked(message.html, DATA) == "", (template, case)
            assert unmarked(message.text, DATA) == "", (template, case)


def test_staff_are_written_to_in_english() -> None:
    for template in LETTERS.keys() - TO_CUSTOMERS.keys():
        context = next(context for name, _, context in every_case() if name == template)

        message = write_message(an_email(template, context, locale="de", marketplace_language="de"), None)

        assert message == write_message(an_email(template, context), None)


@pytest.mark.parametrize(
    ("setting", "marketplace", "country", "subject", "amount"),
    [
        ("de-AT", "fr", "FR", "Ihre Quittung für Monthly box", "€ 19,99"),
        (None, "fr", "FR", "Votre reçu pour Monthly box", "19,99 €"),
        ("ja", "pt", "BR", "O seu recibo de Monthly box", "€ 19,99"),
        ("en", "es", "GB", "Your receipt for Monthly box", "€19.99"),
    ],
)
def test_the_customers_setting_counts_then_the_marketplaces_language(
    setting: str | None, marketplace: str, country: str, subject: str, amount: str
) -> None:
    context = next(context for name, _, context in every_case("EUR") if name == "renewal_receipt")
    email = an_email("renewal_receipt", context, locale=setting, marketplace_language=marketplace, country=country)

    message = write_message(email, None)

    assert message.subject == subject
    assert amount in message.text.replace("\N{NO-BREAK SPACE}", " ")


def test_why_a_charge_failed_is_said_in_the_readers_language() -> None:
    context = next(context for template, _, context in every_case() if template == "failed_charge")
    email = an_email("failed_charge", {**context, "reason": reason_for_customer("insufficient_funds")}, locale="de")

    assert "Auf der Karte war nicht genug Geld." in write_message(email, None).text


async def test_a_merchants_words_for_a_language_are_for_it_alone(database: FreshDatabase) -> None:
    shop = await a_marketplace(language="fr")
    french, german = await a_customer(shop), await a_customer(shop, locale="de-DE")
    await execute(
        "INSERT INTO email_text (marketplace_id, template, language, subject, preheader, heading, body)"
        " VALUES ($1, 'card_updated', 'fr', 'Carte changée', '', 'Voilà', 'C’est fait : {{ product }}.')",
        shop.id,
    )

    subjects: list[str] = []
    for customer in (french, german):
        email = await a_staged_email(shop, "card_updated", customer=customer)
        await deliver_email(shop.id, email, CaptureMailer("portal@gatehouse.example"))
        subjects.append((await the_captured(email))["subject"])

    assert subjects == ["Carte changée", "Ihre Karte für Monthly box wurde aktualisiert"]
