"""The survey as a first version would do it: a ModelForm rendered by Django, and results counted at every request.

The same questions, the same table and the same database as the product's own page.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, RequestContext, Template
from django.urls import path
from django.utils import timezone

from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, PublicSlug, Question, Response, Survey

_FORM = Template(
    "<!doctype html><title>{{ survey.title.en }}</title><h1>{{ survey.question.en }}</h1>"
    '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Send</button></form>'
)
_RESULTS = Template(
    "<!doctype html><title>{{ survey.title.en }}</title><h1>{{ n }} answers</h1><table>"
    "{% for row in rows %}<tr><td>{{ row.label }}</td><td>{{ row.mentions }}</td><td>{{ row.share|floatformat:1 }}</td>"
    "</tr>{% endfor %}</table>"
)


class AnswerForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Three selects filled from the table of options, a text, and a select for every further question."""

    class Meta:
        model = Response
        fields = ("other_text",)

    def __init__(self, survey: Survey, *args: Any) -> None:
        super().__init__(*args)
        options = Option.objects.filter(survey=survey, retired_at__isnull=True)
        for place in (1, 2, 3):
            chosen: Any = forms.ModelChoiceField(options, required=place == 1, to_field_name="key")
            self.fields[f"choice_{place}"] = chosen
        for question in Question.objects.filter(survey=survey):
            choices = [("", ""), *((choice["key"], choice["label"]["en"]) for choice in question.choices)]
            self.fields[f"segment_{question.key}"] = forms.ChoiceField(choices=choices, required=False)


def answer(request: HttpRequest, slug: str) -> HttpResponse:
    place = PublicSlug.objects.get(slug=slug)
    with workspace_scope(place.workspace_id):
        survey = Survey.objects.get(pk=place.survey_id)
        form = AnswerForm(survey, request.POST or None)
        if request.method == "POST" and form.is_valid():
            _save(form, survey)
            return HttpResponseRedirect(f"/s/{slug}/results/")
        return HttpResponse(_FORM.render(RequestContext(request, {"survey": survey, "form": form})))


def _save(form: AnswerForm, survey: Survey) -> None:
    told, now = form.cleaned_data, timezone.now()
    response = form.save(commit=False)
    response.workspace_id, response.survey = survey.workspace_id, survey
    chosen = [told[f"choice_{place}"] for place in (1, 2, 3)]
    response.choices = [option.number for option in chosen if option]
    response.segments = {name[8:]: value for name, value in told.items() if name.startswith("segment_") and value}
    response.submission_key = response.receipt_hash = uuid4().hex
    response.occurred_at = response.known_at = now
    response.save()


def results(request: HttpRequest, slug: str) -> HttpResponse:
    place = PublicSlug.objects.get(slug=slug)
    with workspace_scope(place.workspace_id):
        survey = Survey.objects.get(pk=place.survey_id)
        responses = list(Response.objects.filter(survey=survey).exclude(status="removed"))
        counts = Counter(number for response in responses for number in response.choices)
        rows: list[dict[str, Any]] = [
            {
                "label": option.label["en"],
                "mentions": counts[option.number],
                "share": 100 * counts[option.number] / max(len(responses), 1),
            }
            for option in Option.objects.filter(survey=survey)
        ]
    rows.sort(key=lambda row: -row["mentions"])
    return HttpResponse(_RESULTS.render(Context({"survey": survey, "n": len(responses), "rows": rows})))


urlpatterns = [path("s/<slug:slug>/", answer), path("s/<slug:slug>/results/", results)]
