"""The names of the work that workflows stage for later, and the queue that carries each.

tasks/ defines the function behind each name; a process whose tables disagree refuses to start.
Queues are classes of service: a burst in one never delays another.
"""

LINKS, CHARGES, EMAILS, DOCUMENTS = "links", "charges", "emails", "documents"
WEBHOOKS, SWEEPS = "webhooks", "sweeps"
QUEUES = (LINKS, CHARGES, EMAILS, DOCUMENTS, WEBHOOKS, SWEEPS)

# fmt: off
ACTORS: dict[str, str] = {
    "link.request":          LINKS,      # find out whose address was typed, issue the link
    "link.deliver":          LINKS,      # send an e-mail that somebody is waiting for
    "charge.submit":         CHARGES,    # put one pending charge to the gateway
    "charge.settle":         CHARGES,    # ask the gateway what became of one
    "charge.withdraw":       CHARGES,    # keep a payment that waits for its customer from being confirmed after all
    "refund.settle":         CHARGES,    # put one refund to the gateway again
    "gateway_event.apply":   CHARGES,    # act on what the gateway told us
    "billing.run":           CHARGES,    # do what the clock made due: renewals, retries, cancellations, notices
    "email.deliver":         EMAILS,     # send any other e-mail
    "mail_event.apply":      EMAILS,     # act on what the e-mail provider told us
    "document.render":       DOCUMENTS,  # make the PDF of one invoice
    "webhook.publish":       WEBHOOKS,   # find out which endpoints want one event
    "webhook.deliver":       WEBHOOKS,   # send one event to one endpoint
    "access_token.sweep":    SWEEPS,     # expire links past their hour
    "portal_session.sweep":  SWEEPS,     # expire sessions past their half hour
    "charge.sweep":          SWEEPS,     # settle charges submitted and never answered
    "charge.listen":         SWEEPS,     # ask about charges that wait for their customer: an event may have been lost
    "card_notice.sweep":     SWEEPS,     # tell customers whose card expires before its next charge
    "link_request.sweep":    SWEEPS,     # forget typed addresses that were never handled
    "idempotent_request.sweep": SWEEPS,  # forget requests that nobody repeats any more
    "tally.sum":             SWEEPS,     # add up what the data cards count
    "second_factor.sweep":   SWEEPS,     # encrypt the secrets of second factors with the current key
    "webhook.sweep":         SWEEPS,     # forget old answers of endpoints; encrypt their secrets with the current key
    "import.step":           SWEEPS,     # do one step of an import from a gateway's account
    "books.compare":         SWEEPS,     # hold our books beside the gateways'
    "facts.check_moved":     SWEEPS,     # look whether what must hold does, of what moved
    "facts.check_all":       SWEEPS,     # the same of everything
    "retention.sweep":       SWEEPS,     # forget what is done for months: events, deliveries, what e-mails said
    "audit.seal":            SWEEPS,     # seal the log's rows under signed checkpoints
    "checkpoint.publish":    SWEEPS,     # put one checkpoint where others hold it
    "dead_job.tell":         SWEEPS,     # tell staff of jobs that were given up
    "log_tally.sum":         SWEEPS,     # count the log's moves by day and rule
    "access_log.sweep":      SWEEPS,     # forget who came more than 13 months ago
    "transition_log.extend": SWEEPS,     # partitions for the months ahead
}
# fmt: on
