"""Creating and changing records: PUT makes or changes, PATCH changes, POST makes; each field as imports name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import BY_EXTERNAL_ID, RecordViewSet
from accounts.services.results import BusyError, StaleVersionError
from csplatform.core import locks
from csplatform.core.rest import conditional
from csplatform.core.rest.problems import Problem, invalid

_BUSY_SECONDS = "60"


@dataclass(frozen=True, slots=True)
class Told:
    """What a body says: fields of the record, and (customers only) custom attributes."""

    external_id: str | None
    values: Mapping[str, Any]
    attributes: Mapping[str, Any] | None = None

    @property
    def more(self) -> dict[str, Any]:
        return {} if self.attributes is None else {"extra": self.attributes}


@contextmanager
def answered() -> Iterator[None]:
    """What services refuse, as the problems REST answers with."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise Http404 from error
    except StaleVersionError as error:
        raise Problem(412, str(error), kind="stale-version") from error
    except BusyError as error:
        raise Problem(503, str(error), kind="busy", headers={"Retry-After": _BUSY_SECONDS}) from error


def refuse_unknown(data: Any, known: set[str], *, under: str = "") -> None:
    """400 for names in a body (or the part of it ``under`` a field) that are no fields."""
    unknown = sorted(set(data) - known) if isinstance(data, dict) else []
    if unknown:
        raise invalid([(under + name[:60], _("There is no such field.")) for name in unknown])


class WritableViewSet(RecordViewSet):
    """Records with an external id that callers may write.

    A field left out keeps its value, in PUT as in PATCH, as in imports; fields that are computed are ignored, so
    that what was read can be sent back; a name that is no field at all is refused.
    """

    needs: ClassVar[Mapping[str, Need]] = {"create": WRITE, "update": WRITE, "partial_update": WRITE, "destroy": WRITE}
    has_external_id = True
    resource: ClassVar[str]
    serializer_class: type[serializers.Serializer[Any]]
    write_serializer_class: ClassVar[type[serializers.Serializer[Any]]]

    def make(self, external_id: str, told: Told) -> Any:
        """A new record through the subject's service."""
        raise NotImplementedError

    def change(self, row: Any, told: Told) -> Any:
        """The record changed through the subject's service."""
        raise NotImplementedError

    def remove(self, row: Any, expected_version: int | None) -> None:
        """The record deleted through the subject's service."""
        raise NotImplementedError

    def create(self, request: Request) -> Response:
        told = self._told(request)
        if told.external_id is None:
            raise invalid([("external_id", _("This field is required."))])
        return self._created(self.make(told.external_id, told))

    def update(self, request: Request, id: str) -> Response:
        if not id.startswith(BY_EXTERNAL_ID):
            return self.partial_update(request, id)
        external_id, told = id.removeprefix(BY_EXTERNAL_ID), self._told(request)
        row = self._locked(id)
        if row is None:
            # Two callers that make the same record wait here: meeting at the unique key, inside savepoints, they
            # would deadlock.
            locks.hold(f"{self.resource}:{external_id}")
            row = self._locked(id)
        conditional.require_version(request, row.version if row else None)
        if row is None:
            made = self._make_unless_taken(external_id, told)
            if made is not None:
                return self._created(made)
            row = self._locked(id)
            if row is None:
                raise Http404
        return self._changed(row, told)

    def partial_update(self, request: Request, id: str) -> Response:
        told = self._told(request)
        row = self._locked(id)
        if row is None:
            raise Http404
        conditional.require_version(request, row.version)
        return self._changed(row, told)

    def destroy(self, request: Request, id: str) -> Response:
        # Not locked here: deleting takes other locks first, and the service looks at the version again.
        row = self.find(id, self.model.objects.all())  # type: ignore[attr-defined]  # managers are made at run time
        conditional.require_version(request, row.version)
        with answered():
            self.remove(row, row.version if "If-Match" in request.headers else None)
        return Response(status=204)

    def _make_unless_taken(self, external_id: str, told: Told) -> Any:
        """The new record; None when somebody else made it since we looked."""
        if told.external_id not in (None, external_id):
            raise invalid([("external_id", _("Differs from the one in the address."))])
        if not external_id.strip() or external_id != external_id.strip() or "\0" in external_id:
            raise invalid([("external_id", _("Expected text without a NUL and without space around it."))])
        try:
            return self.make(external_id, told)
        except ValidationError:
            if self.model.objects.filter(external_id=external_id).exists():  # type: ignore[attr-defined]  # managers are made at run time
                return None
            raise

    def _changed(self, row: Any, told: Told) -> Response:
        if told.external_id not in (None, row.external_id):
            raise invalid([("external_id", _("An external id cannot be changed."))])
        with answered():
            changed = self.change(row, told)
        return self.shown(self._fresh(changed))

    def _created(self, row: Any) -> Response:
        address = reverse(f"api-{self.resource}-record", kwargs={"id": str(row.pk)})
        return self.shown(self._fresh(row), 201, {"Location": self.request.build_absolute_uri(address)})

    def _fresh(self, row: Any) -> Any:
        """Read again with everything the answer shows; services and triggers may have changed more than was told."""
        return self.one(self.get_queryset(), pk=row.pk)

    def _locked(self, reference: str) -> Any:
        """The record, locked until the transaction ends, so that its version cannot change under the check."""
        rows = self.model.objects.select_for_update(of=("self",), no_key=True)  # type: ignore[attr-defined]  # managers are made at run time
        try:
            return self.find(reference, rows)
        except Http404:
            return None

    def _told(self, request: Request) -> Told:
        serializer = self.write_serializer_class(data=request.data, context=self.get_serializer_context())
        refuse_unknown(request.data, {*serializer.fields, *self.serializer_class().fields})
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        return Told(values.pop("external_id", None), values, values.pop("attributes", None))
