"""Error pages stand alone: they render without context and say what happened, what was kept, what to do."""

from __future__ import annotations

import pytest
from django.template.loader import get_template


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_nothing_and_says_three_things(name: str) -> None:
    html = get_template(f"{name}.html").render()
    for heading in ("What happened", "What was kept", "What to do"):
        assert heading in html
    assert "<script" not in html
