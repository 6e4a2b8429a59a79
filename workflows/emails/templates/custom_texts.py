"""The texts of e-mails as small templates, a merchant's own ones too: what may stand in them, and what comes of it.

`{{ name }}` shows a variable, `{% if name %} … {% else %} … {% endif %}` asks whether it is there. Nothing else is
possible: no loop, call, attribute or arithmetic, so that no text can run or read anything. The variables are plain
texts made before; escaping for HTML comes after, in the frame of all e-mails.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workflows.emails.templates.template import Words
from workflows.languages.typed_text import lines, one_line
from workflows.runtime.logs import logger

_LOG = logger(__name__)

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.CondExpr, nodes.Not, nodes.And, nodes.Or),
)
_DEEPEST = 20  # levels of conditions and what they ask
_POSSIBLE = "only {{ name }} and {% if name %} … {% else %} … {% endif %} are possible here."
_HALVES = re.compile("[\ud800-\udfff]")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of an e-mail's words for one reader: plain text, the body by paragraph and line."""

    subject: str
    preheader: str
    heading: str
    paragraphs: list[list[str]]


def _shown(value: Any) -> Any:
    return "" if value is None else value


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False,  # plain text here; whoever puts it into HTML escapes it
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)


def text_problem(text: str, known: Iterable[str]) -> str | None:
    """Why a text cannot stand where those variables are, as a sentence for people; None when it can."""
    try:
        return _problem_in(_ENVIRONMENT.parse(text), tuple(known), 0)
    except ValueError:  # a number of thousands of digits, which Python does not read
        return f"may not hold a number: {_POSSIBLE}"
    except TemplateSyntaxError as error:
        return f"cannot be read at line {error.lineno}: {error.message}"
    except RecursionError:
        return "has too many conditions inside each other."


def _problem_in(node: nodes.Node, known: tuple[str, ...], depth: int) -> str | None:
    if depth > _DEEPEST:
        return "has too many conditions inside each other."
    if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.Const) and not _is_plain(node.value)):
        return f"may not hold what is in line {node.lineno}: {_POSSIBLE}"
    if isinstance(node, nodes.Name) and node.name not in known:
        return f"has a mistake in line {node.lineno}: there is no {{{{ {node.name} }}}}. There are: {', '.join(known)}."
    return next((found for child in node.iter_child_nodes() if (found := _problem_in(child, known, depth + 1))), None)


def _is_plain(value: Any) -> bool:
    """Words and yes or no. Not numbers: some of them compile to what is not there when it is wanted. Not half a
    character: no e-mail can hold it, and a text as it is typed has none."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and not _HALVES.search(value))


@lru_cache(maxsize=1024)  # compiling takes three quarters of the time of an e-mail; the same few texts come again
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def write_line(text: str, values: Mapping[str, Any]) -> str:
    """A text of one line with its variables filled in. Raises jinja2.TemplateError for what `text_problem` refuses."""
    return one_line(_compiled(text).render(values))


def write_words(words: Words, values: Mapping[str, Any]) -> Written:
    """The texts with their variables filled in. Raises jinja2.TemplateError for what `text_problem` would refuse."""
    body = _compiled(words.body).render(values)
    paragraphs = [found for paragraph in _EMPTY_LINES.split(body) if (found := lines(paragraph))]
    first = " ".join(paragraphs[0]) if paragraphs else ""
    return Written(
        subject=write_line(words.subject, values),
        preheader=write_line(words.preheader, values) or first,
        heading=write_line(words.heading, values),
        paragraphs=paragraphs,
    )


def written_for(own: Words | None, default: Words, values: Mapping[str, Any]) -> Written:
    """The e-mail's words for one reader: the merchant's own, or the default's where there are none or where they
    cannot be written any more (a variable of an older release): a mail about money goes out all the same."""
    if own is not None:
        try:
            return write_words(own, values)
        except (TemplateError, RecursionError, NameError, ValueError) as error:
            _LOG.error("own words cannot be written", error=str(error))
    return write_words(default, values)
