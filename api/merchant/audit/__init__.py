"""The auditor's side by API: access log, transitions, proof, invariants."""
