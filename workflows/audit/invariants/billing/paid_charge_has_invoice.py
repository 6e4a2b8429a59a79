"""PRODUCT.md 6.6: a paid charge has exactly one invoice that stands; one that moved no money has none."""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT charge.marketplace_id, charge.id AS entity,
    format('the charge is %s and has %s invoices', charge.state, issued.count) AS tells
{rows("charge")}
CROSS JOIN LATERAL (SELECT count(*) FROM invoice WHERE {same("invoice", "charge")} AND invoice.charge_id = charge.id
    AND invoice.kind = 'invoice' AND invoice.state = 'issued') AS issued
WHERE issued.count <> CASE WHEN charge.payment_status IS NULL THEN 0 ELSE 1 END
"""

PAID_CHARGE_HAS_INVOICE = Invariant(
    name="paid_charge_has_invoice",
    says="A paid charge has exactly one invoice; one that moved no money has none.",
    tables=("charge",),
    breaches_of=lambda _: _BREACHES,
)
