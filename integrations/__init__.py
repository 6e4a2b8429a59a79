"""Vendors, behind the ports that workflows/runtime/ports.py declares."""
