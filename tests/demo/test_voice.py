"""What the demo's customers say: the same every time, some 250 answers a wave, leaning on how each one fares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from csplatform.demo import voice
from csplatform.demo.voice import Person

TODAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def crowd(n: int = 500) -> list[Person]:
    health = np.random.default_rng(1).beta(4, 2.5, n)
    return [Person(number // 2, ("DE", "FR", "IT", "GB")[number % 4], float(h)) for number, h in enumerate(health)]


def test_the_same_people_say_the_same_every_time() -> None:
    for wave in voice.waves(TODAY):
        assert voice.scores(wave, crowd(), before=TODAY) == voice.scores(wave, crowd(), before=TODAY)


def test_the_last_wave_is_open_and_nobody_answers_after_today() -> None:
    past, present = voice.waves(TODAY)
    assert past.closed_at is not None
    assert present.closed_at is None
    for wave in (past, present):
        end = wave.closed_at or TODAY
        assert all(wave.opened_at + said.after < end for said in voice.scores(wave, crowd(), before=end))


def test_scores_agree_with_health_in_tendency_only() -> None:
    people, (wave, _present) = crowd(2_000), voice.waves(TODAY)
    answers = voice.scores(wave, people, before=TODAY)
    health = [people[said.person].health for said in answers]
    scores = [said.score for said in answers]
    assert 0.25 < np.corrcoef(np.array(health, float), np.array(scores, float))[0, 1] < 0.6
    assert set(scores) >= set(range(2, 11))


def test_reasons_come_in_the_persons_language() -> None:
    people, (wave, _present) = crowd(), voice.waves(TODAY)
    for said in voice.scores(wave, people, before=TODAY):
        texts = [text for words in voice.seeds()["words"].values() for text in words[said.language]]
        assert said.why in ("", *texts)
        assert said.language == {"DE": "de", "FR": "fr"}.get(people[said.person].country, "en")


def test_top_three_are_different_options_on_offer() -> None:
    keys = [f"option-{number}" for number in range(6)]
    wave = voice.top3(TODAY)
    found = voice.choices(wave, crowd(), keys, before=TODAY + timedelta(days=1))
    assert len(found) > 80
    assert all(
        0 < len(set(said.choices)) == len(said.choices) <= 3 and set(said.choices) <= set(keys) for said in found
    )
