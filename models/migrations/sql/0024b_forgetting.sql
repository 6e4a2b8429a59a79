-- People who were forgotten: their row stays, for the numbers and keys that books hang on, with nothing of them in it.

ALTER TABLE customer ADD COLUMN erased_at timestamptz;
CREATE INDEX customer_erased ON customer (marketplace_id, id) WHERE erased_at IS NOT NULL;

-- Nothing new for somebody who was forgotten, not even from an act that began before. It takes the lock on the
-- customer's row that the foreign key takes anyway, and so waits for an erasure that is under way.
CREATE FUNCTION refuse_erased_customer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    since timestamptz;
BEGIN
    SELECT erased_at INTO since FROM customer
        WHERE marketplace_id = NEW.marketplace_id AND id = NEW.customer_id FOR KEY SHARE;
    IF since IS NOT NULL THEN
        RAISE EXCEPTION 'customer % was erased', NEW.customer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_erased';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_erased_customer BEFORE INSERT ON customer_order FOR EACH ROW EXECUTE FUNCTION refuse_erased_customer();
CREATE TRIGGER refuse_erased_customer BEFORE INSERT ON access_token FOR EACH ROW
    WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_erased_customer();
CREATE TRIGGER refuse_erased_customer BEFORE INSERT ON outgoing_email FOR EACH ROW
    WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION refuse_erased_customer();

-- Every trace of somebody is found by what it is kept under.
CREATE INDEX webhook_event_at ON webhook_event (occurred_at);
CREATE INDEX gateway_event_received ON gateway_event USING brin (received_at) WITH (autosummarize = on);

GRANT UPDATE (answer) ON webhook_attempt TO gatehouse_app;
GRANT DELETE ON webhook_event, webhook_delivery, gateway_event TO gatehouse_app;
