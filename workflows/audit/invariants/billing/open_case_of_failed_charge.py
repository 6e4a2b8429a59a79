"""PRODUCT.md 6.6: a `failed_charge` subscription has exactly one open case, and no other subscription has one."""

from workflows.audit.invariants.invariant import Invariant, same

OPEN_CASE_OF_FAILED_CHARGE = Invariant(
    name="open_case_of_failed_charge",
    says="A failed_charge subscription has exactly one open case; no other has one.",
    about="subscription",
    breaches=f"""
    SELECT subscription.marketplace_id, subscription.id AS entity,
        format('subscription %s is failed_charge and has no open case', subscription.number) AS tells
    FROM marketplace JOIN subscription ON subscription.marketplace_id = marketplace.id
        AND subscription.state = 'failed_charge'
    WHERE NOT EXISTS (SELECT FROM dunning_case WHERE {same("dunning_case", "subscription")}
        AND dunning_case.subscription_id = subscription.id AND dunning_case.state = 'open')
    UNION ALL
    SELECT subscription.marketplace_id, subscription.id,
        format('subscription %s is %s and its open cases are %s', subscription.number, subscription.state, cases.open)
    FROM (SELECT marketplace_id, subscription_id, count(*) AS open FROM dunning_case WHERE state = 'open'
          GROUP BY marketplace_id, subscription_id) AS cases
    JOIN subscription ON {same("subscription", "cases")} AND subscription.id = cases.subscription_id
    WHERE subscription.state <> 'failed_charge' OR cases.open > 1
    """,
)
