"""What a merchant's own systems are told, and how: events, endpoints, deliveries (docs/webhooks.md).

event_types.py and event_sql.py know nothing of the engine, which writes the events of its moves by them.
"""
