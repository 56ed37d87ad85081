"""Nobody learns anything about fewer than ten people by combining what is published: filters, downloads, versions."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Publication, Response, Survey
from surveys.public import results
from surveys.results import releases
from surveys.results.document import Question, Source
from surveys.results.people import NOT_SAID, Person
from surveys.results.privacy import Basis
from surveys.results.rows import data_csv
from surveys.selectors import counting
from surveys.services import building, lifecycle, publishing
from tests.factories import NOW, make_workspace
from tests.surveys import waves
from tests.surveys.attack import Learnt, Seen, learnt, small

OPTIONS = [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
QUESTIONS = [
    Question("region", ("fr", "de", "uk", "other")),
    Question("europe", ("yes", "no")),
    Question("role", ("leader", "csm", "support")),
]
LATER = NOW + timedelta(days=30)


def person(number: int, groups: tuple[str, ...], chance: random.Random) -> Person:
    choices = tuple(chance.sample([1, 2, 3, 4], chance.randint(1, 3)))
    return Person(f"p{number}", choices, groups)


def published(versions: Sequence[Sequence[Person]], questions: Sequence[Question] = QUESTIONS) -> list[Seen]:
    """Publish each state of the answers in turn, by the product's own rules."""
    seen: list[Seen] = []
    history: list[releases.Release] = []
    for number, people in enumerate(versions, 1):
        source = Source(people, OPTIONS, questions, {key: {"en": key} for _, key in OPTIONS}, seed=1, resamples=20)
        basis = Basis({each.token: (repr(each.choices), each.groups) for each in people})
        decision = releases.decide(source, basis, history)
        counted = decision.counted_version or number
        document = {
            "figures": decision.figures,
            "rows_question": decision.rows_question,
            "questions": [{"key": each.key} for each in questions],
            "version": {"number": number, "counted_version": counted},
            "options": [],
            "survey": {},
        }
        rows = ""
        if decision.counted_version:
            rows = seen[counted - 1].rows
        elif decision.figures["is_enough"]:
            rows = data_csv(people, OPTIONS, questions, decision.figures, decision.rows_question)
        seen.append(Seen(document, rows, people))
        history.append(releases.Release(number, document, None if decision.counted_version else basis))
    return seen


def nested(sizes: Mapping[str, int], chance: random.Random) -> list[Person]:
    """Regions inside "in Europe or not": the question whose sums contain the other's."""
    people: list[Person] = []
    for region, size in sizes.items():
        for _ in range(size):
            europe = {"other": "no", NOT_SAID: NOT_SAID}.get(region, "yes")
            role = chance.choice(["leader", "leader", "csm", "csm", "support", NOT_SAID])
            people.append(person(len(people), (region, europe, role), chance))
    return people


def changed(people: Sequence[Person], count: int, chance: random.Random, start: int) -> list[Person]:
    """``count`` changes: answers erased, ballots changed by coding, answers put back."""
    left = list(people)
    for number in range(count):
        what = chance.choice(["erase", "code", "add"])
        if not left:
            break
        index = chance.randrange(len(left))
        if what == "erase":
            left.pop(index)
        elif what == "code":
            left[index] = replace(left[index], choices=tuple(chance.sample([1, 2, 3, 4], 3)))
        else:
            left.append(person(start + number, left[index].groups, chance))
    return left


SIZES = st.integers(0, 40)


@settings(max_examples=120)
@given(
    sizes=st.fixed_dictionaries({"fr": SIZES, "de": SIZES, "uk": SIZES, "other": SIZES, NOT_SAID: st.integers(0, 12)}),
    changes=st.lists(st.sampled_from([0, 1, 5, 9, 10, 14, 30, 60]), max_size=3),
    seed=st.integers(0, 2**20),
)
def test_no_combination_of_versions_tables_and_rows_adds_up_to_a_few_people(
    sizes: dict[str, int], changes: list[int], seed: int
) -> None:
    chance = random.Random(seed)
    versions = [nested(sizes, chance)]
    for number, count in enumerate(changes, 1):
        versions.append(changed(versions[-1], count, chance, start=1_000 * number))
    assert small(learnt(published(versions))) == []


def test_the_attack_is_a_good_one() -> None:
    """Without the rules it learns: "Europe" minus "Germany" minus "France" is the United Kingdom."""
    chance = random.Random(3)
    people = nested({"fr": 20, "de": 20, "uk": 4, "other": 30}, chance)
    careless = {
        "figures": {
            "is_enough": True,
            "groups": [
                {
                    "question": "region",
                    "hidden": [],
                    "groups": [{"group": key, "n": n, "options": {}} for key, n in (("fr", 20), ("de", 20))],
                },
                {"question": "europe", "hidden": [], "groups": [{"group": "yes", "n": 44, "options": {}}]},
                {"question": "role", "hidden": [], "groups": []},
            ],
        },
        "rows_question": None,
        "questions": [{"key": each.key} for each in QUESTIONS],
        "version": {"number": 1, "counted_version": 1},
    }
    assert Learnt("v1 region=uk", 4) in small(learnt([Seen(careless, "", people)]))


def test_one_erasure_among_nine_of_another_group_stays_unknown() -> None:
    """Ten changes are enough for a new count of all, and too few for the group in which there was one."""
    chance = random.Random(5)
    people = [person(i, ("", "yes" if i < 60 else "no", ""), chance) for i in range(100)]
    gone = {f"p{i}" for i in (0, 1, 2, 3, 4, 5, 6, 7, 8, 99)}
    first, second = published([people, [each for each in people if each.token not in gone]])
    assert second.document["figures"]["n"] == 90
    europe = next(table for table in second.document["figures"]["groups"] if table["question"] == "europe")
    assert europe["counted_version"] == 1
    assert "segment_" not in second.rows.splitlines()[0]
    assert small(learnt([first, second])) == []


