"""Reading a request's body within bounds: the compressed and the unpacked size are both limited. Pure."""

from __future__ import annotations

import zlib
from typing import Protocol

MAX_BODY_BYTES = 500 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class TooLargeError(Exception):
    """More bytes than a batch may have."""


class UnreadableError(Exception):
    """The body cannot be unpacked; the text says why."""


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_body(stream: Stream, *, declared: int | None, encoding: str) -> bytes:
    """The unpacked body. ``declared`` is the Content-Length, None when chunked.

    Never holds more than the limit and one piece: a bomb stops where it passes the limit.
    """
    if declared is not None and declared > MAX_BODY_BYTES:
        raise TooLargeError
    data = _read(stream, declared)
    if encoding in ("", "identity"):
        return data
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _unpack(data)
    raise UnreadableError(f"Content-Encoding {encoding[:40]!r} is not known: use gzip or none")


def _read(stream: Stream, declared: int | None) -> bytes:
    wanted = MAX_BODY_BYTES + 1 if declared is None else declared
    pieces: list[bytes] = []
    while wanted:
        piece = stream.read(wanted)
        if not piece:
            break
        pieces.append(piece)
        wanted -= len(piece)
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if len(data) > MAX_BODY_BYTES:
        raise TooLargeError
    if declared is not None and len(data) < declared:
        raise UnreadableError("the body ended before its Content-Length")
    return data


def _unpack(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        unpacked = unpacker.decompress(data, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise UnreadableError("the body is no valid gzip") from error
    if len(unpacked) > MAX_BODY_BYTES:
        raise TooLargeError
    if not unpacker.eof:
        raise UnreadableError("the gzip body is cut short")
    return unpacked
