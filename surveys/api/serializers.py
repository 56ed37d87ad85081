"""Surveys as the REST interface shows and takes them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from csplatform.core.rest.fields import Instant
from surveys.api.shapes import CHOICES, HOSTS, OBJECT, SCALE, TEXTS, json_field
from surveys.models import Audience, Checks, Kind, QuestionKind, State, Survey


class OptionSerializer(serializers.Serializer[Any]):
    """Something to choose. ``retired_at``: no longer offered since then; answers that name it keep it."""

    key = serializers.CharField(read_only=True)
    label = json_field(TEXTS, read_only=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    help = json_field(TEXTS, read_only=True)
    retired_at = Instant(read_only=True, allow_null=True)


class QuestionSerializer(serializers.Serializer[Any]):
    """A further question; with ``is_segment`` its answers divide the respondents in the results."""

    key = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=QuestionKind.choices, read_only=True)
    label = json_field(TEXTS, read_only=True)  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    help = json_field(TEXTS, read_only=True)
    choices = json_field(CHOICES, read_only=True)
    scale = json_field(SCALE, read_only=True)
    is_segment = serializers.BooleanField(read_only=True)
    is_required = serializers.BooleanField(read_only=True)


class SurveySerializer(serializers.Serializer[Any]):
    """One edition of a survey. Texts are by language; ``method`` is how results are counted, fixed at opening."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices, read_only=True)
    slug = serializers.CharField(read_only=True, help_text="Its public address is /s/{slug}/.")
    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    audience = serializers.ChoiceField(choices=Audience.choices, read_only=True)
    checks = serializers.ChoiceField(choices=Checks.choices, read_only=True)
    confirm_by_email = serializers.BooleanField(read_only=True)
    languages = serializers.ListField(child=serializers.CharField(), read_only=True)
    title = json_field(TEXTS, read_only=True)
    intro = json_field(TEXTS, read_only=True)
    question = json_field(TEXTS, read_only=True)
    thanks = json_field(TEXTS, read_only=True)
    purpose = json_field(TEXTS, read_only=True)
    hosts = json_field(HOSTS, read_only=True)
    series = serializers.CharField(read_only=True)
    wave = serializers.CharField(read_only=True)
    allow_other = serializers.BooleanField(read_only=True)
    is_listed = serializers.BooleanField(read_only=True)
    publish_rows = serializers.BooleanField(read_only=True)
    licence = serializers.CharField(read_only=True)
    retention_days = serializers.IntegerField(read_only=True)
    opens_at = Instant(read_only=True, allow_null=True)
    closes_at = Instant(read_only=True, allow_null=True)
    publishes_at = Instant(read_only=True, allow_null=True)
    results_on = serializers.DateField(read_only=True, allow_null=True)
    opened_at = Instant(read_only=True, allow_null=True)
    closed_at = Instant(read_only=True, allow_null=True)
    published_at = Instant(read_only=True, allow_null=True)
    method = json_field(OBJECT, read_only=True)
    options = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    @extend_schema_field(OptionSerializer(many=True))
    def get_options(self, row: Survey) -> Any:
        return OptionSerializer(sorted(row.options.all(), key=lambda option: option.number), many=True).data

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, row: Survey) -> Any:
        return QuestionSerializer(sorted(row.questions.all(), key=lambda question: question.position), many=True).data


