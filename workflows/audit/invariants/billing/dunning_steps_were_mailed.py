"""PRODUCT.md 4.3: a step of a case that tells its customer has its e-mail, of that case's customer; none has two."""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT dunning_case.marketplace_id, dunning_case.id AS entity,
    format('step %s, %s: %s', step.stage, step.channel,
           CASE WHEN email.id IS NULL THEN 'there is no e-mail'
                WHEN step.mails > 1 THEN format('e-mail %s is of two steps', email.id)
                ELSE format('e-mail %s is another one', email.id) END) AS tells
{rows("dunning_case")}
JOIN subscription ON {same("subscription", "dunning_case")} AND subscription.id = dunning_case.subscription_id
CROSS JOIN LATERAL (SELECT stage, channel, outgoing_email_id,
        count(*) OVER (PARTITION BY outgoing_email_id) AS mails
    FROM dunning_step WHERE {same("dunning_step", "dunning_case")} AND dunning_case_id = dunning_case.id
    AND channel <> 'charge') AS step
LEFT JOIN outgoing_email AS email ON {same("email", "dunning_case")} AND email.id = step.outgoing_email_id
WHERE email.id IS NULL OR step.mails > 1 OR email.customer_id <> subscription.customer_id
    OR email.template <> CASE step.channel WHEN 'email' THEN 'failed_charge' ELSE 'final_notice' END
"""

DUNNING_STEPS_WERE_MAILED = Invariant(
    name="dunning_steps_were_mailed",
    says="Every step of a case that tells its customer has the e-mail that does.",
    tables=("dunning_case",),
    breaches_of=lambda _: _BREACHES,
)
