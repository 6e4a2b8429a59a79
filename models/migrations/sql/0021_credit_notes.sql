-- Tax on invoices, and credit notes: what is given back or corrected (docs/decisions/0028).

-- Prices include their tax. NULL: nothing is said about tax; 0: zero-rated.
ALTER TABLE marketplace
    ADD COLUMN tax_basis_points integer CHECK (tax_basis_points BETWEEN 0 AND 10000),
    ADD COLUMN reverse_charge   boolean NOT NULL DEFAULT false, -- for businesses in other countries of the EU
    ADD COLUMN tax_note         text    NOT NULL DEFAULT '' CHECK (char_length(tax_note) <= 200);
ALTER TABLE product ADD COLUMN tax_basis_points integer CHECK (tax_basis_points BETWEEN 0 AND 10000); -- NULL: the marketplace's

ALTER TABLE invoice
    ADD COLUMN credits_id uuid, -- the invoice that a credit note takes back, wholly or in part
    ADD FOREIGN KEY (marketplace_id, credits_id) REFERENCES invoice,
    ADD CHECK ((kind = 'credit_note') = (credits_id IS NOT NULL));
CREATE INDEX invoice_credits ON invoice (marketplace_id, charge_id, sequence) WHERE kind = 'credit_note';
-- Downloads by date, of one customer and of all.
CREATE INDEX invoice_customer ON invoice (marketplace_id, customer_id, issued_at, id);
CREATE INDEX invoice_issued ON invoice (marketplace_id, issued_at, id);
-- A series counts each number once, whoever writes.
CREATE UNIQUE INDEX invoice_series ON invoice (marketplace_id, kind, sequence) WHERE sequence IS NOT NULL;

CREATE OR REPLACE FUNCTION refuse_snapshot_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.snapshot, NEW.number, NEW.charge_id, NEW.issued_at, NEW.kind, NEW.sequence, NEW.credits_id, NEW.customer_id)
       IS DISTINCT FROM
       (OLD.snapshot, OLD.number, OLD.charge_id, OLD.issued_at, OLD.kind, OLD.sequence, OLD.credits_id, OLD.customer_id) THEN
        RAISE EXCEPTION 'an issued invoice never changes: issue a credit note and a new invoice' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