class Texts(serializers.DictField):
    """A text by language. Lengths and languages are the service's affair."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.CharField(allow_blank=True), required=False, **options)


class OptionWriteSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=60, help_text="Letters, digits, - and _; not “other”.")
    label = Texts()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    help = Texts()
    is_retired = serializers.BooleanField(required=False, help_text="No longer offered; when changing only.")


class ChoiceWriteSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=60)
    label = Texts()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute


class QuestionWriteSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=QuestionKind.choices, required=False)
    label = Texts()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    help = Texts()
    choices = ChoiceWriteSerializer(many=True, required=False)
    scale = json_field(SCALE, required=False)
    is_segment = serializers.BooleanField(required=False)
    is_required = serializers.BooleanField(required=False)


class SurveyWriteSerializer(serializers.Serializer[Any]):
    """The fields of a survey that can be written. What is left out keeps its value, or gets the usual one."""

    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    slug = serializers.CharField(max_length=60, required=False, help_text="Lower-case letters, digits and -.")
    audience = serializers.ChoiceField(choices=Audience.choices, required=False)
    checks = serializers.ChoiceField(choices=Checks.choices, required=False)
    confirm_by_email = serializers.BooleanField(
        required=False, help_text="Answers count once a mailed link was confirmed, one for each address."
    )
    languages = serializers.ListField(
        child=serializers.CharField(max_length=5), max_length=20, required=False, help_text="Those of the title, else."
    )
    title = Texts()
    intro = Texts()
    question = Texts(help_text="The title, unless told.")
    thanks = Texts()
    purpose = Texts()
    hosts = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField(max_length=200, allow_blank=True)),
        max_length=50,
        required=False,
    )
    series = serializers.CharField(max_length=60, required=False, allow_blank=True)
    wave = serializers.CharField(max_length=40, required=False, allow_blank=True)
    allow_other = serializers.BooleanField(required=False)
    is_listed = serializers.BooleanField(required=False)
    publish_rows = serializers.BooleanField(required=False)
    licence = serializers.CharField(max_length=60, required=False)
    retention_days = serializers.IntegerField(min_value=1, max_value=3650, required=False)
    opens_at = serializers.DateTimeField(required=False, allow_null=True)
    closes_at = serializers.DateTimeField(required=False, allow_null=True)
    publishes_at = serializers.DateTimeField(required=False, allow_null=True)
    results_on = serializers.DateField(required=False, allow_null=True)
    options = OptionWriteSerializer(many=True, required=False)
    questions = QuestionWriteSerializer(many=True, required=False)

    def validate_questions(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for question in told:
            if not isinstance(question.get("scale", {}), dict):
                raise serializers.ValidationError(_("The scale of %(key)s is no JSON object.") % question)
        return told


_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_RANKS = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}


class OptionTallySerializer(serializers.Serializer[Any]):
    """One option. `mention_share` is of all `n` (0–1), with its Wilson interval; `first`: how many put it first;
    `borda`: 3, 2 and 1 points, added up; `rank_set`: the best and the worst rank its share of mentions may have, all
    options compared at once (95 %)."""

    key = serializers.CharField()
    label = serializers.CharField(help_text="In the language asked for, else the survey's first.")  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    mentions = serializers.IntegerField()
    mention_share = serializers.FloatField()
    interval = json_field(_PAIR)
    first = serializers.IntegerField()
    borda = serializers.IntegerField()
    rank_set = json_field(_RANKS)


class StepSerializer(serializers.Serializer[Any]):
    """One step of a scale, and how often it was chosen (`share`: 0–1, null without answers)."""

    answer = serializers.IntegerField()
    count = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class QuestionTallySerializer(serializers.Serializer[Any]):
    """A further question. A scale has `value` (mean), `interval` and `distribution`; one with choices `options` with
    `count`, `share` and `interval` (a ranking: put first, and `mean_place`), their `order`, and the `leaders`, which
    cannot be told apart; a text only the number of those who wrote."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    n = serializers.IntegerField(help_text="Answers to this question.")
    value = serializers.FloatField(required=False, allow_null=True)
    interval = json_field(_PAIR, required=False)
    distribution = StepSerializer(many=True, required=False)
    options = json_field({"type": "array", "items": OBJECT}, required=False)
    order = serializers.ListField(child=serializers.CharField(), required=False)
    leaders = serializers.ListField(child=serializers.CharField(), required=False)


class TallySerializer(serializers.Serializer[Any]):
    """Top 3: `options`. NPS (−100 to 100), CSAT (0 to 1) and CES (1 to 7): `score`, `interval`, `distribution`. All
    kinds but top 3: `questions`."""

    n = serializers.IntegerField(help_text="Answers that count.")
    options = OptionTallySerializer(many=True)
    score = serializers.FloatField(required=False, allow_null=True)
    interval = json_field(_PAIR, required=False)
    distribution = StepSerializer(many=True, required=False)
    questions = QuestionTallySerializer(many=True, required=False)
