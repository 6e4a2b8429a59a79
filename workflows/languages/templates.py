"""Words in Jinja templates: `{{ _("Hello, %(name)s.", name=name) }}`, `ngettext`, and `{{ problem | say }}`.

In HTML a marked message is markup of ours (`<strong>%(name)s</strong>`) and its values are escaped. Only literals are
marked: what comes in a variable goes through `say`, and is escaped like any other text.
"""

from functools import partial
from typing import Any, cast

from jinja2 import Environment

from workflows.languages.catalogues import words_in
from workflows.languages.sentences import say


def speaking(environment: Environment, locale: str | None) -> Environment:
    """The environment, its templates from now on in the words of that locale's language."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    cast("Any", environment).install_gettext_translations(words_in(locale), newstyle=True)
    environment.filters["say"] = partial(say, locale=locale)
    return environment
