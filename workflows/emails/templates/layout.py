"""The frame of all e-mails: one layout in HTML and one as plain text, the marketplace's name, logo and colours in both.

The styles are written once, in templates/layout.css; css-inline puts them onto the elements, because many mail programs
read nothing else. What asks for the scheme or the width (media.css) stays a style sheet, for the programs that do.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from workflows.languages.templates import speaking

_TEMPLATES = Path(__file__).parent
_EMPTY_LINES = re.compile(r"\n{3,}")
_INLINER = CSSInliner(load_remote_stylesheets=False)


def as_html(shown: Mapping[str, Any]) -> str:
    """The e-mail as HTML: what people typed is text, and nothing is loaded but the logo."""
    return _INLINER.inline(_environment(shown["language"]).get_template("layout.html").render(shown)).strip() + "\n"


def as_text(shown: Mapping[str, Any]) -> str:
    """The same as plain text: every fact and every link of the HTML."""
    return (
        _EMPTY_LINES.sub("\n\n", _environment(shown["language"]).get_template("layout.txt").render(shown)).strip()
        + "\n"
    )


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return speaking(environment, language)
