"""Whether what a definition names is there: what parsing, which reads no database, cannot know."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import AttributeDefinition, AttributeKind
from health.measures import DefinitionError, Spec


def require(spec: Spec) -> None:
    """Raise ``DefinitionError`` where the custom attribute a measure reads is not there, or holds no number."""
    if spec.source != "attribute":
        return
    kind = AttributeDefinition.objects.filter(key=spec.part("key")).values_list("kind", flat=True).first()
    if kind is None:
        raise DefinitionError("key", _("There is no custom attribute “%(key)s”.") % {"key": spec.part("key")})
    if kind != AttributeKind.NUMBER:
        raise DefinitionError("key", _("The custom attribute “%(key)s” holds no number.") % {"key": spec.part("key")})
