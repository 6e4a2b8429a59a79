"""What the e-mails to a marketplace's own people say. Like the console they are in English, in our words."""

from collections.abc import Mapping

from workflows.emails.templates.template import Row, Template, Words, variables

_CONSOLE = "Open the console"
_SUBSCRIPTION = Row("Subscription", "subscription")

LETTERS: Mapping[str, Template] = {
    "staff_access_link": Template(
        words=Words(
            subject="Your one-time access link to the console of {{ marketplace }}",
            preheader="It works once, for {{ lifetime }}.",
            heading="Your one-time access link to the console",
            body="Open the console of {{ marketplace }} with this link. It works once, for {{ lifetime }}.",
        ),
        variables=variables("marketplace lifetime"),
        button=_CONSOLE,
        notes=(
            "You did not ask for it? Then you need not do anything. Nobody gets in without this e-mail, so do not pass it on.",
        ),
    ),
    "staff_invitation": Template(
        words=Words(
            subject="You are invited to the console of {{ marketplace }}",
            preheader="Sign in with this e-mail address; there is no password.",
            heading="You are invited to the console of {{ marketplace }}",
            body="You now work with {{ marketplace }} in the role of {{ role }}. Sign in with this e-mail address: you get a link that works once. There is no password.",
        ),
        variables=variables("marketplace role"),
        button="Sign in to the console",
        notes=("You do not know {{ marketplace }}? Then you need not do anything.",),
    ),
    "webhook_disabled": Template(
        words=Words(
            subject="Webhooks to {{ host }} are switched off",
            preheader="Nothing more is sent there until it is enabled again.",
            heading="Webhooks to {{ host }} are switched off",
            body="""{% if gone %}
{{ host }} answered that it no longer wants to hear of us (410 Gone). Nothing more is sent there.
{% else %}
Since {{ failing_since_on }} nothing that we sent to {{ host }} got through. Nothing more is sent there.
{% endif %}

What happens from now on is not kept for it. When it works again, enable it in the console under Webhooks; what failed can be sent again from its log.
""",
        ),
        variables=variables("host gone failing_since_on"),
        rows=(Row("Endpoint", "description"), Row("Host", "host"), Row("Failing since", "failing_since_on")),
        button=_CONSOLE,
    ),
    "staff_failed_charge": Template(
        words=Words(
            subject="A charge failed: {{ product }}, {{ amount }}",
            preheader="{{ reason }}",
            heading="A charge failed: {{ product }}, {{ amount }}",
            body="""We tried to charge {{ amount }} for {{ product }} on {{ failed_on }}. {{ reason }}

The Subscription Saver has written to the customer and goes on by your policy. You need not do anything.
""",
        ),
        variables=variables("product amount failed_on reason"),
        rows=(_SUBSCRIPTION, Row("Amount owed", "amount")),
        button=_CONSOLE,
    ),
    "staff_self_cancellation": Template(
        words=Words(
            subject="A customer cancelled: {{ product }}",
            preheader="In the customer portal, on {{ ended_on }}.",
            heading="A customer cancelled: {{ product }}",
            body="On {{ ended_on }} a customer cancelled a subscription to {{ product }} in the customer portal. It ended at once, and nothing was refunded.",
        ),
        variables=variables("product ended_on"),
        rows=(_SUBSCRIPTION, Row("Price", "amount")),
        button=_CONSOLE,
    ),
    "staff_failed_job": Template(
        words=Words(
            subject="A job was given up: {{ job_name }}",
            preheader="It will not be tried again by itself.",
            heading="A job was given up: {{ job_name }}",
            body="""A job failed {{ attempts }} times, and will not be tried again by itself. What it was to do is not done yet; nothing of it is lost.

Whoever runs this deployment can see why and put it back when the cause is mended: ./gatehouse jobs.
""",
        ),
        variables=variables("job_name attempts"),
        rows=(Row("Job", "job"), Row("Last error", "error")),
        button=_CONSOLE,
    ),
    "staff_broken_fact": Template(
        words=Words(
            subject="Something that must always hold does not",
            preheader="{{ tells }}",
            heading="Something that must always hold does not",
            body="""A check of the books found what must never be. Nothing was changed: it is for a person to find out why.

The console lists what was found, and since when.
""",
        ),
        variables=variables("tells"),
        rows=(Row("What should hold", "says"), Row("What was found", "tells"), Row("So many of it", "breaches")),
        button=_CONSOLE,
    ),
    "staff_checkpoint": Template(
        words=Words(
            subject="Checkpoint {{ checkpoint }} of the log of {{ marketplace }}",
            preheader="Keep this e-mail: it can prove later what the log says today.",
            heading="The log was sealed under checkpoint {{ checkpoint }}",
            body="""Keep this e-mail: with it you can tell later whether an export of the log still says what it says today.

To check, save the line that begins with a brace to a file and run: gatehouse audit verify EXPORT --key PUBLIC --checkpoints FILE

{{ published }}
""",
        ),
        variables=variables("marketplace checkpoint published"),
        rows=(Row("Checkpoint", "checkpoint"), Row("Rows", "log_rows"), Row("Sealed", "sealed")),
        button=_CONSOLE,
    ),
    "staff_failed_document": Template(
        words=Words(
            subject="The PDF of {{ invoice_number }} could not be made",
            preheader="It will not be tried again by itself.",
            heading="The PDF of {{ invoice_number }} could not be made",
            body="""It failed {{ attempts }} times. What the invoice says is kept, and so is its number; only its PDF is missing.

Its subscription's Summary in the console offers to try again.
""",
        ),
        variables=variables("invoice_number attempts"),
        rows=(Row("Invoice", "invoice_number"), Row("Last error", "error")),
        button=_CONSOLE,
    ),
    "staff_more": Template(  # instead of a sixth e-mail of one kind in an hour (workflows/emails/notices_for_staff.py)
        words=Words(
            subject="{% if failed_charges %}More charges fail than we write about one by one{% elif cancellations %}More customers cancel than we write about one by one{% elif broken_facts %}More facts are broken than we write about one by one{% else %}More jobs are given up than we write about one by one{% endif %}",
            preheader="The console has them all.",
            heading="{% if failed_charges %}More charges fail{% elif cancellations %}More customers cancel{% elif broken_facts %}More facts are broken{% else %}More jobs are given up{% endif %}",
            body="""We have written to you about {{ told }} of them since {{ since }}, and there are more. The console has them all.

{% if failed_charges %}
So that your inbox stays readable, the next e-mail about a failed charge comes in the next hour at the earliest.
{% elif cancellations %}
So that your inbox stays readable, the next e-mail about a customer who cancelled comes in the next hour at the earliest.
{% elif broken_facts %}
So that your inbox stays readable, the next e-mail about a broken fact comes in the next hour at the earliest.
{% else %}
So that your inbox stays readable, the next e-mail about a job that was given up comes in the next hour at the earliest.
{% endif %}
""",
        ),
        variables=variables("told since failed_charges cancellations broken_facts"),
        button=_CONSOLE,
    ),
}
