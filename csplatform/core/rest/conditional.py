"""Versions in headers: ``ETag``, ``If-Match`` and ``If-None-Match``.

A tag is ``"<version>-<digest>"``. The version is the record's and changes with every edit; the digest covers the
whole answer, parts computed elsewhere (a score) included. ``If-None-Match`` compares the whole tag, so a cached
answer is never stale; ``If-Match`` compares versions, so a fresh score does not refuse an edit.
"""

from __future__ import annotations

import hashlib
import re

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from csplatform.core.rest.problems import Problem

_TAG = re.compile(r'(?:W/)?"(?P<version>\d{1,10})-[0-9a-f]{16}"')


def etag(version: int, content: bytes) -> str:
    return f'"{version}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"'


def require_version(request: Request | HttpRequest, version: int | None) -> None:
    """Refuse with 412 when ``If-Match`` names no tag of ``version`` (None: there is no record yet), or when
    ``If-None-Match: *`` asks for a creation and the record exists."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and wanted.strip() != "*":
        if version is None or version not in {int(found["version"]) for found in _TAG.finditer(wanted)}:
            raise _stale(version)
    elif wanted is not None and version is None:
        raise _stale(version)
    if version is not None and request.headers.get("If-None-Match", "").strip() == "*":
        raise Problem(412, _("The record exists already; nothing was changed."), kind="exists")


def is_unchanged(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` names ``tag``: the caller has this answer already."""
    known = request.headers.get("If-None-Match")
    if known is None:
        return False
    return known.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in known.split(",")}


def _stale(version: int | None) -> Problem:
    if version is None:
        return Problem(412, _("There is no such record to match; nothing was changed."), kind="stale-version")
    detail = _(
        "The record was changed by somebody else (it is at version %(version)d); nothing was changed. Read it again."
    )
    return Problem(412, detail % {"version": version}, kind="stale-version")
