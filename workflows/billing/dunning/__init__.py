"""Recovering failed charges: cases, policy, decisions, report."""
