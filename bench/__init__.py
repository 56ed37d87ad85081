"""Benchmarks: each module has ``run(scale)`` that returns rows for the table."""
