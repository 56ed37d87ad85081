"""Reads for pages, the interface and commands."""
