"""Rows and measurements of the audit benchmarks."""
