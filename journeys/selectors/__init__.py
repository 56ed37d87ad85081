"""Reads about the journey, for pages, REST and commands."""
