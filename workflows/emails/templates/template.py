"""What a kind of e-mail says: its words, the facts below them, the notes at its end. HTML and plain text come of both.

Every text is a small template over the variables of variables.py (custom_texts.py says what may stand in one), so
that it
can be put into another language, or into a merchant's own words, as a whole.
"""

from typing import NamedTuple

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The texts that a merchant can have otherwise. `preheader` is what inboxes show beside the subject; where it is
    empty, they get the first paragraph. `body` is paragraphs with empty lines between them."""

    subject: str
    preheader: str = ""
    heading: str
    body: str


class Row(NamedTuple):
    """A fact below the words: its label, and the variable that it shows. Without a value it is left out."""

    label: str
    variable: str
    strong: bool = False


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of e-mail. `variables` are those that its words can name; `button` is the label of the one button.

    `notes` stay as they are, whoever words the rest: what an e-mail with a link must say for its reader's safety.
    """

    words: Words
    variables: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    button: str | None = None
    notes: tuple[str, ...] = ()


def variables(names: str) -> tuple[str, ...]:
    """Names as a table writes them: `variables("product amount")`."""
    return tuple(names.split())
