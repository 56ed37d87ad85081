"""The address of the customer list as a value: every link of the page is this one with something changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

# What says where in the list one is, and what a cookie remembers as well: neither belongs into a segment.
POSITION = ("after", "before")
COLUMNS = "columns"
SORT = "sort"
FILTER, SEGMENT, SEARCH = "filter", "segment", "q"


@dataclass(frozen=True)
class Address:
    """A path with its query; the methods return links, and leave the address as it is."""

    path: str
    query: QueryDict

    @property
    def here(self) -> str:
        return self._link(self.query)

    def with_(self, **values: str) -> str:
        """A link with parameters replaced, back on the first page unless a position is among them."""
        changed = self._from_start()
        for name, value in values.items():
            changed[name] = value
        return self._link(changed)

    def without(self, name: str, value: str | None = None) -> str:
        """A link without the parameter, or without one of its values."""
        changed = self._from_start()
        kept = [] if value is None else [each for each in changed.getlist(name) if each != value]
        changed.setlist(name, kept) if kept else changed.pop(name, None)
        return self._link(changed)

    def filtered(self, document: dict[str, Any] | None) -> str:
        """A link to the list of another filter: sort, columns and search stay, all other conditions go."""
        changed = QueryDict(mutable=True)
        for name, value in self.keep(SORT, COLUMNS, SEARCH):
            changed.appendlist(name, value)
        if document is not None:
            changed[FILTER] = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return self._link(changed)

    def query_of(self, *names: str) -> str:
        """The parameters of these names as a query."""
        return urlencode(self.keep(*names))

    def keep(self, *names: str) -> list[tuple[str, str]]:
        """The parameters of these names as pairs, for hidden fields."""
        return [(name, value) for name in names for value in self.query.getlist(name)]

    def all_but(self, *names: str) -> list[tuple[str, str]]:
        """The parameters of all other names as pairs, never the position."""
        left_out = {*names, *POSITION}
        return [(name, value) for name, values in self.query.lists() if name not in left_out for value in values]

    def condition_query(self) -> str:
        """The query of conditions and sort alone: what a segment keeps."""
        kept = self._from_start()
        kept.pop(COLUMNS, None)
        return kept.urlencode()

    def _from_start(self) -> QueryDict:
        changed = self.query.copy()
        for name in POSITION:
            changed.pop(name, None)
        return changed

    def _link(self, query: QueryDict) -> str:
        written = query.urlencode()
        return f"{self.path}?{written}" if written else self.path
