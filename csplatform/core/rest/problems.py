"""Errors as ``application/problem+json`` (RFC 9457), with the fields that are wrong and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.utils.encoders import JSONEncoder

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1

_WHOLE = {NON_FIELD_ERRORS, "non_field_errors", ""}


class Problem(exceptions.APIException):
    """An answer that says what went wrong.

    ``errors``: (field, message) pairs; a field of ``None`` means the request as a whole. ``kind`` names the
    problem for programs (``urn:boomerang:problem:<kind>``); without one the status alone says it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        errors: Sequence[tuple[str | None, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status_code = status
        self.text = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "type": f"urn:boomerang:problem:{self.kind}" if self.kind else "about:blank",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.text,
        }
        if self.errors:
            content["errors"] = [{"field": field, "message": message} for field, message in self.errors]
        return content


def invalid(errors: Sequence[tuple[str | None, str]]) -> Problem:
    """400: nothing was changed; ``errors`` says which fields to correct."""
    return Problem(
        400, _("The request is not valid; nothing was changed. Correct the fields named in errors."), errors=errors
    )


def from_exception(error: Exception) -> Problem | None:
    """The problem to answer with when ``error`` ended a request; None when it is a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        return invalid(list(_flatten(error.detail)))
    if isinstance(error, DjangoValidationError):
        return invalid(list(_from_django(error)))
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    return _from_platform(error)


def response(problem: Problem) -> HttpResponse:
    """``problem`` as a plain Django response, for answers made outside REST views."""
    answer = HttpResponse(
        JSONEncoder(ensure_ascii=False).encode(problem.body), status=problem.status_code, content_type=MEDIA_TYPE
    )
    for name, value in problem.headers.items():
        answer[name] = value
    return answer


def _from_framework(error: exceptions.APIException) -> Problem:
    headers = {}
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return Problem(error.status_code, str(error.detail), headers=headers)


def _from_platform(error: Exception) -> Problem | None:
    if isinstance(error, Http404):
        return Problem(404, _("There is nothing at this address."))
    if isinstance(error, PermissionDenied):
        return Problem(403, _("You may not do this."))
    if isinstance(error, RequestDataTooBig):
        return Problem(413, _("The body is too large."))
    if isinstance(error, SuspiciousOperation | UnreadablePostError | DataError):
        return Problem(400, _("The request could not be read or holds a value out of range; nothing was changed."))
    if isinstance(error, IntegrityError):
        return Problem(409, _("The change contradicts what is stored; nothing was changed. Read again and retry."))
    if isinstance(error, OperationalError | InterfaceError):
        detail = _("The database cannot serve this just now; nothing was changed. Try again.")
        return Problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})
    return None


def _flatten(detail: Any, path: str = "") -> Iterator[tuple[str | None, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flatten(inner, path if name in _WHOLE else _join(path, name))
    elif isinstance(detail, list | tuple):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, Mapping)
            if not nested or inner:
                yield from _flatten(inner, _join(path, position) if nested else path)
    else:
        yield path or None, str(detail)


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _from_django(error: DjangoValidationError) -> Iterator[tuple[str | None, str]]:
    if hasattr(error, "error_dict"):
        for field, messages in error.message_dict.items():
            for message in messages:
                yield (None if field in _WHOLE else field), str(message)
    else:
        for message in error.messages:
            yield None, str(message)
