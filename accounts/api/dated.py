"""What resources share whose records keep their past: tickets, invoices, opportunities."""

from __future__ import annotations

from typing import Any, ClassVar

from accounts.api.writing import Told, WritableViewSet
from accounts.services import dated


class DatedViewSet(WritableViewSet):
    """Records of ``kind``, written through the one service of all such records."""

    kind: ClassVar[dated.Kind]

    def make(self, external_id: str, told: Told) -> Any:
        actor = self.caller.actor
        return dated.create(self.kind, external_id=external_id, told=told.values, actor=actor, now=self.now)

    def change(self, row: Any, told: Told) -> Any:
        return dated.update(self.kind, record_id=row.pk, told=told.values, actor=self.caller.actor, now=self.now)

    def remove(self, row: Any, expected_version: int | None) -> None:
        dated.remove(
            self.kind, record_id=row.pk, actor=self.caller.actor, now=self.now, expected_version=expected_version
        )
