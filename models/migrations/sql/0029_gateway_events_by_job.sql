-- Events of gateways are stored first and applied by a job, as those of the e-mail provider are.

ALTER TABLE gateway_event
    ADD COLUMN id      uuid NOT NULL DEFAULT uuidv7(),
    ADD COLUMN payload jsonb; -- the event's facts until it is applied; NULL: applied, as all rows before this one are
CREATE UNIQUE INDEX gateway_event_id ON gateway_event (marketplace_id, id);
COMMENT ON TABLE gateway_event IS 'what a gateway told us, once each, in whatever order it came';

GRANT UPDATE (payload) ON gateway_event TO gatehouse_app;
