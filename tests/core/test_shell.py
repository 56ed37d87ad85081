"""The shell lists only what a role may open, keeps the theme, and hides nothing from the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory


def shell(theme: str = "", **context: Any) -> str:
    request = RequestFactory().get("/customers/?q=a&page=2")
    request.user = AnonymousUser()
    if theme:
        request.COOKIES["theme"] = theme
    return render_to_string("base.html", context, request=request)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_kept_theme_is_there_before_the_first_paint(theme: str) -> None:
    assert f'data-theme="{theme}"' in shell(theme)


@pytest.mark.parametrize("theme", ["", "auto", '"><script>'])
def test_without_a_known_theme_the_system_decides(theme: str) -> None:
    html = shell(theme)
    assert "data-theme=" not in html.split("<body")[0]


def test_somebody_without_a_workspace_is_offered_no_customers_and_no_imports() -> None:
    html = shell()
    assert 'data-go="c"' not in html
    assert 'data-go="i"' not in html
    assert 'role="search"' not in html


def test_every_page_can_be_left_by_keyboard_and_names_its_parts() -> None:
    html = shell()
    assert 'href="#content"' in html
    assert '<main class="page' in html
    assert '<html lang="en"' in html
    assert "aria-live" in html


def test_no_script_or_style_comes_from_another_host() -> None:
    html = shell()
    assert "//cdn" not in html
    assert 'src="http' not in html
    assert 'href="http' not in html
    assert '"allowEval": false' in html
