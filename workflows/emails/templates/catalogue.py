"""Every e-mail that Gatehouse sends to customers and staff: what it needs to know, where its button leads.

What they say is in for_customers.py and for_staff.py. A context holds facts as JSON has them: amounts in
minor units (`_minor`) beside `currency`, instants (`_at`) as ISO 8601, never words made of them and never a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.runtime.errors import DefinitionError

TEST_CAUSE = "test:"  # begins the cause of an e-mail that staff send themselves to look at; its link is an example
EXAMPLE_CAUSE = "example"  # that of an e-mail which is only looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of e-mail.

    `needs` must be in the context, `may` can be. A `product` e-mail gets the Email Button (PRODUCT.md 5.2). One that
    `carries` a link cannot be staged without. Any other than a product e-mail is about its link, when it has one: once
    that no longer works, it is not sent. `urgent` ones have somebody waiting, and take the links' queue. The button of
    `to_portal` ones, like that of product e-mails, leads to the Login URL when they have no link, of `to_console` ones
    to the staff's. A `notice` is one that its reader chose, and can choose to have no more.
    """

    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    product: bool = False
    carries: bool = False
    urgent: bool = False
    to_portal: bool = False
    to_console: bool = False
    notice: bool = False

    @property
    def spells_link(self) -> bool:
        """Whether its link is all that it is for, so that its address stands there too, for whom a button fails."""
        return not (self.product or self.to_portal or self.to_console)


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# fmt: off
CATALOGUE: Mapping[str, Template] = {
    "access_link": Template(
        needs=_names("lifetime_minutes"),
        carries=True, urgent=True,
    ),
    "staff_access_link": Template(
        needs=_names("lifetime_minutes"),
        carries=True, urgent=True,
    ),
    "staff_invitation": Template(
        needs=_names("role"),
        to_console=True,
    ),
    "webhook_disabled": Template(
        needs=_names("host gone failing_since_at"),
        may=_names("description"),
        to_console=True,
    ),
    "staff_failed_charge": Template(
        needs=_names("product subscription_number amount_minor currency failed_at reason"),
        to_console=True, notice=True,
    ),
    "staff_self_cancellation": Template(
        needs=_names("product subscription_number amount_minor currency ended_at"),
        to_console=True, notice=True,
    ),
    "staff_failed_job": Template(
        needs=_names("job job_number attempts"),
        may=_names("error"),
        to_console=True, notice=True,
    ),
    "staff_broken_fact": Template(
        needs=_names("says tells breaches"),
        to_console=True, notice=True,
    ),
    "staff_checkpoint": Template(
        needs=_names("number rows sealed_at published"),
        to_console=True,
    ),
    "staff_failed_document": Template(
        needs=_names("invoice_number attempts"),
        may=_names("error"),
        to_console=True, notice=True,
    ),
    "staff_more": Template(  # instead of a sixth e-mail of one kind in an hour (workflows/emails/notices_for_staff.py)
        needs=_names("notice told since_at"),
        to_console=True, notice=True,
    ),
    "card_update_link": Template(
        needs=_names("lifetime_minutes product subscription_number"),
        carries=True, urgent=True,
    ),
    "card_updated": Template(
        needs=_names("product subscription_number card_brand card_last_four"),
    ),
    "subscription_cancelled": Template(
        needs=_names("product subscription_number ended_at"),
        product=True,
    ),
    "order_receipt": Template(
        needs=_names("product order_number amount_minor currency paid_at"),
        may=_names("quantity subscription_number invoice_number card_brand card_last_four trial_ends_at next_charge_at"
                   " interval_unit interval_count"),
        product=True,
    ),
    "renewal_receipt": Template(
        needs=_names("product subscription_number amount_minor currency paid_at"),
        may=_names("order_number invoice_number card_brand card_last_four next_charge_at payment_number"
                   " payments_total"),
        product=True,
    ),
    "failed_charge": Template(  # with a link, unless this failure ended the subscription
        needs=_names("product subscription_number amount_minor currency failed_at reason"),
        may=_names("ended confirm next_attempt_at card_brand card_last_four"),
    ),
    "final_notice": Template(  # with a link where the subscription goes on, without where it ended
        needs=_names("product subscription_number amount_minor currency ended"),
        may=_names("failed_at reason card_brand card_last_four"),
    ),
    "trial_ending": Template(
        needs=_names("product subscription_number amount_minor currency trial_ends_at"),
        may=_names("interval_unit interval_count card_brand card_last_four"),
        product=True,
    ),
    "refund": Template(
        needs=_names("product order_number amount_minor currency refunded_at"),
        may=_names("paid_minor card_brand card_last_four"),
        product=True,
    ),
    "card_expiring": Template(
        needs=_names("product subscription_number card_brand card_last_four exp_month exp_year"),
        may=_names("next_charge_at amount_minor currency"),
        to_portal=True,
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
