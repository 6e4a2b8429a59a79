"""What the e-mails to customers say (PRODUCT.md 5.1), where the merchant has not worded them."""

from collections.abc import Mapping

from workflows.emails.templates.template import Row, Template, Words, variables
from workflows.languages.sentences import sentence

_CARD_BUTTON = sentence("Update your card")
_MANAGE = sentence("Manage your subscription")
_ONE_CARD = sentence(
    "{% if link %}The link replaces the card of this one subscription and does nothing else.{% endif %}"
)
_SUBSCRIPTION = Row(sentence("Subscription"), "subscription")
_ORDER = Row(sentence("Order"), "order_number")
_INVOICE = Row(sentence("Invoice"), "invoice_number")
_CARD = Row(sentence("Card"), "card")
_DATE = Row(sentence("Date"), "paid_on")
_TOTAL = Row(sentence("Total"), "amount", strong=True)
_NEXT = Row(sentence("Next payment"), "next_charge_on")
_THEN = Row(sentence("Then"), "interval")

LETTERS: Mapping[str, Template] = {
    "access_link": Template(
        words=Words(
            subject=sentence("Your one-time access link"),
            preheader=sentence("It works once, for {{ lifetime }}."),
            heading=sentence("Your one-time access link"),
            body=sentence(
                "Open the customer portal of {{ marketplace }} with this link. It works once, for {{ lifetime }}."
            ),
        ),
        variables=variables("marketplace lifetime"),
        button=sentence("Open the customer portal"),
        notes=(
            sentence(
                "You did not ask for it? Then you need not do anything. Nobody gets in without this e-mail, so do not pass it on."
            ),
        ),
    ),
    "card_update_link": Template(
        words=Words(
            subject=sentence("Your link to update your card for {{ product }}"),
            preheader=sentence("It works for {{ lifetime }}, until you have saved a card."),
            heading=sentence("Update your card"),
            body=sentence(
                "With this link you replace the card that pays for {{ product }}. It works for {{ lifetime }}, until you have saved a card."
            ),
        ),
        variables=variables("marketplace product subscription_number lifetime"),
        rows=(_SUBSCRIPTION,),
        button=_CARD_BUTTON,
        notes=(
            sentence(
                "You did not ask for it? Then you need not do anything: your card stays as it is. Do not pass this e-mail on."
            ),
        ),
    ),
    "order_receipt": Template(
        words=Words(
            subject=sentence("Your receipt from {{ marketplace }}: order {{ order_number }}"),
            preheader=sentence(
                "{% if free %}There is nothing to pay.{% else %}{{ amount }}, paid on {{ paid_on }}.{% endif %}"
            ),
            heading=sentence("Thank you for your order"),
            body=sentence("""{% if free %}
We received your order of {{ product }}. There is nothing to pay.
{% else %}
We received your payment of {{ amount }} for {{ product }}.
{% endif %}

{% if trial_ends_on %}
Your trial runs until {{ trial_ends_on }}.
{% endif %}
"""),
        ),
        variables=variables(
            "marketplace product order_number amount free paid_on card subscription_number invoice_number trial_ends_on next_charge_on interval"
        ),
        rows=(
            _ORDER,
            Row(sentence("Product"), "bought"),
            Row(sentence("Subscription"), "subscription_number"),
            _INVOICE,
            _DATE,
            _CARD,
            _TOTAL,
            Row(sentence("Trial until"), "trial_ends_on"),
            _NEXT,
            _THEN,
        ),
        button=sentence("View your order"),
    ),
    "renewal_receipt": Template(
        words=Words(
            subject=sentence("Your receipt for {{ product }}"),
            preheader=sentence("{{ amount }}, paid on {{ paid_on }}."),
            heading=sentence("Thank you for your payment"),
            body=sentence("We received your payment of {{ amount }} for your subscription to {{ product }}."),
        ),
        variables=variables(
            "marketplace product subscription_number order_number invoice_number amount paid_on card next_charge_on"
        ),
        rows=(
            _SUBSCRIPTION,
            _ORDER,
            _INVOICE,
            Row(sentence("Payment"), "payment"),
            _DATE,
            _CARD,
            _TOTAL,
            _NEXT,
        ),
        button=_MANAGE,
    ),
    "trial_ending": Template(
        words=Words(
            subject=sentence("Your trial of {{ product }} ends on {{ trial_ends_on }}"),
            preheader=sentence("Your first payment is {{ amount }}."),
            heading=sentence("Your trial is about to end"),
            body=sentence("""Your trial of {{ product }} ends on {{ trial_ends_on }}. On that day your first payment of {{ amount }} is charged.

You do not want to go on? Cancel before that day, and nothing is charged.
"""),
        ),
        variables=variables("marketplace product subscription_number amount trial_ends_on interval card"),
        rows=(
            _SUBSCRIPTION,
            Row(sentence("Trial ends on"), "trial_ends_on"),
            _CARD,
            Row(sentence("First payment"), "amount", strong=True),
            _THEN,
        ),
        button=_MANAGE,
    ),
    "failed_charge": Template(
        words=Words(
            subject=sentence("Your payment for {{ product }} did not go through"),
            preheader=sentence(
                "{% if next_attempt_on %}We will try again on {{ next_attempt_on }}.{% elif ended %}It was the last attempt that we planned.{% elif confirm %}It waits for you to confirm it.{% else %}We will not try this card again.{% endif %}"
            ),
            heading=sentence("Your payment did not go through"),
            body=sentence("""We tried to charge {{ amount }} for {{ product }} on {{ failed_on }}. {{ reason }}

{% if next_attempt_on %}
We will try again on {{ next_attempt_on }}. With a new card the amount is charged at once and your subscription goes on.
{% elif ended %}
It was the last attempt that we planned.
{% elif confirm %}
Sign in at {{ portal_url }} to confirm it. Or give a new card: the amount is charged to it at once and your subscription goes on.
{% else %}
We will not try this card again. With a new card the amount is charged at once and your subscription goes on.
{% endif %}
"""),
        ),
        variables=variables(
            "marketplace product subscription_number amount card reason failed_on next_attempt_on ended confirm portal_url"
        ),
        rows=(_SUBSCRIPTION, _CARD, Row(sentence("Amount owed"), "amount", strong=True)),
        button=_CARD_BUTTON,
        notes=(_ONE_CARD,),
    ),
    "final_notice": Template(
        words=Words(
            subject=sentence(
                "{% if ended %}Your subscription to {{ product }} has ended{% else %}Last reminder: {{ product }} needs a working card{% endif %}"
            ),
            preheader=sentence(
                "{% if ended %}You will not be charged again.{% else %}With a working card your subscription goes on.{% endif %}"
            ),
            heading=sentence(
                "{% if ended %}Your subscription has ended{% else %}Last reminder about your payment{% endif %}"
            ),
            body=sentence("""We could not collect {{ amount }} for {{ product }}, and we have tried for the last time.

{% if ended %}
Your subscription has ended. You will not be charged again, and nothing is refunded.
{% else %}
With a working card the amount is charged at once and your subscription goes on.
{% endif %}
"""),
        ),
        variables=variables("marketplace product subscription_number amount card ended"),
        rows=(
            _SUBSCRIPTION,
            _CARD,
            Row(sentence("Amount owed"), "owed", strong=True),
            Row(sentence("Not collected"), "not_collected", strong=True),
        ),
        button=_CARD_BUTTON,
        notes=(_ONE_CARD,),
    ),
    "card_expiring": Template(
        words=Words(
            subject=sentence("Your card for {{ product }} expires soon"),
            preheader=sentence("{{ card }} expires in {{ expires }}."),
            heading=sentence("Your card expires soon"),
            body=sentence("""{% if next_charge_on %}
The card that pays for {{ product }}, {{ card }}, expires in {{ expires }}, before your next payment on {{ next_charge_on }}.
{% else %}
The card that pays for {{ product }}, {{ card }}, expires in {{ expires }}.
{% endif %}

With a new card nothing is interrupted.
"""),
        ),
        variables=variables("marketplace product subscription_number card expires amount next_charge_on"),
        rows=(_SUBSCRIPTION, _CARD, Row(sentence("Expires"), "expires"), _NEXT, Row(sentence("Amount"), "amount")),
        button=_CARD_BUTTON,
    ),
    "card_updated": Template(
        words=Words(
            subject=sentence("Your card for {{ product }} has been updated"),
            preheader=sentence("{{ card }} pays from now on."),
            heading=sentence("Your card has been updated"),
            body=sentence("From now on {{ product }} is paid with your {{ card }}."),
        ),
        variables=variables("marketplace product subscription_number card"),
        rows=(_SUBSCRIPTION, Row(sentence("New card"), "card", strong=True)),
        notes=(
            sentence(
                "Was this not you? Then tell {{ marketplace }} at once{% if support_email %}: {{ support_email }}{% endif %}."
            ),
        ),
    ),
    "subscription_cancelled": Template(
        words=Words(
            subject=sentence("Your subscription to {{ product }} is cancelled"),
            preheader=sentence("You will not be charged again."),
            heading=sentence("Your subscription is cancelled"),
            body=sentence("""Your subscription to {{ product }} ended on {{ ended_on }}. You will not be charged again. Nothing is refunded.

Your payments and invoices stay available in the customer portal.
"""),
        ),
        variables=variables("marketplace product subscription_number ended_on"),
        rows=(_SUBSCRIPTION, Row(sentence("Ended on"), "ended_on")),
        button=sentence("View your subscriptions"),
    ),
    "refund": Template(
        words=Words(
            subject=sentence("Your refund from {{ marketplace }}"),
            preheader=sentence("{{ amount }} goes back to you."),
            heading=sentence("Your refund"),
            body=sentence(
                "{{ marketplace }} refunded {{ amount }} to you on {{ refunded_on }}. It usually shows on your statement within 10 days."
            ),
        ),
        variables=variables("marketplace product order_number amount refunded_on paid card"),
        rows=(
            _ORDER,
            Row(sentence("Product"), "product"),
            Row(sentence("You paid"), "paid"),
            _CARD,
            Row(sentence("Refunded on"), "refunded_on"),
            Row(sentence("Refunded"), "amount", strong=True),
        ),
        button=sentence("View your payments"),
    ),
}
