"""Writes: one module a subject, the actor named, the audit line in the same transaction."""
