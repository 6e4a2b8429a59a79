"""PRODUCT.md 5.6: invoices are numbered without gaps. A number that an imported invoice bears is taken, not missing."""

from workflows.audit.invariants.invariant import Invariant

INVOICE_NUMBERS_HAVE_NO_GAPS = Invariant(
    name="invoice_numbers_have_no_gaps",
    says="The invoice numbers of a marketplace have no gap and no double.",
    about="invoice",
    nightly=True,
    breaches="""
    WITH numbered AS (
        SELECT marketplace_id, id, number, sequence,
            coalesce(lag(sequence) OVER (PARTITION BY marketplace_id, kind ORDER BY sequence), 0) AS before
        FROM invoice WHERE sequence IS NOT NULL)
    SELECT marketplace_id, id AS entity, format('number %s: number %s of the series is borne by none', number, missing)
        AS tells
    FROM numbered CROSS JOIN LATERAL generate_series(before + 1, sequence - 1) AS missing
    WHERE NOT EXISTS (SELECT FROM invoice AS taken WHERE taken.marketplace_id = numbered.marketplace_id
        AND taken.sequence IS NULL AND taken.number ~ ('0*' || missing || '$'))
    UNION ALL
    SELECT marketplace_id, id, format('number %s is the second of place %s', number, sequence) FROM numbered
    WHERE sequence = before
    UNION ALL
    SELECT series.marketplace_id, series.marketplace_id, format('the series stands at %s, its last invoice at %s',
        series.last_number, last.sequence)
    FROM number_series AS series CROSS JOIN LATERAL (SELECT coalesce(max(sequence), 0) AS sequence FROM invoice
        WHERE invoice.marketplace_id = series.marketplace_id AND invoice.kind = series.series) AS last
    WHERE series.series IN ('invoice', 'credit_note') AND series.last_number <> last.sequence
    """,
)
