"""JSON over HTTP: struct in, one workflow call, struct out. app.py is the composition root."""
