-- What the processes may do. They own nothing; nobody but the triggers writes the log; a row with a state is never deleted.

GRANT USAGE ON SCHEMA public TO gatehouse_app, gatehouse_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO gatehouse_app, gatehouse_auditor;
REVOKE SELECT ON api_key, captured_email, sandbox_card, access_token, portal_session FROM gatehouse_auditor;
GRANT INSERT, UPDATE ON
    marketplace, marketplace_logo, number_series, staff, api_key, customer, product, customer_order, payment_method,
    subscription, dunning_case, charge, access_token, portal_session, invoice, document, document_file,
    outgoing_email, outbox, schedule, heartbeat, captured_email, sandbox_card, sandbox_payment TO gatehouse_app;
GRANT INSERT, DELETE ON link_request TO gatehouse_app;
GRANT DELETE ON outbox, schedule, heartbeat, captured_email TO gatehouse_app;
GRANT EXECUTE ON FUNCTION extend_transition_log TO gatehouse_app;
