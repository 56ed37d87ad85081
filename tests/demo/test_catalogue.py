"""Stories are data: own ones can be told, and mistakes in them are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csplatform.demo import Simulation
from csplatform.demo.catalogue import CatalogueError, default, load
from csplatform.demo.mechanisms import REGISTRY
from tests.demo.conftest import END

ARCHETYPE = """
[[archetype]]
key = "plain"
about = "Nothing happens."
weight = 1.0
mechanisms = [{ kind = "contract" }]
"""


def told(tmp_path: Path, text: str) -> Simulation:
    path = tmp_path / "stories.toml"
    path.write_text(text + ARCHETYPE, encoding="utf-8")
    return Simulation(end=END, customers=2, months=3, catalogue=load(path))


def story(mechanisms: str, extra: str = "") -> str:
    return f'[[story]]\nkey = "own"\nabout = "x"\n{extra}\nmechanisms = [{mechanisms}]\n'


def test_every_mechanism_is_used_or_documented() -> None:
    import csplatform.demo as package

    assert package.__doc__ is not None
    for name, function in REGISTRY.items():
        assert f"`{name}`" in package.__doc__, name
        assert function.__doc__


def test_own_stories_can_be_told(tmp_path: Path) -> None:
    data = told(
        tmp_path,
        story('{ kind = "contract", start = "end-60", seats = 9 }, { kind = "week", days = [1, 0, 0, 0, 0, 0, 0] }'),
    ).run()
    window = data.simulation.window
    mine = data.users.customer[data.events.user] == 0
    days = (data.events.timestamp_ms[mine] - window.midnight_ms) // 86_400_000
    assert set(window.weekdays[days]) == {0}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (story('{ kind = "levitate" }'), "no mechanism 'levitate'"),
        (story('{ kind = "ramp", days = 3, low = 0 }'), "high missing"),
        (story('{ kind = "loyal", forever = true }'), "unknown forever"),
        (story('{ kind = "outage", at = "tomorrow", days = 2 }'), "'tomorrow' is not a day"),
        (story('{ kind = "loyal" }'), "needs a contract"),
        (story('{ kind = "outage", at = "contract+3", days = 2 }'), "needs a contract"),
        (story('{ kind = "prospect", stage = "advocacy", since = "end-9", seats = 5 }'), "not 'advocacy'"),
        (story("", 'industry = "Alchemy"'), "industry 'Alchemy'"),
        (story("", 'parent = "nobody"'), "parent 'nobody'"),
        (story("", "colour = 3"), "colour"),
        (story("") + story(""), "used twice"),
        ("[[story]\n", "stories.toml"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(CatalogueError, match=named.replace("+", r"\+")):
        told(tmp_path, text).run()


def test_changing_one_story_leaves_the_other_customers_alone() -> None:
    catalogue = default()
    first = catalogue.stories[0]
    changed = replace(catalogue, stories=(replace(first, mechanisms=first.mechanisms[:2]), *catalogue.stories[1:]))
    as_is = Simulation(end=END, customers=40, months=4).run()
    other = Simulation(end=END, customers=40, months=4, catalogue=changed).run()
    assert [plan.subscriptions for plan in as_is.plans[1:]] == [plan.subscriptions for plan in other.plans[1:]]
    assert not np.array_equal(as_is.plans[0].commitment, other.plans[0].commitment)
