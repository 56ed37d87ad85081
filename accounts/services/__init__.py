"""Writes: one module per subject; every function names its actor and audits in the same transaction."""
