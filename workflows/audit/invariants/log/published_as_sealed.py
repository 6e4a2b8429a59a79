"""What was published about the log is what the database says (workflows/audit): else it was restored, or forged."""

from workflows.audit.invariants.invariant import Invariant

PUBLISHED_AS_SEALED = Invariant(
    name="published_as_sealed",
    says="No checkpoint was published that this database has lost, or that says otherwise.",
    about="checkpoint",
    breaches="""
    SELECT marketplace_id, number::text AS entity,
           CASE kind WHEN 'published_ahead' THEN format('checkpoint %s was published and is not here', number)
                     ELSE format('checkpoint %s was published and says otherwise', number) END AS tells
    FROM audit_finding WHERE kind <> 'system_changed'
    """,
)
