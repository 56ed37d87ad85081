"""Addresses under /s/: what everybody may open."""

from django.urls import path

from surveys.public import answer, thanks

urlpatterns = [
    path("<slug:slug>/", answer.answer, name="survey_answer"),
    path("<slug:slug>/thanks/", thanks.thanks, name="survey_thanks"),
]
