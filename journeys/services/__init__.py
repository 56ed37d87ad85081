"""Writes about the journey: one module a subject, actor named, audit in the same transaction."""
