"""``/api/v1/customers/{id}/health/``, ``…/health/history/``, ``…/health/changes/`` and ``…/usage/``"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import RecordViewSet
from accounts.models import Customer
from accounts.models.customers import HealthBand
from csplatform.core.rest.fields import shaped
from csplatform.core.rest.paging import MAX_LIMIT, Cursor, decode, page_link, read_limit
from csplatform.core.rest.problems import invalid
from health import selectors, what_changed
from health.ledger import CAUSES
from health.models import ChurnMethod
from health.risk import LEVELS

USAGE_DAYS = 28
_EARLIEST, _LATEST = date(1970, 2, 1), date(2199, 12, 31)
_LONGEST = timedelta(days=3_660)
_INTERVAL = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_NUMBER = {"type": ["number", "null"]}


class _Shape(serializers.Serializer[Any]):
    """Describes an answer that a selector has put together already."""


class ScorecardReferenceSerializer(_Shape):
    id = serializers.UUIDField()
    version = serializers.IntegerField()


class DriverSerializer(_Shape):
    """What one measure gave to the score. The points of all drivers add up to the score exactly."""

    measure = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    points = serializers.FloatField()
    max_points = serializers.FloatField()
    weight = serializers.FloatField()
    change_7d = serializers.FloatField(allow_null=True)
    change_28d = serializers.FloatField(allow_null=True)
    stale = serializers.BooleanField()
    group = serializers.CharField()
    reason = serializers.CharField(help_text="Code of why the value is missing; empty when it is there.")
    note = serializers.CharField(help_text="The same for people.")


class ChurnDriverSerializer(_Shape):
    """What one input gave to the log-odds of leaving."""

    measure = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    value = serializers.FloatField(allow_null=True)
    log_odds = serializers.FloatField()


class ChurnSerializer(_Shape):
    probability = serializers.FloatField(allow_null=True)
    interval = shaped(serializers.ListField, _INTERVAL)()
    horizon_days = serializers.IntegerField()
    method = serializers.ChoiceField(choices=ChurnMethod.choices)
    level = serializers.ChoiceField(choices=[name for name, _ in LEVELS], allow_null=True)
    is_rough = serializers.BooleanField(
        help_text="Too few churns to believe a percentage: only the level should be told to people."
    )
    drivers = ChurnDriverSerializer(many=True)


class HealthSerializer(_Shape):
    """A score and all that explains it. ``computed_at`` covers every event acknowledged before it."""

    score = serializers.FloatField(allow_null=True, help_text="0 to 100.")
    band = serializers.ChoiceField(choices=HealthBand.choices)
    as_of = serializers.DateField()
    computed_at = serializers.DateTimeField()
    coverage = serializers.FloatField(help_text="Share of the scorecard's weight that has data, 0 to 1.")
    scorecard = ScorecardReferenceSerializer()
    drivers = DriverSerializer(many=True)
    churn = ChurnSerializer()


class RevisionSerializer(_Shape):
    score = serializers.FloatField(allow_null=True)
    band = serializers.ChoiceField(choices=HealthBand.choices)
    coverage = serializers.FloatField()
    churn_probability = serializers.FloatField(allow_null=True)
    known_through = serializers.DateTimeField()


class SnapshotSerializer(_Shape):
    """A closed day's score as known by its end; ``revised``: what late data would have made of it."""

    as_of = serializers.DateField()
    score = serializers.FloatField(allow_null=True)
    band = serializers.ChoiceField(choices=HealthBand.choices)
    coverage = serializers.FloatField()
    churn_probability = serializers.FloatField(allow_null=True)
    revised = RevisionSerializer(allow_null=True)


class HistorySerializer(_Shape):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SnapshotSerializer(many=True)


class UsageDaySerializer(_Shape):
    date = serializers.DateField()
    event = serializers.CharField()
    count = serializers.IntegerField()
    users = serializers.IntegerField()


class UsageSerializer(_Shape):
    days = UsageDaySerializer(many=True)


def _day(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATE, description=description)


_FROM = _day("from", "First day (UTC), itself included.")
_TO = _day("to", "Last day (UTC), itself included.")


class ChangeEndSerializer(_Shape):
    """One of the two days, as it was known by its end, under the scorecard of then."""

    as_of = serializers.DateField()
    score = serializers.FloatField(allow_null=True)
    measured = serializers.FloatField(help_text="What the measures give, even where too few have data for a score.")
    band = serializers.ChoiceField(choices=HealthBand.choices)
    coverage = serializers.FloatField()
    scorecard = ScorecardReferenceSerializer()


