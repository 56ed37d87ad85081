"""Real PostgreSQL under the app's own role, real Valkey: what tests stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.test import TransactionTestCase, override_settings

from csplatform.core.routers import OWNER
from csplatform.local.catalogues import compile_changed
from surveys.public import skeletons
from tests import database

# Machines of different speed run the same examples; what is too slow is a matter of the bench.
hypothesis.settings.register_profile("boomerang", deadline=None)
hypothesis.settings.load_profile("boomerang")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """One test database per worker, migrated as the owner; tests then run as the app's role."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    original = str(settings.DATABASES[OWNER]["NAME"])
    name = f"test_{original}{'_' + worker if worker else ''}"
    with django_db_blocker.unblock():
        database.make(name, beside=original)
    setattr(TransactionTestCase, "_fixture_teardown", database.flush)  # noqa: B010  (private, so the types know none)
    yield
    with django_db_blocker.unblock():
        database.lead_to(original)
    database.as_owner(original, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def pytest_configure() -> None:
    """Pages in other languages need the catalogues compiled, however the tests are started."""
    compile_changed()


@pytest.fixture(scope="session", autouse=True)
def _plain_static_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pages render without `collectstatic`: hashed names are a matter of the installed product."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    # A folder that is there, because whitenoise warns of one that is not, and warnings are errors.
    root = tmp_path_factory.mktemp("static")
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}, STATIC_ROOT=root):
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """Tests that run beside each other share a Valkey: what one counts or holds there is not the other's."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    own = {**settings.CACHES["default"], "KEY_PREFIX": f"cache{worker}"}
    with override_settings(CACHES={**settings.CACHES, "default": own}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 is slow by design, and no test is about its strength."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _public_pages_are_of_this_test() -> None:
    """They are kept in memory for a second, by address."""
    skeletons.forget()
