-- What is found to be forgotten (workflows/privacy/retention.py), without reading what stays.

-- Rows that go leave room at the table's beginning for new ones, and then a range of blocks says nothing of their age.
DROP INDEX gateway_event_received;
CREATE INDEX gateway_event_received ON gateway_event (received_at);
CREATE INDEX mail_event_received ON mail_event (received_at);
CREATE INDEX outgoing_email_facts ON outgoing_email (moved_at) WHERE state <> 'queued' AND context <> '{}';
-- The deliveries of an event; its foreign key asks for them when it goes.
CREATE INDEX webhook_delivery_event ON webhook_delivery (marketplace_id, event_id);

GRANT DELETE ON mail_event TO gatehouse_app;
