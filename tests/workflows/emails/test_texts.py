"""E-mails in the merchant's own words: what may stand in them, by language, and that the next e-mail has them."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from integrations.mailers import CaptureMailer
from models.database import execute, fetch, fetch_value
from tests.factories import a_customer, a_marketplace, a_staff_member
from tests.workflows.emails.staged_emails import a_staged_email, the_captured
from workflows.emails.delivery import deliver
from workflows.emails.gallery import every_email, preview, preview_saved, send_test
from workflows.emails.templates.catalogue import CATALOGUE
from workflows.emails.templates.custom_texts import text_problem
from workflows.emails.templates.registry import TO_CUSTOMERS
from workflows.emails.templates.template import Words
from workflows.emails.templates.texts import EmailTextChange, change_text, checked_words, email_text, reset_text
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import Forbidden, InvalidInput, NotFound, TooManyRequests

MAILER = CaptureMailer("portal@gatehouse.example")
BY = Actor("worker", "test")
OWN = EmailTextChange(
    subject="{{ product }}: your card",
    heading="Dear {{ marketplace }} reader",
    body="We could not get {{ amount }}.\nSorry!\n\n{% if next_attempt_on %}Next: {{ next_attempt_on }}.{% endif %}",
)


def given(**texts: str) -> EmailTextChange:
    return EmailTextChange(**{"subject": "s", "heading": "h", "body": "b", **texts})


async def delivered(shop: Marketplace, template: str, **arguments: Any) -> tuple[str, str, str]:
    email_id = await a_staged_email(shop, template, **arguments)
    await deliver.deliver_email(shop.id, email_id, MAILER)
    captured = await the_captured(email_id)
    return captured["subject"], captured["html"], captured["plain"]


@pytest.mark.parametrize("template", list(TO_CUSTOMERS))
def test_the_default_words_pass_the_check_that_a_merchants_own_must_pass(template: str) -> None:
    default = TO_CUSTOMERS[template].words

    words = checked_words(template, given(**structs.asdict(default)))

    assert words.subject == default.subject


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ amuont }}", "there is no {{ amuont }}. There are: marketplace, product"),
        ("one\n{{ product", "cannot be read at line 2"),
        ("{% if product %}never ended", "cannot be read at line 1"),
        ("{% frob %}", "unknown tag 'frob'"),
        ("{{ product.__class__ }}", "only {{ name }}"),
        ("{{ product['x'] }}", "only {{ name }}"),
        ("{{ product|upper }}", "only {{ name }}"),
        ("{{ product|nonsense }}", "only {{ name }}"),
        ("{{ range(9) }}", "only {{ name }}"),
        ("{{ 'x' * 9999999 }}", "only {{ name }}"),
        ("{{ 9 ** 9 ** 9 }}", "only {{ name }}"),
        ("{{ " + "9" * 4500 + " }}", "only {{ name }}"),
        ("{{ 0x" + "f" * 4500 + " }}", "only {{ name }}"),
        ("{% if ended and 1e999 %}inf is no name that Python has{% endif %}", "only {{ name }}"),
        ("{{ '\\ud800' }}", "only {{ name }}"),
        ("{{ product ~ product }}", "only {{ name }}"),
        ("{% for x in product %}{% endfor %}", "only {{ name }}"),
        ("{% set product = 1 %}", "only {{ name }}"),
        ("{% include 'layout.html' %}", "only {{ name }}"),
        ("{% import 'layout.html' as x %}", "only {{ name }}"),
        ("{% extends 'layout.html' %}", "only {{ name }}"),
        ("{% macro m() %}{% endmacro %}", "only {{ name }}"),
        ("{{ self }}", "there is no {{ self }}"),
        ("{% if ended %}" * 25 + "{% endif %}" * 25, "too many conditions"),
        ("{% if ended %}" * 2000 + "{% endif %}" * 2000, "too many conditions"),
        ("{{ " + "(" * 3000 + "ended" + ")" * 3000 + " }}", "too many conditions"),
        ("{{ " + "not " * 3000 + "ended }}", "too many conditions"),
    ],
)
def test_what_is_no_variable_and_no_condition_is_refused(text: str, reason: str) -> None:
    assert reason in (text_problem(text, TO_CUSTOMERS["failed_charge"].variables) or "")


def test_every_variable_may_stand_in_its_email_and_in_no_other() -> None:
    for letter in TO_CUSTOMERS.values():
        assert all(text_problem(f"{{{{ {name} }}}}", letter.variables) is None for name in letter.variables)
    assert "there is no {{ reason }}" in (text_problem("{{ reason }}", TO_CUSTOMERS["final_notice"].variables) or "")


@pytest.mark.parametrize(
    ("texts", "field", "reason"),
    [
        ({"subject": " "}, "subject", "empty"),
        ({"subject": "x" * 301}, "subject", "300"),
        ({"subject": "a\nb"}, "subject", "one line"),
        ({"heading": "a\rb"}, "heading", "one line"),
        ({"preheader": "a\nb"}, "preheader", "one line"),
        ({"body": "x" * 5001}, "body", "5000"),
        ({"body": "a\x07b"}, "body", "control"),
        ({"body": "a\u202eb"}, "body", "control"),
        ({"heading": "{% if ended %}Over{% endif %}"}, "heading", "says nothing in the case “Another attempt comes”"),
        ({"body": "{% if next_attempt_on %}Soon{% endif %}"}, "body", "This card is not tried again"),
    ],
)
def test_each_text_that_cannot_be_sent_is_named(texts: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_words("failed_charge", given(**texts))

    assert list(refused.value.fields) == [field]
    assert reason in refused.value.fields[field]


@pytest.mark.usefixtures("database")
async def test_the_next_email_has_the_merchants_words_as_text() -> None:
    shop = await a_marketplace(name="<b>Ada</b>")
    customer = await a_customer(shop, locale="en")
    await change_text(shop.id, "failed_charge", OWN, BY)
    context = {"product": "<script>{{ 7*7 }}", "next_attempt_at": "2026-04-15T09:30:00+00:00"}

    subject, html, plain = await delivered(shop, "failed_charge", customer=customer, context=context)

    assert subject == "<script>{{ 7*7 }}: your card"
    assert "Dear &lt;b&gt;Ada&lt;/b&gt; reader" in html
    assert "We could not get $19.99.<br>Sorry!" in html
    assert "We could not get $19.99.\nSorry!\n\nNext: April 15, 2026." in plain
    assert "<script" not in html
    assert "Update your card" in html  # the link comes by itself


@pytest.mark.parametrize("kept", ["{{ gone }}", "{% if 1e999 %}{% endif %}", "{{ 0x" + "f" * 4500 + " }}"])
@pytest.mark.usefixtures("database")
async def test_words_of_an_earlier_release_that_cannot_be_written_any_more_give_way_to_ours(kept: str) -> None:
    shop = await a_marketplace()
    await execute(
        "INSERT INTO email_text (marketplace_id, template, subject, preheader, heading, body)"
        " VALUES ($1, 'failed_charge', 'Ours', '', 'h', $2)",
        shop.id,
        kept,
    )

    assert (await delivered(shop, "failed_charge"))[0] == "Your payment for Monthly box did not go through"


@pytest.mark.usefixtures("database")
async def test_another_marketplace_and_another_email_keep_theirs() -> None:
    shop, other = await a_marketplace(), await a_marketplace()
    await change_text(shop.id, "failed_charge", OWN, BY)

    assert (await delivered(other, "failed_charge"))[0] == "Your payment for Monthly box did not go through"
    assert (await delivered(shop, "final_notice"))[0] == "Last reminder: Monthly box needs a working card"


@pytest.mark.usefixtures("database")
async def test_words_that_cannot_be_written_any_more_do_not_keep_the_email_back() -> None:
    shop = await a_marketplace()
    await change_text(shop.id, "failed_charge", OWN, BY)
    await execute("UPDATE email_text SET body = '{{ of_an_older_release }}' WHERE marketplace_id = $1", shop.id)

    subject, _, plain = await delivered(shop, "failed_charge")

    assert subject == "Your payment for Monthly box did not go through"
    assert "We tried to charge" in plain


@pytest.mark.usefixtures("database")
async def test_a_reset_brings_the_default_back_and_every_change_is_written_down() -> None:
    shop = await a_marketplace()
    first = await email_text(shop.id, "failed_charge")

    changed = await change_text(shop.id, "failed_charge", OWN, BY)
    with pytest.raises(ChangedMeanwhile):
        await change_text(shop.id, "failed_charge", given(), BY, expected=frozenset({version(first)}))
    back = await reset_text(shop.id, "failed_charge", BY, expected=frozenset({version(changed)}))
    with pytest.raises(ChangedMeanwhile):  # the same words as at first, and yet two changes later
        await change_text(shop.id, "failed_charge", given(), BY, expected=frozenset({version(first)}))

    assert (changed.source, changed.version, back.source, back.version) == ("own", 1, "default", 2)
    assert back.body == first.body
    log = await fetch("SELECT act, before, after FROM change_log WHERE marketplace_id = $1 ORDER BY id", shop.id)
    assert [row["act"] for row in log] == ["changed", "reset"]
    assert log[1]["before"]["subject"] == OWN.subject


@pytest.mark.usefixtures("database")
async def test_a_preview_shows_each_case_and_no_secret() -> None:
    shop = await a_marketplace()
    words = Words(
        subject="S", heading="H", body="{% if ended %}Over{% elif next_attempt_on %}Soon{% else %}No{% endif %}"
    )

    cases = {email.template: email.cases for email in await every_email(shop)}["failed_charge"]
    shown = {case: preview(shop, "failed_charge", words, case) for case in cases}

    assert ["Soon" in shown["Another attempt comes"].text, "Over" in shown["It was the last attempt"].text] == [
        True,
        True,
    ]
    assert f'href="http://127.0.0.1:8000/portal/{shop.slug}"' in shown["Another attempt comes"].html
    assert 'href="http' not in shown["It was the last attempt"].html
    with pytest.raises(InvalidInput) as refused:
        preview(shop, "failed_charge", words, "no such case")
    assert list(refused.value.fields) == ["case"]


@pytest.mark.usefixtures("database")
async def test_who_is_to_confirm_a_payment_is_told_where() -> None:
    shop = await a_marketplace()

    shown = preview(shop, "failed_charge", None, "The bank wants the customer to confirm")

    assert f"Sign in at http://127.0.0.1:8000/portal/{shop.slug} to confirm it." in shown.text
    assert "try" not in shown.text  # neither that we do nor that we do not


@pytest.mark.usefixtures("database")
async def test_a_test_email_goes_to_whoever_asks_and_to_nobody_else() -> None:
    shop = await a_marketplace()
    member = await a_staff_member(shop)
    await change_text(shop.id, "failed_charge", OWN, BY)

    assert await send_test(shop, "failed_charge", Actor("staff", member["id"])) == member["email"]

    email = (await fetch("SELECT * FROM outgoing_email WHERE marketplace_id = $1", shop.id))[0]
    await deliver.deliver_email(shop.id, email["id"], MAILER)
    captured = await the_captured(email["id"])
    assert captured["recipient"] == member["email"]
    assert captured["subject"] == "[Test] Monthly box: your card"


@pytest.mark.usefixtures("database")
async def test_test_emails_have_an_end_and_need_a_person() -> None:
    shop = await a_marketplace()
    by = Actor("staff", (await a_staff_member(shop))["id"])
    for _ in range(20):
        await send_test(shop, "final_notice", by)

    with pytest.raises(TooManyRequests):
        await send_test(shop, "final_notice", by)
    with pytest.raises(Forbidden):
        await send_test(shop, "final_notice", Actor("api_key", shop.id))
    with pytest.raises(NotFound):
        await send_test(shop, "no_such_email", by)
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE marketplace_id = $1", shop.id) == 20


@pytest.mark.usefixtures("database")
async def test_a_reader_gets_the_words_of_their_language_else_those_of_every_language_else_ours() -> None:
    shop = await a_marketplace()
    german = await a_customer(shop, locale="de-AT", email="a@example.com")
    french = await a_customer(shop, locale="fr", email="b@example.com")
    for language, heading in ((None, "For all"), ("de", "Für alle")):
        await change_text(shop.id, "card_updated", given(heading=heading), BY, language)

    said = [(await delivered(shop, "card_updated", customer=customer))[2] for customer in (german, french)]
    await reset_text(shop.id, "card_updated", BY, "de")
    after = await delivered(shop, "card_updated", customer=german, cause="again")

    assert [text.split("\n")[0] for text in (*said, after[2])] == ["Für alle", "For all", "For all"]
    assert (await email_text(shop.id, "card_updated", "de")).source == "every_language"
    assert (await email_text(shop.id, "card_updated")).source == "own"
    assert (await email_text(shop.id, "refund", "de")).source == "default"


@pytest.mark.usefixtures("database")
async def test_the_same_words_again_are_no_change_and_a_language_has_its_own_log() -> None:
    shop = await a_marketplace()
    for _ in range(2):
        await change_text(shop.id, "refund", given(), BY, "pt")
    await change_text(shop.id, "refund", given(), BY)
    with pytest.raises(InvalidInput) as refused:
        await change_text(shop.id, "refund", given(), BY, "tlh")

    assert list(refused.value.fields) == ["language"]
    log = await fetch("SELECT subject, after FROM change_log WHERE marketplace_id = $1 ORDER BY id", shop.id)
    assert [row["subject"] for row in log] == ["email_text:refund:pt", "email_text:refund"]
    assert log[0]["after"]["heading"] == "h"


@pytest.mark.usefixtures("database")
async def test_without_a_preview_line_inboxes_get_the_first_paragraph() -> None:
    shop = await a_marketplace()
    seen: list[str] = []
    for preheader in ("", "{{ amount }} back"):
        words = given(preheader=preheader, body="{{ product }}: done.\n\nBye.")
        await change_text(shop.id, "refund", words, BY)
        seen.append((await preview_saved(shop, "refund")).html)

    assert [re.findall('class="preheader"[^>]*>([^<]*)<', html) for html in seen] == [
        ["Monthly box: done."],
        ["$19.99 back"],
    ]


@pytest.mark.usefixtures("database")
async def test_every_email_can_be_looked_at_and_tried_out_without_a_secret() -> None:
    shop = await a_marketplace()
    by = Actor("staff", (await a_staff_member(shop))["id"])

    for email in await every_email(shop):
        for case in email.cases:
            seen = await preview_saved(shop, email.template, case)
            links = set(re.findall('href="(http[^"]*)"', seen.html))
            assert {urlsplit(link).path for link in links} <= _homes(shop), (email.template, case)
        await send_test(shop, email.template, by, email.cases[-1], "de")
        await execute("UPDATE outgoing_email SET created_at = created_at - interval '2 hours'")  # 20 an hour

    tests = await fetch("SELECT * FROM outgoing_email WHERE marketplace_id = $1", shop.id)
    for test in tests:
        await deliver.deliver_email(shop.id, test["id"], MAILER)
        captured = await the_captured(test["id"])
        assert captured["subject"].startswith("[Test] "), test["template"]
        assert 'lang="de"' in captured["html"] or test["template"] not in TO_CUSTOMERS
    assert {test["template"] for test in tests} == set(CATALOGUE)
    assert await fetch_value("SELECT count(*) FROM access_token") == 0


def _homes(shop: Marketplace) -> set[str]:
    return {f"/portal/{shop.slug}", f"/console/{shop.slug}", f"/console/{shop.slug}/account"}
