"""Rows of the search benchmark."""
