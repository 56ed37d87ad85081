"""Writes: present scores, closed days, past days."""
