"""The one kind of failure this package shows to people."""

from __future__ import annotations


class LocalError(Exception):
    """Something the person at the terminal can put right; the message is one line that says what to do."""


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived."""