class ChangeItemSerializer(_Shape):
    """One reason for one measure. `delta` in points with two decimals."""

    cause = serializers.ChoiceField(choices=CAUSES)
    measure = serializers.CharField(help_text="A measure's key, `exception:KEY` or `override`.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    delta = serializers.FloatField()
    words = serializers.CharField(help_text="Why, in the reader's language.")


class ChangedMeasureSerializer(_Shape):
    """All items of one measure together."""

    measure = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the interface, not DRF's attribute
    delta = serializers.FloatField()
    words = serializers.CharField(help_text="A sentence to read out, in the reader's language.")


class ChangesSerializer(_Shape):
    """The deltas of all items add up to `difference`, which is `to.measured` − `from.measured`, exactly."""

    to = ChangeEndSerializer()
    difference = serializers.FloatField()
    items = ChangeItemSerializer(many=True)
    measures = ChangedMeasureSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """``from`` is a word of Python's own, so that no attribute can bear the name."""
        return {"from": ChangeEndSerializer(), **super().get_fields()}


class CustomerHealthViewSet(RecordViewSet):
    """What is known of one customer's health."""

    model = Customer
    has_external_id = True
    filter_backends = []
    pagination_class = None

    @extend_schema(
        summary="Read a customer's health",
        description="The present score with everything that explains it; with `as_of`, rebuilt for the end of a past "
        "day from what was known then, with the scorecard of then.",
        parameters=[_day("as_of", "A day (UTC). Today and later mean the present.")],
        responses=HealthSerializer,
    )
    def health(self, request: Request, id: str) -> Response:
        days = _days(request, "as_of")
        return Response(selectors.health_of(self.find(id), now=self.now, as_of=days["as_of"]))

    @extend_schema(
        summary="Read a customer's health history",
        description="Snapshots of closed days, oldest first, 500 a page unless `limit` says less.",
        parameters=[
            _FROM,
            _TO,
            OpenApiParameter("limit", OpenApiTypes.INT, description=f"Snapshots on a page, {MAX_LIMIT} at most."),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="A place in the list, as found in next."),
        ],
        responses=HistorySerializer,
    )
    def history(self, request: Request, id: str) -> Response:
        days = _days(request, "from", "to", others=("limit", "cursor"))
        limit = read_limit(request.query_params.get("limit"), default=MAX_LIMIT)
        given = request.query_params.get("cursor")
        cursor = decode(given, "as_of") if given else None
        rows = selectors.history_of(self.find(id), days["from"], days["to"])
        return Response(_page(rows, limit, cursor, request.build_absolute_uri()))

    @extend_schema(
        summary="Read what changed in a customer's health",
        description="Why the score of one day differs from that of another, by cause and measure: `data` is what "
        "happened or became known since, `window` what time alone did (events leaving the window), `config` another "
        "version of the scorecard, `override` a band set by hand, `missing` a value lost or found. Each day as it was "
        f"known by its end. Without `to` until now, without `from` {what_changed.LOOK_BACK.days} days back.",
        parameters=[_FROM, _TO],
        responses=ChangesSerializer,
    )
    def changes(self, request: Request, id: str) -> Response:
        days = _days(request, "from", "to")
        today = self.now.astimezone(UTC).date()
        for name, day in days.items():
            if day is not None and day > today:
                raise invalid([(name, _("Lies in the future: today is %(today)s (UTC).") % {"today": today})])
        last = days["to"] or today
        first = days["from"] or max(last - what_changed.LOOK_BACK, _EARLIEST)
        return Response(what_changed.as_contract(what_changed.between(self.find(id), first, last)))

    @extend_schema(
        summary="Read a customer's usage",
        description=f"What was counted per UTC day and event; the last {USAGE_DAYS} days unless told otherwise.",
        parameters=[_FROM, _TO],
        responses=UsageSerializer,
    )
    def usage(self, request: Request, id: str) -> Response:
        days = _days(request, "from", "to")
        span = timedelta(days=USAGE_DAYS - 1)
        last = days["to"] or max(self.now.astimezone(UTC).date(), days["from"] or _EARLIEST)
        first = days["from"] or last - span
        if last - first > _LONGEST:
            raise invalid([("from", _("At most %(days)d days at once.") % {"days": _LONGEST.days})])
        return Response({"days": selectors.usage_of(self.find(id), first, last)})


def _days(request: Request, *names: str, others: tuple[str, ...] = ()) -> Mapping[str, date | None]:
    """The days told under ``names``; refuses anything else by name, and an end before its start."""
    unknown = sorted(set(request.query_params) - {*names, *others})
    if unknown:
        known = ", ".join((*names, *others))
        raise invalid(
            [(name[:60], _("No such parameter. Known are %(known)s.") % {"known": known}) for name in unknown]
        )
    days: dict[str, date | None] = dict.fromkeys(names)
    for name in names:
        if name in request.query_params:
            days[name] = _read_day(name, request.query_params[name])
    first, last = days.get("from"), days.get("to")
    if first and last and first > last:
        raise invalid([("to", _("Lies before from."))])
    return days


def _read_day(name: str, text: str) -> date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or not _EARLIEST <= day <= _LATEST:
        message = _("Expected a day such as 2026-01-31, from %(first)s to %(last)s.")
        raise invalid([(name, message % {"first": _EARLIEST, "last": _LATEST})])
    return day


def _page(rows: list[dict[str, Any]], limit: int, cursor: Cursor | None, address: str) -> dict[str, Any]:
    """A page of snapshots, one a day, so that the day is the place."""
    if cursor is None:
        start = 0
    elif cursor.backwards:
        start = max(0, sum(row["as_of"] < cursor.value for row in rows) - limit)
    else:
        start = sum(row["as_of"] <= cursor.value for row in rows)
    page = rows[start : start + limit]
    if cursor is not None and cursor.backwards:
        page = [row for row in page if row["as_of"] < cursor.value]
    following = Cursor("as_of", False, page[-1]["as_of"], 0) if page and page[-1] is not rows[-1] else None
    before = Cursor("as_of", True, page[0]["as_of"], 0) if page and start else None
    return {"next": page_link(address, following), "previous": page_link(address, before), "results": page}
