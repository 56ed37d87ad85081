"""The theme is one cookie; the way back never leads to another host."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_kept_and_the_reader_comes_back(client: Client, theme: str) -> None:
    answer = client.post("/theme/", {"theme": theme, "next": "/customers/?band=watch"})
    assert (answer.status_code, answer["Location"]) == (302, "/customers/?band=watch")
    assert answer.cookies["theme"].value == theme
    assert answer.cookies["theme"]["samesite"] == "Lax"


@pytest.mark.parametrize("theme", ["auto", "", "sepia\r\nSet-Cookie: x=1"])
def test_anything_else_follows_the_system(client: Client, theme: str) -> None:
    client.cookies["theme"] = "dark"
    answer = client.post("/theme/", {"theme": theme})
    assert answer["Location"] == "/"
    assert answer.cookies["theme"].value == ""


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "javascript:alert(1)", "/\\example.com"])
def test_the_way_back_stays_on_this_host(client: Client, target: str) -> None:
    assert client.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


def test_a_theme_is_only_posted(client: Client) -> None:
    assert client.get("/theme/").status_code == 405
