"""How often each option of a top-3 survey is named, own words merged into options included: counts and places only."""

from __future__ import annotations

import numpy as np
from django.db import connection

from surveys.models import Option, Survey
from surveys.stats.rank_sets import places

_MENTIONS = """
SELECT number, count(*) FROM (
    SELECT DISTINCT answer.id, CASE WHEN choice = 0 THEN merged.number ELSE choice END AS number
    FROM surveys_response answer
    CROSS JOIN LATERAL unnest(answer.choices) AS choice
    LEFT JOIN surveys_option merged ON merged.id = answer.other_option_id
    WHERE answer.workspace_id = %s AND answer.survey_id = %s AND NOT answer.is_test
      AND answer.status IN ('counted', 'flagged')
) named
WHERE number IS NOT NULL GROUP BY number
"""


def mentions_of(survey: Survey) -> dict[int, int]:
    """Option number → how many counted answers name it; an answer that names one twice counts once."""
    with connection.cursor() as cursor:
        cursor.execute(_MENTIONS, [survey.workspace_id, survey.pk])
        named = dict(cursor.fetchall())
    return {number: named.get(number, 0) for number in _numbers(survey)}


def places_of(mentions: dict[int, int]) -> dict[int, int]:
    """Option number → place by mentions; options named equally often share one."""
    order = sorted(mentions)
    found = places(np.array([float(mentions[number]) for number in order]))
    return dict(zip(order, found, strict=True))


def _numbers(survey: Survey) -> list[int]:
    return list(Option.objects.filter(survey=survey).order_by("number").values_list("number", flat=True))
