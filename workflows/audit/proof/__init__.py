"""Checkpoints, Merkle trees, signatures: proof that the log is whole."""
