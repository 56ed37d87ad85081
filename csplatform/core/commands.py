"""What our management commands share: data on stdout, messages on stderr, one clear line when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Turn a rule's ``ValidationError`` into the command's one line on stderr and a non-zero exit."""
    try:
        yield
    except ValidationError as error:
        raise CommandError(flatten(error)) from error


def flatten(error: ValidationError) -> str:
    """All messages of ``error`` in one line, each with its field's name."""
    if hasattr(error, "error_dict"):
        return " ".join(
            f"{field}: {message}" if field != "__all__" else message
            for field, messages in error.message_dict.items()
            for message in messages
        )
    return " ".join(error.messages)
