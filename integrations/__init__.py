"""Vendors, behind the ports that workflows/ports.py declares."""
