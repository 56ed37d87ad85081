"""Addresses under /surveys/: what hosts do behind sign-in."""

from django.urls import path

from surveys.views import (
    beside,
    coding,
    creating,
    editors,
    figures,
    introductions,
    lifecycle,
    moderation,
    overview,
    publishing,
    sending,
    stopped,
    voice,
)

urlpatterns = [
    path("", overview.listing, name="survey_list"),
    path("new/", creating.new, name="survey_new"),
    path("sendings/<uuid:pk>/", sending.progress, name="survey_send_progress"),
    path("stopped/", stopped.stopped, name="survey_stopped"),
    path("voice/", voice.trends, name="survey_voice"),
    path("<uuid:pk>/", overview.detail, name="survey_detail"),
    path("<uuid:pk>/texts/", editors.texts, name="survey_texts"),
    path("<uuid:pk>/options/", editors.options, name="survey_options"),
    path("<uuid:pk>/questions/", editors.questions, name="survey_questions"),
    path("<uuid:pk>/settings/", editors.settings, name="survey_settings"),
    path("<uuid:pk>/answers/", moderation.answers, name="survey_answers"),
    path("<uuid:pk>/words/", coding.words, name="survey_words"),
    path("<uuid:pk>/words/<uuid:step_id>/undo/", coding.undo, name="survey_words_undo"),
    path("<uuid:pk>/introductions/", introductions.meeting, name="survey_introductions"),
    path("<uuid:pk>/figures/", figures.figures, name="survey_figures"),
    path("<uuid:pk>/figures.csv", figures.figures_csv, name="survey_figures_csv"),
    path("<uuid:pk>/answers.csv", figures.answers_csv, name="survey_answers_csv"),
    path("<uuid:pk>/results/", publishing.results, name="survey_publish"),
    path("<uuid:pk>/results/preview/", publishing.preview, name="survey_publish_preview"),
    path("<uuid:pk>/send/", sending.send, name="survey_send"),
    path("<uuid:pk>/send/again/", sending.send_again, name="survey_send_again"),
    path("<uuid:pk>/invitations/", sending.invitations, name="survey_invitations"),
    path("<uuid:pk>/beside/", beside.beside, name="survey_beside"),
    path("<uuid:pk>/open/", lifecycle.open_now, name="survey_open"),
    path("<uuid:pk>/delete/", lifecycle.delete, name="survey_delete"),
    path("<uuid:pk>/close/", lifecycle.close_now, name="survey_close"),
    path("<uuid:pk>/next-wave/", creating.wave, name="survey_wave"),
]
