"""Playbooks: written (``editing``), started (``starting``), run (``running``, ``steps``), stopped (``control``)."""
