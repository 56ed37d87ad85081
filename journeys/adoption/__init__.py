"""Adoption as pure rules: what makes somebody activated, habitual or lapsed, on any day; plans and pseudonyms."""
