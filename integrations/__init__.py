"""Vendors, behind the ports that the folders of workflows/ declare."""
