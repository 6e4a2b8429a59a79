"""Where traces of a customer are, and the statement that takes each away. A new column that holds something of a person
is a line here, and a line in docs/data.md; a test scans the whole database for an erased person's words.

`:marketplace`, `:customer`, `:number` and `:email` stand for the customer's own. The order matters: what is found by
an e-mail of theirs goes before the e-mails are emptied.
"""

_OWN = "marketplace_id = :marketplace AND customer_id = :customer"
_THEIR_EMAILS = f"SELECT id FROM outgoing_email WHERE {_OWN}"
_THEIR_LINKS = f"SELECT id FROM access_token WHERE {_OWN}"
# Of the last 31 days: answers of endpoints are kept for 30.
_THEIR_EVENTS = """
SELECT id FROM webhook_event WHERE marketplace_id = :marketplace AND occurred_at > now() - interval '31 days'
AND (data ->> 'customer' = :number::bigint::text OR data ->> 'id' = :customer::uuid::text)
"""

TRACES: tuple[str, ...] = (
    # what the capture inbox kept, in development and sandboxes
    f"DELETE FROM captured_email WHERE id IN ({_THEIR_EMAILS})",
    # what was typed on the login page and not handled yet, and in an old link's place
    "DELETE FROM link_request WHERE marketplace_id = :marketplace AND lower(email) = lower(:email)",
    f"DELETE FROM link_request WHERE marketplace_id = :marketplace AND access_token_id IN ({_THEIR_LINKS})",
    # whom e-mails went to and what they said; that one was sent, when, and what became of it stays
    (
        "UPDATE outgoing_email SET recipient = 'erased-' || id || '@erased.invalid', context = '{}',"
        f" provider_reference = NULL WHERE {_OWN}"
    ),
    # the browsers that they used, and where their links led
    f"UPDATE access_token SET browser_digest = NULL, return_to = NULL WHERE {_OWN}",
    f"UPDATE portal_session SET user_agent = '' WHERE {_OWN}",
    # cards on file; what invoices say of the card that paid is part of the invoice
    (
        "UPDATE payment_method SET reference = 'erased:' || id, fingerprint = 'erased:' || id, brand = 'erased',"
        f" last_four = '0000', exp_month = 1, exp_year = 2000 WHERE {_OWN}"
    ),
    f"UPDATE charge SET card_fingerprint = NULL WHERE {_OWN}",
    # what endpoints answered to events about them: it may be anything
    (
        "UPDATE webhook_attempt SET answer = '' WHERE marketplace_id = :marketplace AND delivery_id IN"
        f" (SELECT id FROM webhook_delivery WHERE marketplace_id = :marketplace AND event_id IN ({_THEIR_EVENTS}))"
    ),
    # answers that are kept for a day for whoever sends a request again: they are told that it was done
    (
        "UPDATE idempotent_request SET body = NULL WHERE marketplace_id = :marketplace AND body IS NOT NULL"
        " AND (position(lower(:email) IN lower(encode(body, 'escape'))) > 0"
        " OR position(:customer::uuid::text IN encode(body, 'escape')) > 0)"
    ),
    # rows that imports refused, and errors of jobs, which may quote an address
    (
        "DELETE FROM import_row WHERE marketplace_id = :marketplace AND ("
        "position(lower(:email) IN lower(columns::text)) > 0"
        " OR position(lower(:email) IN lower(coalesce(refused_reason, '') || reference)) > 0)"
    ),
    (
        "UPDATE outbox SET last_error = 'erased' WHERE marketplace_id = :marketplace AND status = 'dead'"
        " AND position(lower(:email) IN lower(last_error)) > 0"
    ),
    # and who they were; the number stays, which orders and invoices name
    (
        "UPDATE customer SET email = 'erased-' || number || '@erased.invalid', name = '', address = '', country = NULL,"
        " tax_id = NULL, locale = NULL, reference = NULL, gateway_reference = NULL, erased_at = clock_timestamp()"
        " WHERE marketplace_id = :marketplace AND id = :customer"
    ),
)
