"""What is news and what is history, for everything a file may tell; pure.

A fact that lies back no longer than ``DAYS`` is news, whoever tells it: its event goes out, and playbooks, webhooks and
what they bring about (tasks, mails) follow. What lies back longer is history: it is kept as it was, and nothing begins.
"""

from __future__ import annotations

from datetime import datetime, timedelta

DAYS = 30


def is_news(moment: datetime, now: datetime) -> bool:
    """Whether what happened at ``moment`` still is news at ``now``."""
    return moment + timedelta(days=DAYS) >= now
