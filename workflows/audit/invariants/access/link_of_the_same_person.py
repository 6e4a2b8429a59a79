"""PRODUCT.md 1.4, 2.11: the link that an e-mail carries lets in whom the e-mail is for, in the same marketplace."""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT outgoing_email.marketplace_id, outgoing_email.id AS entity,
    format('its link %s is somebody else''s', outgoing_email.access_token_id) AS tells
{rows("outgoing_email")}
LEFT JOIN access_token AS link ON {same("link", "outgoing_email")} AND link.id = outgoing_email.access_token_id
WHERE outgoing_email.access_token_id IS NOT NULL AND (link.id IS NULL
    OR (link.customer_id, link.staff_id) IS DISTINCT FROM (outgoing_email.customer_id, outgoing_email.staff_id))
"""

LINK_OF_THE_SAME_PERSON = Invariant(
    name="link_of_the_same_person",
    says="An e-mail with a link goes to the customer or member of staff whom the link lets in.",
    tables=("outgoing_email",),
    breaches_of=lambda _: _BREACHES,
)
