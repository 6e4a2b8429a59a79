"""Rows, processes and measurements of the renewals benchmarks."""
