"""Embedded PostgreSQL and Valkey for one machine, and the process supervisor behind `make run` and `make test`.

Nothing here imports Django: settings ask `state.discover()` for the services' addresses, never the other way round.
"""
