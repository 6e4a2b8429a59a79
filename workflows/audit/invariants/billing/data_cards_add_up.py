"""PRODUCT.md 3.4: the data cards count what is there. Steps that are not added up yet count."""

from workflows.audit.invariants.invariant import Invariant

CARDS_COUNT_RIGHT = Invariant(
    name="cards_count_right",
    says="The data cards count as many subscriptions as there are.",
    about="tally",
    nightly=True,
    breaches="""
    WITH counted AS (
        SELECT marketplace_id, name, sum(value) AS value FROM (
            SELECT marketplace_id, name, value FROM tally UNION ALL SELECT marketplace_id, name, step FROM tally_step
        ) AS parts WHERE name <> 'recovered' GROUP BY marketplace_id, name
    ), there AS (
        SELECT marketplace_id, state AS name, count(*) AS value FROM subscription GROUP BY marketplace_id, state)
    SELECT marketplace_id, marketplace_id || ':' || name AS entity, format('the card says %s, there are %s',
        coalesce(counted.value, 0), coalesce(there.value, 0)) AS tells
    FROM counted FULL JOIN there USING (marketplace_id, name)
    WHERE coalesce(counted.value, 0) <> coalesce(there.value, 0)
    """,
)
