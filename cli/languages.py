"""The catalogues of workflows/languages, brought up to date with the words that the code marks.

./gatehouse languages           adds new messages, untranslated, and drops the ones that are gone
./gatehouse languages --check   fails when a catalogue is out of date or has a gap, as a test does
"""

from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from cli.paths import ROOT
from workflows.languages.catalogues import FOLDER
from workflows.languages.locales import ENGLISH, LANGUAGES

TRANSLATED = tuple(language for language in LANGUAGES if language != ENGLISH)

_MARKED_IN = ("web", "workflows", "integrations")
_TEMPLATES = "jinja2.ext:babel_extract"
_METHODS = [("**.py", "python"), ("**.html", _TEMPLATES), ("**.txt", _TEMPLATES)]
_JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_OPTIONS = {"**.html": _JINJA, "**.txt": _JINJA}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "sentence": None, "say": None}
_FIRST_LINE = "# How customers are spoken to; ./gatehouse languages keeps it up to date with the code."
_UNKEPT = (b'"POT-', b'"PO-', b'"Last-', b'"Language-Team', b'"Generated-', b'"Report-')  # none says anything of ours


def command(*, check: Annotated[bool, typer.Option(help="Write nothing; fail when out of date.")] = False) -> None:
    """Bring the catalogues up to date with the words that the code marks."""
    marked = marked_messages()
    ready = True
    for language in TRANSLATED:
        file = catalogue_file(language)
        fresh = brought_up_to_date(read_catalogue(language), marked)
        missing, current = gaps(fresh), as_file(fresh) == file.read_bytes()
        print(f"{language}: {len(fresh)} messages, {len(missing)} untranslated{'' if current else ', out of date'}")
        for message in missing:
            print(f"  {message.id!r}")
        ready = ready and current and not missing
        if not check:
            file.write_bytes(as_file(fresh))
    if check and not ready:
        raise typer.Exit(1)


def catalogue_file(language: str) -> Path:
    """Where a language's words are."""
    return FOLDER / f"{language}.po"


def read_catalogue(language: str) -> Catalog:
    """A language's words, as they stand in its file."""
    return read_po(BytesIO(catalogue_file(language).read_bytes()), locale=language, abort_invalid=True)


def marked_messages() -> Catalog:
    """Every message that templates and Python mark, with the files that hold it."""
    marked = Catalog()
    for folder in _MARKED_IN:
        found = extract_from_dir(ROOT / folder, _METHODS, _OPTIONS, _KEYWORDS)
        for name, _, message, comments, context in found:
            marked.add(message, None, [(f"{folder}/{name}", 0)], auto_comments=comments, context=context)
    return marked


def brought_up_to_date(catalogue: Catalog, marked: Catalog) -> Catalog:
    """The catalogue with exactly the marked messages, each with its translation where it has one: none is guessed."""
    fresh = Catalog(locale=catalogue.locale, header_comment=_FIRST_LINE, project="Gatehouse", version="1", fuzzy=False)
    for message in marked:
        if message.id:
            known = catalogue.get(message.id, message.context)
            said = known.string if known else None
            fresh.add(message.id, said, message.locations, flags=message.flags, context=message.context)
    return fresh


def gaps(catalogue: Catalog) -> list[Message]:
    """The messages without a translation, or without one for each plural form."""
    return [message for message in catalogue if message.id and not all(strings(message))]


def strings(message: Message) -> tuple[str, ...]:
    """A message's translation in each of its plural forms; one where it has none."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def as_file(catalogue: Catalog) -> bytes:
    """The catalogue as a .po file: in the order of the files that hold its messages, without line numbers or dates."""
    written = BytesIO()
    write_po(written, catalogue, width=120, sort_by_file=True, include_lineno=False)
    return b"".join(line for line in written.getvalue().splitlines(keepends=True) if not line.startswith(_UNKEPT))
