"""The way out of survey mail: a page with one button, and the one-click request of mail programs (RFC 8058)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Workspace
from surveys import links
from surveys.models import Survey, SurveyInvitation
from surveys.public.pages import page, public
from surveys.services import suppressing


# Exempt because mail programs send it: the signed address takes the place of the CSRF cookie.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def unsubscribe(request: HttpRequest, survey: Survey, token: str) -> HttpResponse:
    """Only a POST stops the mails: programs open every link of a mail before people do."""
    invitation_id = links.read_unsubscribe(token)
    known = SurveyInvitation.objects.filter(pk=invitation_id, survey=survey) if invitation_id else None
    if invitation_id is None or known is None or not known.exists():
        raise Http404(_("This link is not whole. Use the one at the end of the mail."))
    is_done = request.method == "POST"
    if is_done:
        suppressing.unsubscribe(invitation_id=invitation_id, now=timezone.now())
    house = Workspace.objects.values_list("name", flat=True).get(pk=survey.workspace_id)
    return page(request, "surveys/public/unsubscribe.html", survey, is_done=is_done, house=house)
