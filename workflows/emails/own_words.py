"""Words that a merchant writes for the Subscription Saver's e-mails: what may stand in them, and what comes of it.

A text is a small template: `{{ name }}` shows a variable, `{% if name %} … {% else %} … {% endif %}` asks whether it is
there. Nothing else is possible: no loop, call, attribute or arithmetic, so that no text can run or read anything.
The variables are plain texts made before; escaping for HTML comes after, in the e-mail's own template.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workflows.emails.catalogue import CATALOGUE
from workflows.logs import logger
from workflows.typed_text import lines, one_line

_LOG = logger(__name__)

# fmt: off
_MEANING = {
    "marketplace":         "your marketplace's name",
    "product":             "what was subscribed to",
    "subscription_number": "the subscription's number",
    "amount":              "what is owed, like $19.99",
    "card":                "the card, like Visa ending in 4242; empty when it is not known",
    "reason":              "why the charge failed, in a sentence of plain words",
    "failed_on":           "the day of the failed attempt",
    "next_attempt_on":     "the day of the next attempt; empty when there is none",
    "ended":               "yes, when the subscription ended with it: for {% if ended %}",
}
_BOTH = ("marketplace", "product", "subscription_number", "amount", "card", "ended")
# Each e-mail's variables and what they mean.
VARIABLES: Mapping[str, Mapping[str, str]] = {
    "failed_charge": {name: _MEANING[name] for name in _MEANING},
    "final_notice":  {name: _MEANING[name] for name in _BOTH},
}
# fmt: on

_GO_ON = "With a new card the amount is charged at once and your subscription goes on."


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of one e-mail. `body` is paragraphs with empty lines between them."""

    subject: str
    heading: str
    body: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of them for one customer: plain text, the body by paragraph and line."""

    subject: str
    heading: str
    paragraphs: list[list[str]]


DEFAULTS: Mapping[str, Words] = {
    "failed_charge": Words(
        subject=CATALOGUE["failed_charge"].subject,
        heading="Your payment did not go through",
        body=f"""We tried to charge {{{{ amount }}}} for {{{{ product }}}} on {{{{ failed_on }}}}. {{{{ reason }}}}

{{% if next_attempt_on %}}
We will try again on {{{{ next_attempt_on }}}}. {_GO_ON}
{{% elif ended %}}
It was the last attempt that we planned.
{{% else %}}
We will not try this card again. {_GO_ON}
{{% endif %}}
""",
    ),
    "final_notice": Words(
        subject=CATALOGUE["final_notice"].subject,
        heading="{% if ended %}Your subscription has ended{% else %}Last reminder about your payment{% endif %}",
        body="""We could not collect {{ amount }} for {{ product }}, and we have tried for the last time.

{% if ended %}
Your subscription has ended. You will not be charged again, and nothing is refunded.
{% else %}
With a working card the amount is charged at once and your subscription goes on.
{% endif %}
""",
    ),
}

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.CondExpr, nodes.Not, nodes.And, nodes.Or),
)
_DEEPEST = 20  # levels of conditions and what they ask
_POSSIBLE = "only {{ name }} and {% if name %} … {% else %} … {% endif %} are possible here."
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")


def _shown(value: Any) -> Any:
    return "" if value is None else value


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False,  # plain text here; whoever puts it into HTML escapes it
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)


def text_problem(text: str, template: str) -> str | None:
    """Why a text cannot stand in that e-mail, as a sentence for people; None when it can."""
    try:
        tree = _ENVIRONMENT.parse(text)
        return _problem_in(tree, VARIABLES[template], 0)
    except TemplateSyntaxError as error:
        return f"cannot be read at line {error.lineno}: {error.message}"
    except RecursionError:
        return "has too many conditions inside each other."


def _problem_in(node: nodes.Node, known: Mapping[str, str], depth: int) -> str | None:
    if depth > _DEEPEST:
        return "has too many conditions inside each other."
    if not isinstance(node, _ALLOWED):
        return f"may not hold what is in line {node.lineno}: {_POSSIBLE}"
    if isinstance(node, nodes.Name) and node.name not in known:
        return f"has a mistake in line {node.lineno}: there is no {{{{ {node.name} }}}}. There are: {', '.join(known)}."
    return next((found for child in node.iter_child_nodes() if (found := _problem_in(child, known, depth + 1))), None)


def write_words(words: Words, values: Mapping[str, Any]) -> Written:
    """The texts with their variables filled in. Raises jinja2.TemplateError for what `text_problem` would refuse."""

    def filled(text: str) -> str:
        return _ENVIRONMENT.from_string(text).render(values)

    paragraphs = [lines(paragraph) for paragraph in _EMPTY_LINES.split(filled(words.body))]
    return Written(
        subject=one_line(filled(words.subject)),
        heading=one_line(filled(words.heading)),
        paragraphs=[paragraph for paragraph in paragraphs if paragraph],
    )


def values_of(template: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of an e-mail, from the facts that message.py has of it."""
    day: Callable[[Any], str] = facts["day"]
    has_card = facts.get("card_last_four") is not None
    values = {
        "marketplace": facts["marketplace"],
        "product": facts["product"],
        "subscription_number": str(facts["subscription_number"]),
        "amount": facts["money"](facts["amount_minor"], facts["currency"]),
        "card": facts["card"](facts["card_brand"] or "", facts["card_last_four"]) if has_card else None,
        "reason": facts.get("reason"),
        "failed_on": day(facts["failed_at"]) if facts.get("failed_at") else None,
        "next_attempt_on": day(facts["next_attempt_at"]) if facts.get("next_attempt_at") else None,
        "ended": "yes" if facts.get("ended") else None,
    }
    return {name: values[name] for name in VARIABLES[template]}


def written_for(template: str, own: Words | None, facts: Mapping[str, Any]) -> Written:
    """The e-mail's words for one customer: the merchant's own, or the default's where there are none or where they
    cannot be written any more (a variable of an older release): a mail about money goes out all the same."""
    values = values_of(template, facts)
    if own is not None:
        try:
            return write_words(own, values)
        except (TemplateError, RecursionError) as error:
            _LOG.error("own words cannot be written", template=template, error=str(error))
    return write_words(DEFAULTS[template], values)
