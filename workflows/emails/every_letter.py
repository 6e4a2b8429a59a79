"""Every letter by the name of its template: what the customers get, and what a marketplace's own people get."""

from collections.abc import Mapping

from workflows.emails.letters import Letter
from workflows.emails.letters_to_customers import LETTERS as TO_CUSTOMERS
from workflows.emails.letters_to_staff import LETTERS as TO_STAFF

__all__ = ["LETTERS", "TO_CUSTOMERS", "TO_STAFF", "letter_in"]

LETTERS: Mapping[str, Letter] = {**TO_CUSTOMERS, **TO_STAFF}


def letter_in(template: str, locale: str | None) -> Letter:  # noqa: ARG001 - there is one language so far
    """The letter in the reader's language: here is where its texts are looked up in the catalogues of languages."""
    return LETTERS[template]
