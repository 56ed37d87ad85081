"""Reads for pages, commands and the API: one module per subject."""
