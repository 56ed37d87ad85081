"""What can be imported: the interface of a kind, and the registry higher apps add theirs to in ``AppConfig.ready``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AttributeKind
from accounts.services.results import Refusal
from csplatform.core import audit

Text = str | Promise


class Extra(Enum):
    """What becomes of columns that a kind does not know."""

    ATTRIBUTES = "attributes"
    TRAITS = "traits"
    PROPERTIES = "properties"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Column:
    """One of our columns. What other tools call it stands in ``synonyms``, what people read in ``labels``."""

    name: str
    help: Text = ""
    required: bool = False


KNOWN_AT = Column("known_at", _("when this was known, if not when it occurred"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some thousand rows, by column. ``numbers``: the row numbers people see, in a CSV as a spreadsheet counts.

    Cells are as the file holds them: text from CSV (blank: empty text), typed values from NDJSON and Parquet
    (blank: None). ``columns`` holds every mapped column of ours; ``extra`` the others by key. ``repeated``: row
    numbers whose external id stands in more than one row of the file.
    """

    numbers: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
    extra: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    repeated: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """(row number, cells by our column, extra cells by key) row by row."""
        names, extras = list(self.columns), list(self.extra)
        told = zip(*self.columns.values(), strict=True) if names else iter([()] * len(self))
        more = zip(*self.extra.values(), strict=True) if extras else iter([()] * len(self))
        for number, cells, others in zip(self.numbers, told, more, strict=True):
            yield number, dict(zip(names, cells, strict=True)), dict(zip(extras, others, strict=True))


@dataclass(slots=True)
class Applied:
    """What became of a chunk. ``refused``: ``Refusal.index`` is the position in the chunk, not the row number."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Context:
    """What a kind knows while it writes. ``step`` counts the passes over the file from 0. ``now``: the run's start."""

    run_id: UUID
    workspace_id: UUID
    actor: audit.Actor
    now: datetime
    step: int = 0


class ImportKind(ABC):
    """One kind of file. ``apply`` runs inside a workspace scope and transaction of its own for every chunk.

    Applying the same chunk again must change nothing: a run that was killed starts again where it committed last,
    and people import the same file twice.
    """

    key: ClassVar[str]
    label: ClassVar[Text]
    columns: ClassVar[tuple[Column, ...]]
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()  # of each group, one column at least must be there
    extra: ClassVar[Extra] = Extra.IGNORED
    chunk_rows: ClassVar[int] = 5_000
    explains: ClassVar[str] = ""  # a look-up: the word that its columns' names share with what it explains
    remembers: ClassVar[bool] = False  # what ``apply`` makes of a row depends on those before: see ``recall``

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        """Our columns that make two rows the same version of the same record (the later row then counts).

        Empty: rows are facts of their own and never repeat each other.
        """
        return ()

    def steps(self, mapped: frozenset[str]) -> int:
        """How many times the file is gone through; 2 where rows may point at later ones."""
        return 1

    def prepare(self, extra: Mapping[str, tuple[str, AttributeKind]], context: Context) -> None:
        """Before the first row, in a scope: ``extra`` holds key → (label, type as found) of the other columns."""
        return

    def recall(self, chunk: Chunk, context: Context) -> None:
        """A chunk that was committed before the run stopped; writes nothing. Called in order, after ``prepare``."""
        return

    def memory(self, context: Context) -> bytes:
        """What is remembered so far, for ``restore``; empty: only ``recall`` can bring it back."""
        return b""

    def restore(self, memory: bytes, context: Context) -> None:
        """Remember what ``memory`` told before the run paused, after ``prepare``; rows since then are recalled."""
        return

    @abstractmethod
    def apply(self, chunk: Chunk, context: Context) -> Applied:
        """Write a chunk; bad rows are refused with a reason, the good ones kept."""

    def understood(self, column: str, cell: Any, currency: str) -> str:
        """How ``cell`` of our ``column`` will be read, for people; raises ``ValueError`` where it cannot be."""
        return "" if cell is None else str(cell)

    def finish(self, context: Context) -> None:
        """After the last row, in a scope."""
        return


_kinds: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> None:
    """Add ``kind`` to what can be imported; call from ``AppConfig.ready``."""
    _kinds[kind.key] = kind


def get(key: str) -> ImportKind | None:
    return _kinds.get(key)


def all_kinds() -> list[ImportKind]:
    """Every kind, in the order it was registered: what others refer to first."""
    return list(_kinds.values())
