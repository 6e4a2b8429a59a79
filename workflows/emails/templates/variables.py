"""What the texts of e-mails can name as `{{ name }}`, and what it becomes for one reader: plain text, never a secret."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from workflows.emails.templates.values import TemplateValues


class Variable(NamedTuple):
    """Its meaning, as the editor of a text reads it, and its value; None: there is none."""

    meaning: str
    value: Callable[[TemplateValues], str | None]


def _named(product: str | None, detail: str | None) -> str | None:
    return f"{product} ({detail})" if product and detail else product or detail


def _counted(facts: TemplateValues) -> str | None:
    quantity = facts.given.get("quantity") or 1
    return f"{quantity} × {facts.text('product')}" if quantity > 1 else facts.text("product")


def _payment(facts: TemplateValues) -> str | None:
    number, total = facts.text("payment_number"), facts.text("payments_total")
    return f"{number} / {total}" if number and total else None


# fmt: off
VARIABLES: Mapping[str, Variable] = {
    "marketplace":         Variable("your marketplace's name", lambda facts: facts.marketplace),
    "support_email":       Variable("your support contact; empty when you have none", lambda facts: facts.support_email),
    "product":             Variable("what was bought or subscribed to", lambda facts: facts.text("product")),
    "subscription_number": Variable("the subscription's number", lambda facts: facts.text("subscription_number")),
    "order_number":        Variable("the order's number", lambda facts: facts.text("order_number")),
    "invoice_number":      Variable("the invoice's number; empty when there is none yet", lambda facts: facts.text("invoice_number")),
    "amount":              Variable("the amount, like $19.99", lambda facts: facts.money("amount_minor")),
    "free":                Variable("yes, when there was nothing to pay: for {% if free %}", lambda facts: None if facts.given.get("amount_minor") else "yes"),
    "paid":                Variable("what was paid at first, like $39.98; empty when it is not known", lambda facts: facts.money("paid_minor")),
    "card":                Variable("the card, like Visa ending in 4242; empty when it is not known", TemplateValues.card),
    "expires":             Variable("the card's last month, like 04/2026", TemplateValues.expiry),
    "reason":              Variable("why the charge failed, in a sentence of plain words", lambda facts: facts.said("reason")),
    "failed_on":           Variable("the day of the failed attempt", lambda facts: facts.day("failed_at")),
    "next_attempt_on":     Variable("the day of the next attempt; empty when there is none", lambda facts: facts.day("next_attempt_at")),
    "confirm":             Variable("yes, when the bank wants the customer to confirm: for {% if confirm %}", lambda facts: facts.yes("confirm")),
    "portal_url":          Variable("the Login URL of your portal", lambda facts: facts.portal_url),
    "ended":               Variable("yes, when the subscription ended with it: for {% if ended %}", lambda facts: facts.yes("ended")),
    "ended_on":            Variable("the day on which it ended", lambda facts: facts.day("ended_at")),
    "paid_on":             Variable("the day of the payment", lambda facts: facts.day("paid_at")),
    "refunded_on":         Variable("the day of the refund", lambda facts: facts.day("refunded_at")),
    "trial_ends_on":       Variable("the last day of the trial; empty when there is none", lambda facts: facts.day("trial_ends_at")),
    "next_charge_on":      Variable("the day of the next payment; empty when there is none", lambda facts: facts.day("next_charge_at")),
    "interval":            Variable("how often, like every month; empty when it is not known", TemplateValues.interval),
    "lifetime":            Variable("how long the link works, like 1 hour", TemplateValues.lifetime),
    "link":                Variable("yes, when the e-mail has a link: for {% if link %}", lambda facts: "yes" if facts.link else None),
    # In rows of facts alone.
    "subscription":        Variable("the subscription", lambda facts: _named(facts.text("product"), facts.text("subscription_number"))),
    "bought":              Variable("how many of what", _counted),
    "payment":             Variable("which payment of how many", _payment),
    "owed":                Variable("the amount, while it can still be paid", lambda facts: None if facts.yes("ended") else facts.money("amount_minor")),
    "not_collected":       Variable("the amount, when it no longer can", lambda facts: facts.money("amount_minor") if facts.yes("ended") else None),
    # Of e-mails to staff, whose texts are ours.
    "role":                Variable("the role", lambda facts: facts.text("role")),
    "host":                Variable("where webhooks go", lambda facts: facts.text("host")),
    "description":         Variable("what the endpoint is for", lambda facts: facts.text("description")),
    "gone":                Variable("yes, when the host wants no more", lambda facts: facts.yes("gone")),
    "failing_since_on":    Variable("since when it fails", lambda facts: facts.day("failing_since_at")),
    "job":                 Variable("the job", lambda facts: _named(facts.text("job"), facts.text("job_number"))),
    "job_name":            Variable("the job's name", lambda facts: facts.text("job")),
    "attempts":            Variable("how often it was tried", lambda facts: facts.text("attempts")),
    "error":               Variable("its last error", lambda facts: facts.text("error")),
    "says":                Variable("what should hold", lambda facts: facts.text("says")),
    "tells":               Variable("what was found", lambda facts: facts.text("tells")),
    "breaches":            Variable("how many", lambda facts: facts.text("breaches")),
    "checkpoint":          Variable("the checkpoint's number", lambda facts: facts.text("number")),
    "log_rows":            Variable("how many rows the log has", lambda facts: facts.text("rows")),
    "sealed":              Variable("when it was sealed", lambda facts: facts.moment("sealed_at")),
    "published":           Variable("the checkpoint as it is published", lambda facts: facts.text("published")),
    "told":                Variable("of how many we wrote", lambda facts: facts.text("told")),
    "since":               Variable("since when", lambda facts: facts.moment("since_at")),
    "failed_charges":      Variable("yes, when it is about failed charges", lambda facts: _yes_if(facts, "failed_charge")),
    "cancellations":       Variable("yes, when it is about cancellations", lambda facts: _yes_if(facts, "self_cancellation")),
    "broken_facts":        Variable("yes, when it is about broken facts", lambda facts: _yes_if(facts, "broken_fact")),
}
# fmt: on


def _yes_if(facts: TemplateValues, notice: str) -> str | None:
    return "yes" if facts.given.get("notice") == notice else None


def values_of(names: Iterable[str], facts: TemplateValues) -> dict[str, str | None]:
    """The variables of those names, for one reader."""
    return {name: VARIABLES[name].value(facts) for name in names}
