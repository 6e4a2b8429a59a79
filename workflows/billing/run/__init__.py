"""The billing run: what the clock makes due, renewals, the sandbox clock."""
