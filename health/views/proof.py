"""Score accuracy: how well risk and health scores foretold who left, and starting the work that finds out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.forms import errors_into
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission, allows
from csplatform.core.models import Job
from health import proof_page, proof_words, tasks
from health.models import ChurnDrift, ChurnModel, ChurnProof
from health.services import churn, promotion, settings_of_churn

_LISTED = 20
_BAD = 422


class ChurnSettingForm(forms.Form):
    """How risk looks ahead here."""

    horizon_days = forms.IntegerField(
        label=_lazy("Days ahead"),
        min_value=settings_of_churn.SHORTEST_HORIZON,
        max_value=settings_of_churn.LONGEST_HORIZON,
        help_text=_lazy("About 28 for monthly contracts, 90 for yearly ones."),
    )
    capacity = forms.IntegerField(
        label=_lazy("Customers the team can look after at a time"),
        required=False,
        min_value=1,
        help_text=_lazy("Empty: a tenth of them."),
    )
    retrains = forms.BooleanField(label=_lazy("Train a new model every four weeks"), required=False)


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def proof(request: WorkspaceRequest) -> HttpResponse:
    """The newest proof, or the one of ``?run=``; the models there were; and what can be done. With ``?card=``: how one
    version of a scorecard did, by the same proof.
    """
    runs = ChurnProof.objects.order_by("-made_at")
    told = request.GET.get("run", "")
    chosen = _chosen(told) if told else runs.first()
    if "card" in request.GET:
        shown = proof_page.of_card(chosen, request.GET["card"]) if chosen else None
        if shown is None:
            raise Http404
        return render(request, "health/proof_card.html", {**shown, "back_url": reverse("proof")})
    in_force = churn.champion()
    drift = ChurnDrift.objects.filter(model=in_force).order_by("-as_of").first() if in_force else None
    models = list(
        ChurnModel.objects.select_related("proof")
        .defer("content", "backtest", "proof__document", "proof__cards")
        .order_by("-number")[:_LISTED]
    )
    context = {
        "runs": list(runs.defer("document", "cards").select_related("model")[:_LISTED]),
        "models": [{"row": each, "state": proof_words.state_of(each, models)} for each in models],
        "champion": in_force,
        "drift": drift,
        "shifts": sorted(drift.shifts.items(), key=lambda item: -item[1])[:5] if drift else [],
        "horizon": proof_words.of_horizon(settings_of_churn.wanted(), models, chosen),
        "may_configure": allows(request.membership.role, Permission.CONFIGURE),
        "currency": request.workspace.currency,
        **_progress(churn.under_way()),
        **(proof_page.shown(chosen) if chosen else {"proof": None}),
    }
    return render(request, "health/proof.html", context)


def _chosen(told: str) -> ChurnProof:
    try:
        return get_object_or_404(ChurnProof, pk=UUID(told))
    except ValueError:
        raise Http404 from None


@require_POST
@requires(Permission.CONFIGURE)
def start(request: WorkspaceRequest) -> HttpResponse:
    """Begin a training (``do=train``) or a back-test alone, unless one is going on."""
    kind = {"train": churn.JOB_KIND, "prove": churn.PROOF_KIND}.get(request.POST.get("do", ""))
    if kind is None:
        raise Http404
    if churn.under_way() is None:
        horizon = churn.wanted_horizon(None)
        job = churn.start(horizon=horizon, actor=actor_of(request), now=timezone.now(), kind=kind)
        tasks.train_churn_soon(request.workspace.pk, job.pk)
    return redirect("proof")


@require_POST
@requires(Permission.CONFIGURE)
def retire(request: WorkspaceRequest) -> HttpResponse:
    """Let rules tell risk instead of the model in force, named by its number."""
    told = request.POST.get("model", "")
    if not told.isdecimal() or len(told) > 9:
        raise Http404
    try:
        run = promotion.retire(number=int(told), actor=actor_of(request), now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        tasks.enqueue(request.workspace.pk, run.pk, shards=run.shards)
        messages.success(
            request, _("Model %(number)s is no longer in force; risk is told by rules.") % {"number": told}
        )
    return redirect("proof")


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def progress(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """How far the work is, for the page that waits."""
    return render(request, "components/job.html", _progress(_job(job_id)))


@require_POST
@requires(Permission.CONFIGURE)
def cancel(request: WorkspaceRequest, job_id: UUID) -> HttpResponse:
    """Ask the work to stop; what was proved before stays."""
    Job.objects.filter(pk=_job(job_id).pk).update(cancel_requested=True)
    return redirect("proof")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def settings(request: WorkspaceRequest) -> HttpResponse:
    """How far ahead risk looks, how much the team can do, and whether models are trained anew."""
    present = settings_of_churn.wanted()
    form = ChurnSettingForm(
        request.POST or None,
        initial={
            "horizon_days": present.horizon_days,
            "capacity": present.capacity,
            "retrains": present.retrains,
        },
    )
    status = 200
    if request.method == "POST":
        status = _BAD
        if form.is_valid():
            try:
                settings_of_churn.change(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
            except ValidationError as error:
                errors_into(form, error)
            else:
                return redirect("proof")
    context = {"form": form, "title": _("How risk looks ahead"), "back_url": reverse("proof")}
    return render(request, "health/proof_settings.html", context, status=status)


def _job(job_id: UUID) -> Job:
    return get_object_or_404(Job, pk=job_id, kind__in=(churn.JOB_KIND, churn.PROOF_KIND))


def _progress(job: Job | None) -> dict[str, Any]:
    if job is None:
        return {"job": None}
    may_cancel = not job.is_finished and not job.cancel_requested
    return {
        "job": job,
        "job_url": reverse("proof_progress", args=[job.pk]),
        "cancel_url": reverse("proof_cancel", args=[job.pk]) if may_cancel else None,
        "eta_seconds": job.eta_seconds(timezone.now()),
    }
