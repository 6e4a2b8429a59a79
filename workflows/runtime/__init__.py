"""What every process has: settings, clock, logs, keys, errors, and the ports to the world outside."""
