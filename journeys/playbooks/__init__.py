"""Playbooks: what they say and when they start. Pure: no Django, no clock, no database."""
