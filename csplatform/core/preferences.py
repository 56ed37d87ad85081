"""A reader's own choices that need no account: the theme. (The language goes with the person: accounts.)"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("light", "dark")
YEAR_SECONDS = 31_536_000


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie and go back; anything but "light" or "dark" means: follow the system."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    answer = HttpResponseRedirect(target)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        answer.set_cookie(
            "theme", theme, max_age=YEAR_SECONDS, secure=settings.SESSION_COOKIE_SECURE, httponly=False, samesite="Lax"
        )
    else:
        answer.delete_cookie("theme", samesite="Lax")
    return answer
