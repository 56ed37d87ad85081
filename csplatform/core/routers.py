"""Migrations run on the owner's connection; everything else uses the app's role."""

from __future__ import annotations

from typing import Any

OWNER = "owner"


class OwnerIsForMigrations:
    """Both aliases are one database under two roles, so relations between them are always allowed."""

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == OWNER
