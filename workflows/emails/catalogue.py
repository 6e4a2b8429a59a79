"""Every e-mail that Gatehouse sends to customers and staff: its subject, what it needs to know, what its button does.

The texts are in templates/, one .html and one .txt a name. A context holds facts as JSON has them: amounts in minor
units (`_minor`) beside `currency`, instants (`_at`) as ISO 8601, never words made of them and never a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.errors import DefinitionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of e-mail. `subject` is a line of Jinja text over the same facts as the bodies.

    `needs` must be in the context, `may` can be. A `product` e-mail gets the Email Button (PRODUCT.md 5.2). One that
    `carries` a link cannot be staged without. Any other than a product e-mail is about its link, when it has one: once
    that no longer works, it is not sent. `urgent` ones have somebody waiting, and take the links' queue. `button` is
    the label of the one button; `to_portal` ones, like product e-mails, lead to the Login URL when they have no link,
    `to_console` ones to the staff's.
    """

    subject: str
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    product: bool = False
    carries: bool = False
    urgent: bool = False
    button: str | None = None
    to_portal: bool = False
    to_console: bool = False


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MANAGE = "Manage your subscription"
_CARD_BUTTON = "Update your card"

# fmt: off
CATALOGUE: Mapping[str, Template] = {
    "access_link": Template(
        subject="Your one-time access link",
        needs=_names("lifetime_minutes"),
        carries=True, urgent=True, button="Open the customer portal",
    ),
    "staff_access_link": Template(
        subject="Your one-time access link to the console of {{ marketplace }}",
        needs=_names("lifetime_minutes"),
        carries=True, urgent=True, button="Open the console",
    ),
    "staff_invitation": Template(
        subject="You are invited to the console of {{ marketplace }}",
        needs=_names("role"),
        button="Sign in to the console", to_console=True,
    ),
    "webhook_disabled": Template(
        subject="Webhooks to {{ host }} are switched off",
        needs=_names("host gone failing_since_at"),
        may=_names("description"),
        button="Open the console", to_console=True,
    ),
    "staff_failed_charge": Template(
        subject="A charge failed: {{ product }}, {{ money(amount_minor, currency) }}",
        needs=_names("product subscription_number amount_minor currency failed_at reason"),
        button="Open the console", to_console=True,
    ),
    "staff_self_cancellation": Template(
        subject="A customer cancelled: {{ product }}",
        needs=_names("product subscription_number amount_minor currency ended_at"),
        button="Open the console", to_console=True,
    ),
    "staff_failed_job": Template(
        subject="A job was given up: {{ job }}",
        needs=_names("job job_number attempts"),
        may=_names("error"),
        button="Open the console", to_console=True,
    ),
    "staff_more": Template(  # instead of a sixth e-mail of one kind in an hour (staff_notices.py)
        subject="{% if notice == 'failed_charge' %}More charges fail{% elif notice == 'self_cancellation' %}"
                "More customers cancel{% else %}More jobs are given up{% endif %} than we write about one by one",
        needs=_names("notice told since_at"),
        button="Open the console", to_console=True,
    ),
    "card_update_link": Template(
        subject="Your link to update your card for {{ product }}",
        needs=_names("lifetime_minutes product subscription_number"),
        carries=True, urgent=True, button=_CARD_BUTTON,
    ),
    "card_updated": Template(
        subject="Your card for {{ product }} has been updated",
        needs=_names("product subscription_number card_brand card_last_four"),
    ),
    "subscription_cancelled": Template(
        subject="Your subscription to {{ product }} is cancelled",
        needs=_names("product subscription_number ended_at"),
        product=True, button="View your subscriptions",
    ),
    "order_receipt": Template(
        subject="Your receipt from {{ marketplace }}: order {{ order_number }}",
        needs=_names("product order_number amount_minor currency paid_at"),
        may=_names("quantity subscription_number invoice_number card_brand card_last_four trial_ends_at next_charge_at"
                   " interval_unit interval_count"),
        product=True, button="View your order",
    ),
    "renewal_receipt": Template(
        subject="Your receipt for {{ product }}",
        needs=_names("product subscription_number amount_minor currency paid_at"),
        may=_names("order_number invoice_number card_brand card_last_four next_charge_at payment_number"
                   " payments_total"),
        product=True, button=_MANAGE,
    ),
    "failed_charge": Template(  # with a link, unless this failure ended the subscription
        subject="Your payment for {{ product }} did not go through",
        needs=_names("product subscription_number amount_minor currency failed_at reason"),
        may=_names("ended next_attempt_at card_brand card_last_four"),
        button=_CARD_BUTTON,
    ),
    "final_notice": Template(  # with a link where the subscription goes on, without where it ended
        subject="{% if ended %}Your subscription to {{ product }} has ended{% else %}"
                "Last reminder: {{ product }} needs a working card{% endif %}",
        needs=_names("product subscription_number amount_minor currency ended"),
        may=_names("failed_at reason card_brand card_last_four"),
        button=_CARD_BUTTON,
    ),
    "trial_ending": Template(
        subject="Your trial of {{ product }} ends on {{ day(trial_ends_at) }}",
        needs=_names("product subscription_number amount_minor currency trial_ends_at"),
        may=_names("interval_unit interval_count card_brand card_last_four"),
        product=True, button=_MANAGE,
    ),
    "refund": Template(
        subject="Your refund from {{ marketplace }}",
        needs=_names("product order_number amount_minor currency refunded_at"),
        may=_names("paid_minor card_brand card_last_four"),
        product=True, button="View your payments",
    ),
    "card_expiring": Template(
        subject="Your card for {{ product }} expires soon",
        needs=_names("product subscription_number card_brand card_last_four exp_month exp_year"),
        may=_names("next_charge_at amount_minor currency"),
        button=_CARD_BUTTON, to_portal=True,
    ),
}
# fmt: on


def check_context(template: str, context: Mapping[str, Any]) -> Template:
    """The template of that name, its context complete. Raises DefinitionError: the mistake is ours, not a caller's."""
    if template not in CATALOGUE:
        raise DefinitionError(f"no e-mail template {template!r}")
    found = CATALOGUE[template]
    if missing := found.needs - context.keys():
        raise DefinitionError(f"{template} lacks {', '.join(sorted(missing))}")
    if unknown := context.keys() - found.needs - found.may:
        raise DefinitionError(f"{template} knows no {', '.join(sorted(unknown))}")
    return found
