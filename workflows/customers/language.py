"""The language that a customer chose to be spoken to in: on pages once signed in, in e-mails, on invoices."""

from uuid import UUID

import msgspec

from models.database import execute, fetch_value, transaction
from workflows.engine.actor import Actor
from workflows.languages.locales import LANGUAGES, supported_locale
from workflows.languages.sentences import sentence
from workflows.marketplaces.change_log import record_change
from workflows.runtime.errors import InvalidInput

_UNKNOWN = sentence("Choose one of the languages listed.")


class LanguageChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`language`: de, en, es, fr or pt; null: as the browser asks, else as the marketplace speaks."""

    language: str | None


class LanguageShown(msgspec.Struct, frozen=True, kw_only=True):
    """The choice as it is kept."""

    language: str | None


def chosen_language(locale: str | None) -> LanguageShown:
    """What a customer's `locale` chooses: nothing when there are no words in its language."""
    found = supported_locale(locale)
    return LanguageShown(language=found.partition("_")[0] if found else None)


async def choose_language(marketplace_id: UUID, customer_id: UUID, choice: LanguageChoice, by: Actor) -> LanguageShown:
    """Keeps the choice, for e-mails and invoices from now on too. Raises InvalidInput for a language without words,
    TooManyRequests for who changes their record all the time.

    Whoever chooses the language that their locale has already keeps its region ("de-AT").
    """
    if choice.language is not None and choice.language not in LANGUAGES:
        raise InvalidInput({"language": _UNKNOWN})
    where = "marketplace_id = $1 AND id = $2 AND erased_at IS NULL"  # they may just have been
    async with transaction():
        before: str | None = await fetch_value(
            f"SELECT locale FROM customer WHERE {where} FOR NO KEY UPDATE", marketplace_id, customer_id
        )
        if chosen_language(before).language != choice.language:
            after = choice.language
            await execute(f"UPDATE customer SET locale = $3 WHERE {where}", marketplace_id, customer_id, after)
            was, is_ = {"locale": before}, {"locale": after}
            await record_change(marketplace_id, by, f"customer:{customer_id}", "changed", was, is_)
    return LanguageShown(language=choice.language)
