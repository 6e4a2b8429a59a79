"""The jobs, one file a domain. tasks/catalogue.py lists them all."""
