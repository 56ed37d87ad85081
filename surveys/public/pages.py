"""What every public survey page shares: finding the survey, its language, the layout's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey
from surveys.public import skeletons

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Survey, P], HttpResponse]
PublicView = Callable[Concatenate[HttpRequest, str, P], HttpResponse]
NAMES = {"en": "English", "fr": "Français", "de": "Deutsch"}


def public(view: View[P]) -> PublicView[P]:
    """Look the survey of the address up and run the view in its workspace and in the reader's language.

    An address nobody has is 404. The language is ``?lang=``, else the browser's, as far as the survey speaks it.
    """

    @wraps(view)
    def found(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        with _survey(slug) as survey, translation.override(language_of(request, survey.languages)):
            response = view(request, survey, *args, **kwargs)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return framed(response)

    return cast(PublicView[P], found)


@contextmanager
def _survey(slug: str) -> Iterator[Survey]:
    """The survey at ``slug`` as it is now, inside its workspace's scope; raises ``Http404``."""
    known = skeletons.known(slug)
    if known is not None:
        with workspace_scope(known.workspace_id):
            survey = known.present()
            if survey is not None:
                yield survey
                return
        skeletons.forget(slug)
    raise Http404(_("There is no survey at this address."))


def framed(response: HttpResponse, *, anywhere: bool = False) -> HttpResponse:
    """Say who may show this page inside another: our own pages, as the hosts' preview does, or everybody's."""
    if not hasattr(response, "_csp_replace"):
        ancestors = "*" if anywhere else "'self'"
        setattr(response, "_csp_replace", {"frame-ancestors": [ancestors]})  # noqa: B010  (django-csp's own mark)
        if anywhere:
            response.xframe_options_exempt = True  # read by Django's middleware
        else:
            response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def language_of(request: HttpRequest, offered: list[str]) -> str:
    """The language of the page: asked for, else the browser's, else the first one offered."""
    browser = translation.get_language_from_request(request).split("-")[0]
    return next((code for code in (request.GET.get("lang", ""), browser) if code in offered), (offered or ["en"])[0])


class Said:
    """A survey's texts in one language, by attribute: ``said.title``."""

    def __init__(self, survey: Survey, language: str) -> None:
        self._survey, self._language = survey, language

    def __getattr__(self, field: str) -> str:
        if field not in ("title", "intro", "question", "thanks", "purpose"):
            raise AttributeError(field)
        return self._survey.text(field, self._language)


def layout(request: HttpRequest, survey: Survey, **context: Any) -> dict[str, Any]:
    """The context ``surveys/public/base.html`` needs, with ``context`` added."""
    language = translation.get_language() or survey.languages[0]
    return {
        "survey": survey,
        "said": Said(survey, language),
        "language": language,
        "languages": language_links(request, survey.languages),
        "address": f"/s/{survey.slug}/",
        **context,
    }


def language_links(request: HttpRequest, offered: list[str]) -> list[dict[str, str]]:
    """For each language its code, its own name, and this very page in it."""
    links = []
    for code in offered:
        query = request.GET.copy()
        query["lang"] = code
        links.append({"code": code, "name": NAMES.get(code, code), "url": f"?{query.urlencode()}"})
    return links


def page(request: HttpRequest, template: str, survey: Survey, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render a public page of ``survey``."""
    return render(request, template, layout(request, survey, **context), status=status)
