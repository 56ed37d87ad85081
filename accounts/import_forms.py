"""Forms of the imports pages: which file, and what is in which column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.imports import kinds, labels, mapping
from accounts.imports.kinds import Column, Extra, ImportKind
from accounts.imports.mapping import IGNORE, Mapping
from accounts.services.attributes import key_of

KEEP = "+"
_KEEP_WORDS = {
    Extra.ATTRIBUTES: _("An attribute of its own"),
    Extra.TRAITS: _("A trait of the contact"),
    Extra.PROPERTIES: _("A property of the event"),
}


def _named(column: Column) -> str:
    """A column of ours as the select shows it: what it is called, and what belongs in it."""
    label = labels.of(column.name)
    return f"{label}: {column.help}" if column.help else label


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in it?"))
    file = forms.FileField(label=_("File"), help_text=_("CSV, CSV.gz, NDJSON or Parquet"))
    through = forms.DateField(
        label=_("Complete up to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For history: no churn is inferred beyond this day. Leave empty when data keeps arriving."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.key, kind.label) for kind in kinds.all_kinds()]  # type: ignore[attr-defined]  # the types know the base field only


class MappingForm(forms.Form):
    """One select for each of the file's columns, named by its place, for their names may hold anything."""

    def __init__(self, *args: Any, kind: ImportKind, headers: Sequence[str], chosen: Mapping, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kind, self._headers = kind, headers
        ours = {theirs: name for name, theirs in chosen.columns.items()}
        extra = set(chosen.extra.values())
        choices: list[tuple[str, Any]] = [(IGNORE, _("Leave out"))]
        if kind.extra in _KEEP_WORDS:
            choices.append((KEEP, _KEEP_WORDS[kind.extra]))
        choices += [(name, _named(column)) for name, column in mapping.columns_of(kind).items()]
        for place, theirs in enumerate(headers):
            initial = ours.get(theirs) or (KEEP if theirs in extra else IGNORE)
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=theirs, choices=choices, initial=initial, required=False
            )

    def columns(self) -> list[tuple[str, forms.BoundField]]:
        """(theirs, its select) in the file's order."""
        return [(theirs, self[f"column_{place}"]) for place, theirs in enumerate(self._headers)]

    def chosen(self) -> Mapping:
        """The mapping as chosen; raises ``MappingError`` where two columns were given the same meaning."""
        pairs = []
        for place, theirs in enumerate(self._headers):
            choice = self.cleaned_data.get(f"column_{place}") or IGNORE
            pairs.append((theirs, key_of(theirs) if choice == KEEP else choice))
        return mapping.build(self._kind, self._headers, pairs)
