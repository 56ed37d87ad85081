"""A stage is called what the workspace calls it; where it never chose a name, in the reader's own language."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from journeys.models import Macro, Stage


@pytest.mark.parametrize(("language", "label"), [("en", "Trial"), ("fr", "Essai"), ("de", "Testphase")])
def test_a_name_nobody_changed_is_in_the_readers_language(language: str, label: str) -> None:
    with override(language):
        assert Stage(name=Macro.TRIAL.default_name, macro=Macro.TRIAL).label == label


def test_a_workspaces_own_name_stands_as_written() -> None:
    with override("de"):
        assert Stage(name="Proof of value", macro=Macro.TRIAL).label == "Proof of value"


def test_new_workspaces_keep_the_same_names_whatever_language_is_active() -> None:
    with override("fr"):
        assert Macro.TRIAL.default_name == "Trial"
