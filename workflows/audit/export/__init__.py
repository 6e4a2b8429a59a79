"""Exports of the log with their proof, and retiring old months."""