def test_taking_back_most_of_a_batch_is_measured_against_every_earlier_version() -> None:
    """Ten gone in version 2, nine of them back in version 3: version 3 minus version 1 would be one person."""
    chance = random.Random(6)
    people = [person(i, ("", "", ""), chance) for i in range(60)]
    versions = published([people, people[10:], people[1:]])
    assert [each.document["figures"]["n"] for each in versions] == [60, 50, 50]
    assert small(learnt(versions)) == []


# -- through the web, with every door there is -------------------------------------------------------
NAMES = ("results.json", "results.csv", "data.csv", "codebook.csv")
GROUPS = {
    "role": {"leader": 60, "csm": 50, "onboarding": 30, "account": 25, "support": 9, "other": 0, "": 26},
    "region": {"europe": 150, "elsewhere": 44, "": 6},
}


@pytest.fixture
def survey() -> Iterator[Survey]:
    results.forget()
    with workspace_scope(make_workspace()):
        made = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW)
        lifecycle.open_survey(survey_id=made.pk, actor=audit.SYSTEM, now=NOW)
        yield made
    results.forget()


def exactly(survey: Survey, groups: Mapping[str, Mapping[str, int]]) -> list[Response]:
    """Answers with exactly these group sizes, each question's groups shuffled over the people."""
    chance = random.Random(11)
    columns = {}
    for key, sizes in groups.items():
        column = [choice for choice, size in sizes.items() for _ in range(size)]
        chance.shuffle(column)
        columns[key] = column
    rows = []
    for i in range(len(next(iter(columns.values())))):
        segments = {key: column[i] for key, column in columns.items() if column[i]}
        rows.append(
            waves.answer_row(survey, waves.draw(waves.WEIGHTS, chance.randint(1, 3), chance), segments=segments)
        )
    return list(Response.objects.bulk_create(rows))


def version_of(survey: Survey) -> Seen:
    """Publish, then look through the web alone."""
    questions = counting.segment_questions(survey)
    people = list(counting.people_of(survey, questions).values())
    publication = publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=LATER)
    results.forget()
    files = {name: Client().get(f"/s/top-2026/{name}?version={publication.number}").content.decode() for name in NAMES}
    document = json.loads(files["results.json"])
    assert_every_door_agrees(document, files, publication)
    return Seen(document, files["data.csv"], people)


def assert_every_door_agrees(document: dict[str, Any], files: dict[str, str], publication: Publication) -> None:
    """The pages and the CSV tell of no group the document does not tell of."""
    told = {
        (table["question"], row["group"] or "not-said")
        for table in document["figures"]["groups"]
        for row in table["groups"]
    }
    lines = csv.DictReader(io.StringIO(files["results.csv"]))
    in_csv = {(line["question"], line["group"]) for line in lines if line["question"]}
    assert {cell for cell in in_csv if cell[1] != "small-groups"} == told
    hidden = {each["group"] for table in document["figures"]["groups"] for each in table["hidden"] if each["group"]}
    names = {
        choice["label"]["en"]: choice["key"] for question in document["questions"] for choice in question["choices"]
    }
    for method in ("mentions", "first", "borda", "plackett_luce"):
        address = f"/s/top-2026/results/?lang=en&method={method}&version={publication.number}"
        page = Client().get(address).content.decode()
        panels = re.findall(r'<h4>([^<]+)</h4>\s*<p class="panel-n">', page)
        lists = re.findall(r"<li[^>]*><span>([^<]+)</span><svg height=\"11\"", page)
        assert {names[name] for name in panels} & hidden == set()
        assert {names.get(name, "") for name in lists} & hidden == set()
    assert "segments" not in files["results.json"]


@pytest.mark.django_db
def test_pages_downloads_and_versions_together_tell_nothing_of_a_small_group(survey: Survey) -> None:
    answers = exactly(survey, GROUPS)
    seen = [version_of(survey)]
    support = [each.pk for each in answers if each.segments.get("role") == "support"]
    others = [each.pk for each in answers if each.pk not in support]
    for gone in (support[:2], others[:7], [*support[2:4], *others[7:19]], others[19:60]):
        Response.objects.filter(pk__in=gone).delete()
        seen.append(version_of(survey))
    assert small(learnt(seen)) == []
    first = seen[0].document["figures"]
    role = next(table for table in first["groups"] if table["question"] == "role")
    assert {"support", "other"} <= {each["group"] for each in role["hidden"]}
    assert role["together"] >= 10
    assert "support" not in seen[0].rows
    shares = {each.document["figures"]["n"] for each in seen}
    assert len(shares) > 1


@pytest.mark.django_db
@pytest.mark.parametrize("size", range(1, 10))
def test_a_group_of_fewer_than_ten_is_nowhere_to_be_found(survey: Survey, size: int) -> None:
    exactly(survey, {"role": {"leader": 40, "csm": 30, "support": size}})
    seen = version_of(survey)
    assert small(learnt([seen])) == []
    assert "support" not in seen.rows
    role = next(table for table in seen.document["figures"]["groups"] if table["question"] == "role")
    assert [row["group"] for row in role["groups"]] == ["leader"]
    assert role["together"] == 30 + size
