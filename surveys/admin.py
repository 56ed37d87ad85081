"""Surveys in the administration: read there, changed on their own pages, whose rules must not be passed by."""

from __future__ import annotations

from django.contrib import admin

from accounts.administration.base import HistoryAdmin
from surveys import models


@admin.register(models.Survey)
class SurveyAdmin(HistoryAdmin):
    list_display = ["slug", "kind", "state", "audience", "confirm_by_email", "opened_at", "closed_at", "published_at"]
    list_filter = ["kind", "state", "audience", "confirm_by_email"]
    search_fields = ["slug"]
    ordering = ["-created_at"]


@admin.register(models.Option)
class OptionAdmin(HistoryAdmin):
    list_display = ["survey", "number", "key", "retired_at"]
    list_select_related = ["survey"]
    search_fields = ["key"]


@admin.register(models.Question)
class QuestionAdmin(HistoryAdmin):
    list_display = ["survey", "position", "key", "kind", "is_segment"]
    list_select_related = ["survey"]
    search_fields = ["key"]


@admin.register(models.Response)
class ResponseAdmin(HistoryAdmin):
    list_display = ["survey", "status", "is_test", "choices", "score", "language", "occurred_at"]
    list_filter = ["status", "is_test", "channel"]
    list_select_related = ["survey"]
    exclude = ["receipt_hash", "sender_hash", "submission_key"]


@admin.register(models.ScoreVersion)
class ScoreVersionAdmin(HistoryAdmin):
    """What was known of customers' scores, from when: what past days are rebuilt from."""

    list_display = ["customer", "kind", "score", "occurred_at", "known_at", "recorded_at"]
    list_filter = ["kind"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.OptIn)
class OptInAdmin(HistoryAdmin):
    list_display = ["email", "survey", "wants_results", "wants_next", "wants_peers", "given_on", "confirmed_on"]
    list_select_related = ["survey"]
    search_fields = ["email"]


@admin.register(models.AnswerConfirmation)
class AnswerConfirmationAdmin(HistoryAdmin):
    list_display = ["survey", "asked_at", "confirmed_at"]
    list_select_related = ["survey"]
    exclude = ["address_hash", "email"]


@admin.register(models.OptInRequest)
class OptInRequestAdmin(HistoryAdmin):
    list_display = ["survey", "state", "email", "wants_results", "wants_next", "wants_peers", "asked_on"]
    list_filter = ["state"]
    list_select_related = ["survey"]
    search_fields = ["email"]


@admin.register(models.Publication)
class PublicationAdmin(HistoryAdmin):
    list_display = ["survey", "number", "published_at", "by_label", "digest"]
    list_select_related = ["survey"]
    exclude = ["rows", "basis"]


@admin.register(models.SurveyInvitation)
class SurveyInvitationAdmin(HistoryAdmin):
    list_display = ["email", "survey", "state", "reason", "sent_at", "answered_at"]
    list_filter = ["state"]
    list_select_related = ["survey"]
    search_fields = ["email"]
    exclude = ["token_hash"]


@admin.register(models.Suppression)
class SuppressionAdmin(HistoryAdmin):
    list_display = ["email", "reason", "at"]
    list_filter = ["reason"]
    search_fields = ["email"]


@admin.register(models.IntroductionGuest)
class IntroductionGuestAdmin(HistoryAdmin):
    list_display = ["introduction", "consent", "mailed_at", "answered_at"]
    exclude = ["token_hash"]


@admin.register(models.Removal)
class RemovalAdmin(HistoryAdmin):
    list_display = ["survey", "at", "reason", "count", "by_label"]
    list_filter = ["reason"]
    list_select_related = ["survey"]


@admin.register(models.CodingStep)
class CodingStepAdmin(HistoryAdmin):
    list_display = ["survey", "at", "option", "theme", "count", "by_label", "undone_at"]
    list_select_related = ["survey", "option", "theme"]
    exclude = ["before"]


@admin.register(models.Introduction)
class IntroductionAdmin(HistoryAdmin):
    list_display = ["survey", "challenge", "created_at", "made_at", "by_label"]
    list_select_related = ["survey"]


@admin.register(models.Correction)
class CorrectionAdmin(HistoryAdmin):
    list_display = ["survey", "number", "at", "by_label"]
    list_select_related = ["survey"]


for model in (models.Erasure, models.Theme, models.Coding, models.Dispatch):
    admin.site.register(model, HistoryAdmin)
