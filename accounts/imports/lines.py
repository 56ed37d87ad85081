"""Lines of text files: from the start in blocks, or from the end without reading what lies before."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from django.utils.translation import gettext as _

Opener = Callable[[], BinaryIO]

MAX_LINE = 1_000_000
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
_BLOCK = 1 << 18


class SourceError(Exception):
    """The file as a whole cannot be read; the message says why and what to do."""


def last_lines(opener: Opener) -> bytes:
    """The whole lines in the last bytes of a file. A packed one is unpacked to its end, and nothing of it is kept."""
    before, last = b"", b""
    try:
        with opener() as stream:
            while block := stream.read(_BLOCK):
                before, last = last, block
    except DAMAGED as error:
        raise SourceError(_("The gzip file is damaged: pack it again. Nothing was imported.")) from error
    return (before + last).partition(b"\n")[2]


def lines_of(stream: io.TextIOBase) -> Iterator[str]:
    """Lines with their ends, as ``readline`` cuts them, but in blocks: a call a line costs as much as parsing it."""
    return chain.from_iterable(_blocks(stream))


def _blocks(stream: io.TextIOBase) -> Iterator[list[str]]:
    rest = ""
    while block := stream.read(_BLOCK):
        lines = io.StringIO(rest + block, newline="").readlines()
        rest = "" if lines[-1].endswith("\n") else lines.pop()
        if len(rest) >= MAX_LINE:
            told = {"most": f"{MAX_LINE:,}"}
            raise SourceError(_("A line is longer than %(most)s characters: this does not look like a table.") % told)
        yield lines
    if rest:
        yield [rest]
