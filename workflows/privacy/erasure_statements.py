"""Where traces of a customer are, and the statement that takes each away. A new column that holds something of a person
is a line here, and a line in docs/data.md; a test scans the whole database for an erased person's words.

`:marketplace`, `:customer`, `:number`, `:email`, `:reference` and `:gateway_reference` stand for the customer's own.
The order matters: what is found by an e-mail of theirs, or by an address that one went to, goes before the e-mails are
emptied.
"""

from workflows.webhooks.housekeeping import ATTEMPTS_KEPT_FOR

_OWN = "marketplace_id = :marketplace AND customer_id = :customer"
_THEIR_EMAILS = f"SELECT id FROM outgoing_email WHERE {_OWN}"
_THEIR_LINKS = f"SELECT id FROM access_token WHERE {_OWN}"
# A day more than answers of endpoints are kept: they are deleted by night.
_WITH_ANSWERS = f"interval '{ATTEMPTS_KEPT_FOR.days + 1} days'"
_THEIR_EVENTS = f"""
SELECT id FROM webhook_event WHERE marketplace_id = :marketplace AND occurred_at > now() - {_WITH_ANSWERS}
AND (data ->> 'customer' = :number::bigint::text OR data ->> 'id' = :customer::uuid::text)
"""

# Every address that they ever had a mail at.
_ADDRESSES = f"ARRAY(SELECT lower(:email) UNION SELECT lower(recipient) FROM outgoing_email WHERE {_OWN})"
# Where an address, or a name of the gateway's, begins and ends in a text: ann@x.example is not in joann@x.example, nor
# in ann@x.example.org, but it is in "'ann@x.example' is taken." and, in JSON, behind the letter of a line feed (\\n).
_BEGINS = r"((?<![[:alnum:]_.+-]|[[:alnum:]][''])|(?<=\\[bfnrt]))"
_ENDS = "(?![._-]*[[:alnum:]])"


def _whole(word: str, text: str) -> str:
    """Whether a text holds a word that is not a part of a longer one. Both are in lower case."""
    literally = rf"regexp_replace({word}, '([!-/:-?[-`{{-~])', '\\\1', 'g')"
    return f"(position({word} IN {text}) > 0 AND {text} ~ ('{_BEGINS}' || {literally} || '{_ENDS}'))"


def _quotes(text: str) -> str:
    """Whether a text holds one of their addresses."""
    return f"EXISTS (SELECT FROM unnest({_ADDRESSES}) AS theirs WHERE {_whole('theirs', f'lower({text})')})"


# Notices to staff quote why something failed, and that may quote an address.
_NOTICES_OF_THEM = f"""
marketplace_id = :marketplace AND staff_id IS NOT NULL AND {_quotes("coalesce(context ->> 'error', '')")}
"""

_ANSWER = "encode(body, 'escape')"
_REFUSED = "concat_ws(' ', columns::text, refused_reason, reference)"

PERSONAL_DATA: tuple[str, ...] = (
    # what the capture inbox kept, in development and sandboxes
    f"DELETE FROM captured_email WHERE id IN ({_THEIR_EMAILS})",
    f"DELETE FROM captured_email WHERE id IN (SELECT id FROM outgoing_email WHERE {_NOTICES_OF_THEM})",
    f"UPDATE outgoing_email SET context = context || jsonb_build_object('error', 'erased') WHERE {_NOTICES_OF_THEM}",
    # what was typed on the login page and not handled yet, and in an old link's place
    f"DELETE FROM link_request WHERE marketplace_id = :marketplace AND lower(email) = ANY({_ADDRESSES})",
    f"DELETE FROM link_request WHERE marketplace_id = :marketplace AND access_token_id IN ({_THEIR_LINKS})",
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
        f" AND ({_quotes(_ANSWER)} OR position(:customer::uuid::text IN {_ANSWER}) > 0"
        " OR route LIKE '%/billing-details')"  # of whom, its answer does not say
    ),
    # rows that imports refused, which may be of them or name them, and errors of jobs, which may quote an address
    (
        f"DELETE FROM import_row WHERE marketplace_id = :marketplace AND ({_quotes(_REFUSED)}"
        " OR kind = 'customers' AND reference = :reference"
        f" OR {_whole('lower(:gateway_reference)', f'lower({_REFUSED})')})"
    ),
    (
        "UPDATE outbox SET last_error = 'erased' WHERE marketplace_id = :marketplace AND status = 'dead'"
        f" AND {_quotes('last_error')}"
    ),
    # whom e-mails went to and what they said; that one was sent, when, and what became of it stays
    (
        "UPDATE outgoing_email SET recipient = 'erased-' || id || '@erased.invalid', context = '{}',"
        f" provider_reference = NULL WHERE {_OWN}"
    ),
    # and who they were; the number stays, which orders and invoices name
    (
        "UPDATE customer SET email = 'erased-' || number || '@erased.invalid', name = '', address = '', country = NULL,"
        " tax_id = NULL, locale = NULL, reference = NULL, gateway_reference = NULL, erased_at = clock_timestamp()"
        " WHERE marketplace_id = :marketplace AND id = :customer"
    ),
)
