"""How long a gateway is waited for: by a request, by a job, and until it is asked what became of a payment."""

from datetime import timedelta

SETTLED_BY_JOB_AFTER = timedelta(seconds=30)  # longer than a gateway takes to answer the request itself
ANSWERS_WITHIN = timedelta(minutes=5)  # a gateway that has not answered by then is asked
EVENTS_COME_WITHIN = timedelta(minutes=15)  # seconds, mostly; and a customer at their bank needs minutes
