"""The OpenAPI document: valid, complete, public; and its page, which loads nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from django.test import Client
from openapi_spec_validator import validate

from csplatform.api.docs import document


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    validate(document())


def test_it_can_be_had_as_json_and_as_yaml(db: None) -> None:
    assert Client().get("/api/schema/").json()["info"]["title"] == "Boomerang"
    text = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi"}).content
    assert yaml.safe_load(text)["info"]["title"] == "Boomerang"


@pytest.mark.parametrize(("path", "method"), [(p, m) for p, ops in document()["paths"].items() for m in ops])
def test_every_operation_says_what_it_does_and_how_it_fails(path: str, method: str) -> None:
    operation = document()["paths"][path][method]
    assert operation["summary"]
    assert operation["description"]
    assert {"key": []} in operation["security"]
    assert {"session": []} in operation["security"]
    assert {"400", "401", "403", "429"} <= set(operation["responses"])
    assert all(parameter["description"] for parameter in operation["parameters"])


def test_the_page_is_served_by_ourselves_alone(db: None, settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert addresses
    assert all(address.startswith(("/", "data:")) for address in addresses)
    assert "script-src" not in page["Content-Security-Policy"]
    assert "<script>" not in page.content.decode()
