"""Domain-free machinery: tenancy, row-level security, ids, outbox, jobs with progress, audit, idempotency.

Imports no app; every app may import it.
"""
