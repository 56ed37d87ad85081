"""KPIs and their measurements: adding, changing, measuring, correcting."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from accounts.views.customers.editing import edit_record, edits, may_edit, show_refusals
from accounts.views.customers.record_forms import RecordForm
from journeys import extensions
from journeys.models import Kpi, KpiVersion, Measurement, Outcome
from journeys.services import planning
from journeys.views.plan import forms
from journeys.views.plan.outcomes import outcome_read, said


@edits
@may_edit
def kpi_new(request: WorkspaceRequest, outcome_id: UUID) -> HttpResponse:
    """Add a KPI to an outcome."""
    read = outcome_read(outcome_id, timezone.now())
    form = forms.KpiForm(request.POST or None, kpi=None, measures=list(extensions.named_measures().items()))

    def write(form: RecordForm, now: datetime) -> Kpi:
        return planning.add_kpi(outcome_id=outcome_id, told=form.told(), actor=actor_of(request), now=now)

    back = reverse("outcome_detail", args=[outcome_id])
    return edit_record(request, form, write, title=_("Add a KPI"), back=back, customer=read.outcome.customer)


@edits
@may_edit
def kpi_edit(request: WorkspaceRequest, kpi_id: UUID) -> HttpResponse:
    """A new version of a KPI, with its reason."""
    kpi, version = _present(kpi_id)
    form = forms.KpiForm(
        request.POST or None,
        kpi=version,
        measures=list(extensions.named_measures().items()),
        initial=forms.kpi_initial(version, kpi.version),
    )

    def write(form: RecordForm, now: datetime) -> Kpi:
        return planning.revise_kpi(
            kpi_id=kpi_id,
            told=form.told(),
            actor=actor_of(request),
            now=now,
            expected_version=form.cleaned_data["version"],
        )

    back = reverse("outcome_detail", args=[kpi.outcome_id])
    return edit_record(request, form, write, title=_("Change the KPI"), back=back, customer=kpi.outcome.customer)


@require_POST
@may_edit
def kpi_retire(request: WorkspaceRequest, kpi_id: UUID) -> HttpResponse:
    """Count a KPI no more."""
    kpi = Kpi.objects.filter(pk=kpi_id).first()
    if kpi is None:
        raise Http404
    try:
        reason = request.POST.get("reason", "")
        planning.retire_kpi(kpi_id=kpi_id, reason=reason, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("The KPI counts no more; its figures stay in the history."))
    except ValidationError as error:
        messages.error(request, _("Nothing was changed: %(reason)s") % {"reason": said(error)})
    return redirect("outcome_detail", outcome_id=kpi.outcome_id)


@edits
@may_edit
def kpi_measure(request: WorkspaceRequest, kpi_id: UUID) -> HttpResponse:
    """Record a measurement; refused, the form comes back with what was typed."""
    kpi, version = _present(kpi_id)
    form = forms.MeasurementForm(request.POST or None)

    def write(form: RecordForm, now: datetime) -> Measurement:
        told = {name: value for name, value in form.told().items() if value != ""}
        return planning.record_measurement(kpi_id=kpi_id, told=told, actor=actor_of(request), now=now)

    back = reverse("outcome_detail", args=[kpi.outcome_id])
    title = _("Measure: %(kpi)s") % {"kpi": version.name}
    return edit_record(request, form, write, title=title, back=back, customer=kpi.outcome.customer)


@edits
@may_edit
def measurement_correct(request: WorkspaceRequest, measurement_id: UUID) -> HttpResponse:
    """Correct a figure, or withdraw one recorded by mistake; both with a reason."""
    measurement = Measurement.objects.select_related("kpi__outcome__customer").filter(pk=measurement_id).first()
    if measurement is None:
        raise Http404
    initial = {
        "value": forms.plain(measurement.value),
        "measured_on": measurement.measured_on,
        "note": measurement.note,
    }
    form = forms.CorrectionForm(request.POST or None, initial=initial)
    outcome: Outcome = measurement.kpi.outcome
    if request.method == "POST" and form.is_valid():
        now, actor = timezone.now(), actor_of(request)
        try:
            if "withdraw" in request.POST:
                reason = form.cleaned_data["reason"]
                planning.withdraw_measurement(measurement_id=measurement_id, reason=reason, actor=actor, now=now)
            else:
                planning.correct_measurement(measurement_id=measurement_id, told=form.told(), actor=actor, now=now)
        except ValidationError as error:
            show_refusals(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("outcome_detail", outcome_id=outcome.pk)
    context = {
        "form": form,
        "title": _("Correct a measurement"),
        "back": reverse("outcome_detail", args=[outcome.pk]),
        "customer": outcome.customer,
    }
    return render(request, "journeys/plan/correct.html", context)


def _present(kpi_id: UUID) -> tuple[Kpi, KpiVersion]:
    """The KPI with its customer and the version in force; 404 where there is none."""
    kpi = Kpi.objects.select_related("outcome__customer").filter(pk=kpi_id).first()
    if kpi is None:
        raise Http404
    read = outcome_read(kpi.outcome_id, timezone.now())
    version = next((each.version for each in read.kpis if each.kpi_id == kpi_id), None)
    if version is None:
        raise Http404
    return kpi, version
