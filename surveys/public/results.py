"""Published results, served from memory: each page and file is made once a version, language and method.

What is kept is compared with the database at most once a second, so a new version shows within a second, in every
process. Nobody's session, cookie or address plays a part: everybody gets the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

import brotli
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey
from surveys.public.pages import page, public
from surveys.public.words import moment
from surveys.results import made
from surveys.results.links import FILES
from surveys.selectors import published
from surveys.selectors.public import find_public
from surveys.stats.shares import Method

_ADDRESS = re.compile(r"/s/([a-z0-9][a-z0-9-]{0,59})/(results/|results/embed/|og\.png|[a-z]+\.(?:csv|json))\Z")
_CHECK_SECONDS = 1.0
_KEEP = 2_000
_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "


@dataclass(frozen=True, slots=True)
class Served:
    """One answer: its bytes plain and compressed, and the headers all forms of it share."""

    plain: bytes
    gzip: bytes
    brotli: bytes
    etag: str
    headers: dict[str, str]


@dataclass(slots=True)
class _Place:
    """A survey with published results: what it was when last looked at, and when that was."""

    workspace_id: UUID
    survey_id: UUID
    stamp: tuple[int, int, int]
    checked: float
    served: dict[tuple[str, ...], Served]
    languages: list[str]


_places: dict[str, _Place] = {}
_lock = Lock()


class ResultsMiddleware:
    """Answers published results before the middleware that serves people; everything else goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = respond(request) if request.path_info.startswith("/s/") else None
        return answer or self.get_response(request)


@require_safe
@public
def results(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Before publication: when the results are promised for. (Published ones are served by the middleware.)"""
    told = moment(survey.publishes_at) if survey.publishes_at and survey.publishes_at > timezone.now() else ""
    return page(request, "surveys/results/waiting.html", survey, status=404, expected=told)


@require_safe
@public
def file(_request: HttpRequest, _survey: Survey) -> HttpResponse:
    """Before publication there is none."""
    raise Http404(_("The results of this survey are not published yet."))


def respond(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request for published results; None where there are none at this address."""
    match = _ADDRESS.match(request.path_info)
    if match is None or request.method not in ("GET", "HEAD"):
        return None
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return None  # the ordinary way redirects
    slug, name = match.groups()
    place = _place(slug)
    if place is None:
        return None
    accepted = request.META.get("HTTP_ACCEPT_LANGUAGE", "")
    key = (name, request.META.get("QUERY_STRING", ""), accepted)
    served = place.served.get(key)
    if served is None:
        served = _make(place, slug, *key)
        if served is None:
            return None
    return _answer(request, served)


def forget() -> None:
    """Drop everything kept in memory."""
    with _lock:
        _places.clear()


def _place(slug: str) -> _Place | None:
    """The survey at ``slug`` as it is now, or was less than a second ago."""
    place = _places.get(slug)
    now = time.monotonic()
    if place is not None and now - place.checked < _CHECK_SECONDS:
        return place
    found = find_public(slug)
    stamp = None
    if found is not None:
        with workspace_scope(found[0]):
            stamp = published.stamp(found[1])
    if found is None or stamp is None:
        _places.pop(slug, None)
        return None
    if place is None or place.stamp != stamp or place.survey_id != found[1]:
        place = _Place(*found, stamp, now, {}, [])
        with _lock:
            if len(_places) >= _KEEP:
                _places.clear()
            _places[slug] = place
    place.checked = now
    return place


def _make(place: _Place, slug: str, name: str, query: str, accepted: str) -> Served | None:
    """Make the answer and keep it; the same page asked for in other words is kept once."""
    asked = QueryDict(query)
    number = asked.get("version", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    method = asked.get("method", "") if asked.get("method", "") in set(Method) else str(Method.MENTIONS)
    served = place.served.get(_canonical(place, asked, accepted, name, method))
    if served is None:
        version = _load(place, int(number or 0))
        if version is None:
            return None
        place.languages = version.languages
        canonical = _canonical(place, asked, accepted, name, method)
        served = _serve(version, name, canonical[2], Method(method), is_older=bool(number), newest=place.stamp[0])
        if served is None:
            return None
        place.served[canonical] = served
    if len(place.served) >= _KEEP:
        place.served.clear()
    place.served[(name, query, accepted)] = served
    return served


def _canonical(place: _Place, asked: QueryDict, accepted: str, name: str, method: str) -> tuple[str, str, str, str]:
    language = _language(asked.get("lang", ""), accepted, place.languages) if place.languages else ""
    return name, asked.get("version", ""), language, method


def _load(place: _Place, number: int) -> made.Version | None:
    with workspace_scope(place.workspace_id):
        publication = published.version(place.survey_id, number)
        if publication is None:
            return None
        corrections = published.corrections(place.survey_id, up_to=publication.number)
    return made.Version(publication.results, publication.rows, corrections)


def _language(asked: str, accepted: str, offered: list[str]) -> str:
    browser = [code.split("-")[0] for code, _quality in parse_accept_lang_header(accepted.lower())]
    return next((code for code in (asked, *browser) if code in offered), offered[0])


def _serve(
    version: made.Version, name: str, language: str, method: Method, *, is_older: bool, newest: int
) -> Served | None:
    kind = name.rpartition(".")[2]
    headers = {"Content-Type": made.TYPES.get(kind, made.HTML), "X-Content-Type-Options": "nosniff"}
    if name in ("results/", "results/embed/"):
        is_embedded = name.endswith("embed/")
        links = made.web_links(version, language, is_older=is_older)
        body = made.html(version, links, method=method, is_embedded=is_embedded, newest=newest)
        headers["Content-Language"] = language
        headers["Content-Security-Policy"] = _POLICY + (
            "frame-ancestors *" if is_embedded else "frame-ancestors 'none'"
        )
        if not is_embedded:
            headers["X-Frame-Options"] = "DENY"
    elif name == "og.png":
        body = made.image(version, language)
    elif name in FILES:
        body = made.file(version, name)
        if not body:
            return None
        headers["Content-Disposition"] = f'inline; filename="{version.slug}-{name}"'
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        return None
    return _packed(body, headers)


def _packed(body: bytes, headers: dict[str, str]) -> Served:
    headers |= {
        "Cache-Control": "public, max-age=30",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY or "same-origin",
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    is_text = headers["Content-Type"] != made.TYPES["png"]
    return Served(
        plain=body,
        gzip=gzip.compress(body, 6, mtime=0) if is_text else b"",
        brotli=brotli.compress(body, quality=7) if is_text else b"",
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        headers=headers,
    )


def _answer(request: HttpRequest, served: Served) -> HttpResponse:
    encodings = request.META.get("HTTP_ACCEPT_ENCODING", "")
    given = request.META.get("HTTP_IF_NONE_MATCH", "")
    response: HttpResponse
    if given and _matches(given, served.etag):
        response = HttpResponseNotModified()
    elif served.brotli and "br" in encodings:
        response = HttpResponse(served.brotli, headers={**served.headers, "Content-Encoding": "br"})
    elif served.gzip and "gzip" in encodings:
        response = HttpResponse(served.gzip, headers={**served.headers, "Content-Encoding": "gzip"})
    else:
        response = HttpResponse(served.plain, headers=served.headers)
    response.headers["ETag"] = served.etag
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    if isinstance(response, HttpResponseNotModified):
        response.headers["Cache-Control"] = served.headers["Cache-Control"]
    return response


def _matches(given: str, etag: str) -> bool:
    return any(each in ("*", etag, f"W/{etag}") for each in parse_etags(given))
